import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { workspace } from './abp.ts';

/** What a person types wrong, how the command ends, and what it says. */
const MISTAKES: readonly (readonly [what: string, args: readonly string[], exit: number, says: readonly RegExp[]])[] = [
  ['a command that is none', ['statsu'], 2, [/unknown command 'statsu'/, /Did you mean status/]],
  ['an option that is none', ['status', '--serch', 'x'], 2, [/unknown option '--serch'/, /Did you mean --search/]],
  ['no job where one is needed', ['pause'], 2, [/missing required argument 'job'/]],
  ['a wrong id', ['status', 'nosuch'], 4, [/No job nosuch/, /abp status/]],
  ['a wrong id with its prefix', ['watch', 'job-nosuch'], 4, [/No job job-nosuch/]],
  ['no id, of a variable that is not set', ['status', ''], 2, [/Expected the id of a job, found ""/]],
  ['half an id', ['delete', 'job-', '--yes'], 2, [/Expected the id of a job, found "job-"/]],
  ['a unit that is none', ['show', 'x', 'first'], 2, [/whole number from 0/]],
  ['a port that is none', ['serve', '--port', '70000'], 2, [/whole number from 0 to 65535/]],
  ['a limit that is no number', ['run', 'batch.yaml', '--limit', 'many'], 2, [/whole number from 1/]],
  ['a limit of nothing', ['run', 'batch.yaml', '--limit', '0'], 2, [/whole number from 1/]],
  ['more items than are shown', ['preview', 'batch.yaml', '-n', '51'], 2, [/whole number from 1 to 50/]],
  ['units that are none', ['retry', 'x', 'three'], 2, [/units such as 3, 5-9/]],
  ['a time without a unit', ['prune', '--older-than', '30'], 2, [/90s, 15m, 12h, 30d or 2w/]],
  ['prune without a time', ['prune'], 2, [/required option '--older-than/]],
  ['a batch file that is not there', ['run', 'nosuch.yaml'], 2, [/nosuch\.yaml: there is no such file/]],
  ['a batch file that is a directory', ['run', 'in'], 2, [/in: it is a directory/, /in\/batch\.yaml/]],
  ['--set without a value', ['run', 'batch.yaml', '--set', 'limits'], 2, [/--set: expected a field and its value/]],
  [
    '--set of a field that is none',
    ['run', 'batch.yaml', '--set', 'limits.max_worker=2'],
    2,
    [/--set limits\.max_worker=2/, /unknown field "max_worker"/, /Did you mean "max_workers"/],
  ],
  [
    '--set of a value of the wrong kind',
    ['run', 'batch.yaml', '--set', 'limits.max_workers=two'],
    2,
    [/--set limits\.max_workers=two: limits\.max_workers: expected a number, found "two"/],
  ],
  ['--set below a value', ['run', 'batch.yaml', '--set', 'name.first=x'], 2, [/--set name\.first=x/]],
  [
    'an output that is a directory',
    ['run', 'batch.yaml', '--output', 'in'],
    2,
    [/in: expected a name that ends in \.csv/],
  ],
  ['an output that exists', ['run', 'batch.yaml', '--output', 'taken.csv'], 2, [/already exists/, /--force/]],
  ['a kind of source that is none', ['preview', 'cvs'], 2, [/cvs: there is no such file/]],
  ['fields for a batch file', ['preview', 'batch.yaml', 'a=b'], 2, [/not a type of source/]],
  ['an enumerator that is none', ['enumerators', 'cvs'], 2, [/Did you mean "csv"/]],
  ['an export format that is none', ['export', 'x', 'y', '--format', 'xls'], 2, [/Allowed choices are csv/]],
  ['a status that is none', ['retry', 'x', '--status', 'faild'], 2, [/--status.*Did you mean "failed"/]],
  ['one of several', ['units', 'x', '--status', 'failed,complted'], 2, [/--status.*Did you mean "completed"/]],
  ['one of an export', ['export', 'x', 'y', '--status', 'skiped'], 2, [/--status.*Did you mean "skipped"/]],
  ['a failure class that is none', ['units', 'x', '--class', 'time_out'], 2, [/--class.*Did you mean "timeout"/]],
  ['one of units to retry', ['retry', 'x', '--class', 'authentication'], 2, [/--class.*Did you mean "auth"/]],
  ['an approval that nobody asked for', ['approvals', 'allow', 'abcdef01'], 4, [/No approval abcdef01/]],
  ['an approval that is none', ['approvals', 'revoke', 'abcdef'], 4, [/No approval abcdef/]],
  ['no definition', ['approvals', 'revoke', 'zz'], 4, [/No approval zz/, /^hint: abp approvals lists them\.$/m]],
  [
    'a source without items',
    ['create', 'batch.yaml', '--set', 'source.pattern=*.none'],
    2,
    [/no items/, /abp preview/],
  ],
  ['a batch file to allow that is not there', ['approvals', 'allow', 'nosuch.yaml'], 4, [/No job nosuch.yaml/]],
];

describe('a mistake on the command line gets a hint and creates nothing', () => {
  test.each(MISTAKES)('%s', async (_what, args, exit, says) => {
    const { abp, jobs, write } = workspace();
    write('taken.csv', 'mine');
    const ran = await abp(...args);
    expect(ran.exitCode, ran.stderr).toBe(exit);
    for (const text of says) expect(ran.stderr).toMatch(text);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).not.toMatch(/\n\s+at /);
    expect(await jobs()).toEqual([]);
  });
});

/** Batch files that are wrong, and the place and words of the answer. */
const FILES: readonly (readonly [what: string, text: string, says: readonly RegExp[]])[] = [
  ['no YAML', 'name: x\nintent: "open\nsource:\n', [/^error: batch\.yaml:\d+:\d+: /]],
  [
    'an unknown field deeper down',
    'intent: x\nsource: { type: file, base_directory: in }\nlimits:\n  max_workers: 2\n  max_retry: 1\n',
    [/batch\.yaml:5:3: limits: unknown field "max_retry"\. Did you mean "max_retries"/],
  ],
  [
    'a source without items',
    'intent: x\nsource: { type: file, base_directory: in, pattern: "*.nosuch" }\n',
    [/^error: batch\.yaml:2:9: source: The file source has no items/],
  ],
  [
    'a directory that is not there',
    'intent: x\nsource: { type: file, base_directory: nosuch }\n',
    [
      /^error: batch\.yaml:2:39: source\.base_directory: expected a directory that can be read, found nothing: .*nosuch/,
    ],
  ],
  [
    'a CSV that is a directory',
    'intent: x\nsource:\n  type: csv\n  file_path: in\n',
    [/^error: batch\.yaml:4:14: source\.file_path: expected a file, found a directory/],
  ],
  [
    'a column that is not there',
    'intent: x\nsource:\n  type: csv\n  file_path: batch.yaml\n  id_column: nosuch\n',
    [/^error: batch\.yaml:5:14: source\.id_column: expected a column/],
  ],
  [
    'the home directory without quotes',
    'intent: x\nsource: { type: file, base_directory: ~ }\n',
    [
      /^error: batch\.yaml:2:39: source\.base_directory: expected a string, found null/,
      /quote it \("~"\) or give a path/,
    ],
  ],
  [
    'a placeholder that no item has',
    'template: "Read {file_pth}"\nsource: { type: file, base_directory: in }\n',
    [/^error: batch\.yaml:1:11: template: .*\{file_pth\}/, /Did you mean \{file_path\}/],
  ],
  [
    'a placeholder of a prompt file',
    'source: { type: file, base_directory: in }\ntemplate_file: in/0000.txt\n',
    [/^error: batch\.yaml:2:16: template_file: .*\{nosuch\}/],
  ],
  [
    'a schema that the worker cannot ask for',
    'intent: x\nsource: { type: file, base_directory: in }\nschema: { type: array }\n',
    [/^error: batch\.yaml:3:9: schema: .*expected "object" at its root/],
  ],
];

describe('a wrong batch file is rejected with line and column and creates nothing', () => {
  test.each(FILES)('%s', async (_what, text, says) => {
    const { abp, jobs, write } = workspace(['{nosuch}']);
    write('batch.yaml', text);
    const ran = await abp('create', 'batch.yaml');
    expect(ran.exitCode, ran.stderr).toBe(2);
    for (const said of says) expect(ran.stderr).toMatch(said);
    expect(ran.stderr).not.toMatch(/\n\s+at /);
    expect(await jobs()).toEqual([]);
  });

  test.each([
    [['run', 'batch.yaml', '--dry-run'], 'batch.yaml:2:39'],
    [['preview', 'batch.yaml'], 'batch.yaml:2:39'],
    [['prompt', 'preview', 'batch.yaml'], 'batch.yaml:2:39'],
    [['create', 'batch.yaml', '--set', 'source.base_directory=other'], '--set source.base_directory=other'],
  ])('a fault that only the source shows has its place for %j', async (args, place) => {
    const { json, write } = workspace();
    write('batch.yaml', 'intent: x\nsource: { type: file, base_directory: nosuch }\n');
    const { exitCode, document } = await json(...args);
    expect(exitCode).toBe(2);
    expect(document.error.details.problems).toEqual([
      { place, path: 'source.base_directory', message: expect.stringMatching(/^expected a directory/) },
    ]);
  });

  test('errors outside of the file get no place in it', async () => {
    const { abp, environment } = workspace();
    Object.assign(environment, { ABP_ATTEMPT_ID: 'x' });
    expect((await abp('create', 'batch.yaml')).stderr).toMatch(/^error: An agent that ABP runs cannot create/);
  });

  test('--set and preview explain an unquoted ~', async () => {
    const { abp, environment, program } = workspace();
    for (const args of [
      ['create', 'batch.yaml', '--set', 'source.base_directory=~'],
      ['preview', 'file', 'base_directory=~'],
    ]) {
      const { exitCode, stderr } = await abp(...args);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/unquoted ~ is null[\s\S]*quote it/);
    }
    // Quoted, it is the home directory: a person allows that first.
    writeFileSync(`${environment.HOME}/mine.yaml`, '');
    const quoted = ['preview', 'file', 'base_directory="~"', 'pattern=*.yaml'];
    const [definition = ''] = /\b[0-9a-f]{16}\b/.exec((await program(...quoted)).stderr) ?? [];
    await program('approvals', 'allow', definition, '--yes');
    expect((await program(...quoted)).stdout).toMatch(/mine\.yaml/);
  });

  test('with --json any error is the one document on stdout', async () => {
    const { json } = workspace();
    expect(await json('statsu')).toEqual({
      exitCode: 2,
      document: { error: { code: 'invalid_input', message: expect.stringMatching(/^unknown command 'statsu'/) } },
    });
    const { exitCode, document } = await json('run', 'batch.yaml', '--set', 'limits.max_retries=many');
    expect(exitCode).toBe(2);
    expect(document.error).toMatchObject({
      code: 'invalid_input',
      details: { problems: [{ path: 'limits.max_retries' }] },
    });
  });
});

describe('with --json the one document on stdout', () => {
  test.each([
    [['--version'], 0, { version: expect.stringMatching(/^\d/) }],
    [['--help'], 0, { help: expect.stringMatching(/^Usage: abp/) }],
    [['run', '--help'], 0, { help: expect.stringMatching(/^Usage: abp run/) }],
    [[], 0, { help: expect.stringMatching(/^Usage: abp/) }],
    [['completion', 'bash'], 0, { shell: 'bash', script: expect.stringMatching(/complete .*-F _abp abp/) }],
    [['status', 'nosuch'], 4, { error: expect.objectContaining({ code: 'not_found' }) }],
  ])('of %j', async (args, exitCode, document) => {
    expect(await workspace().json(...args)).toEqual({ exitCode, document });
  });
});

test('an update without a change is rejected', async () => {
  const { abp, json } = workspace();
  const { document } = await json('create', 'batch.yaml');
  const { exitCode, stderr } = await abp('update', document.job_id);
  expect(exitCode, stderr).toBe(2);
  expect(stderr).toMatch(/Expected a change, found none[\s\S]*--set/);
});

describe('a question without a terminal', () => {
  test.each([
    ['cancel', ['cancel']],
    ['delete', ['delete']],
  ])('%s wants --yes and changes nothing', async (_name, [command = '']) => {
    const { abp, job, json } = workspace();
    const { document } = await json('create', 'batch.yaml');
    const ran = await abp(command, document.job_id);
    expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/no terminal to ask on[\s\S]*--yes/) });
    expect((await job(document.job_id)).status).toBe('created');
  });
});

describe('the environment', () => {
  test('a wrong ABP_* value is named, and no store is created', async () => {
    const { abp, environment, storagePath } = workspace();
    Object.assign(environment, { ABP_MAX_WORKERS: 'all' });
    const ran = await abp('status');
    expect(ran).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('ABP_MAX_WORKERS: expected a whole number'),
    });
    expect(existsSync(storagePath)).toBe(false);
  });

  test('a store that cannot be created is reported', async () => {
    const { abp, environment, write } = workspace();
    Object.assign(environment, { ABP_STORAGE_PATH: `${write('file', '')}/batch.db` });
    expect(await abp('status')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('Cannot write the store'),
    });
  });
});
