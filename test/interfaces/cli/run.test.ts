import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { type Workspace, workspace } from './abp.ts';

/** Rows of a CSV, by header. */
function rowsOf(path: string): readonly Readonly<Record<string, string>>[] {
  return parse(readFileSync(path, 'utf8'), { columns: true, bom: true });
}

describe('abp run', () => {
  test('tests, approves with --yes, runs all units, exports and ends with 0', async () => {
    const { abp, folder } = workspace(['one', 'two', 'three']);
    const ran = await abp('run', 'batch.yaml', '--yes', '--output', 'out.csv');
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/texts is job-\w+: 3 units/);
    expect(ran.stdout).toMatch(/Test passed/);
    expect(ran.stdout).toMatch(/Estimate for the other 2 units/);
    expect(ran.stdout).toMatch(/completed: 3 of 3 done/);
    expect(ran.stdout).toMatch(/3 rows written to .*out\.csv/);
    expect(rowsOf(join(folder, 'out.csv')).map((row) => [row.key, row.status, row.title])).toEqual([
      ['0000.txt', 'completed', 'one'],
      ['0001.txt', 'completed', 'two'],
      ['0002.txt', 'completed', 'three'],
    ]);
  });

  test('with failed units exits with 1, prints causes and commands, and still exports', async () => {
    const { abp, folder } = workspace(['one', 'fail', 'three']);
    const ran = await abp('run', 'batch.yaml', '--skip-test', '--yes', '--output', 'out.csv');
    expect(ran.exitCode, ran.stderr).toBe(1);
    expect(ran.stdout).toMatch(/1 × agent_error, for example unit 1: exit code 1: .*cannot read it/);
    expect(ran.stdout).toMatch(/abp logs job-[a-z0-9]+ \d/);
    expect(ran.stdout).not.toMatch(/get_unit|update_job/);
    expect(rowsOf(join(folder, 'out.csv')).map((row) => row.status)).toEqual(['completed', 'failed', 'completed']);
  });

  test('with skipped invalid records exits with 1 and lists them', async () => {
    const source = { type: 'csv', file_path: 'rows.csv', on_invalid: 'skip' };
    const { abp, json, write } = workspace([], { source, worker: { type: 'command', command: ['cat'] } });
    write('rows.csv', 'name\nAda\nBo,x\n');
    const ran = await abp('run', 'batch.yaml', '--yes', '--output', 'out.csv');
    expect(ran.exitCode, ran.stderr).toBe(1);
    expect(ran.stdout).toMatch(/skipped: 1 invalid record\n {2}line 3: expected 1 fields, found 2/);
    const seen = await json('preview', 'batch.yaml');
    expect(seen).toMatchObject({ exitCode: 0, document: { total: 1, skipped_invalid: 1 } });
  });

  test('shows the beginning of a long result of its test', async () => {
    const script = 'console.log("x".repeat(500000))';
    const { abp, allow, jobs } = workspace(['one', 'two'], {
      worker: { type: 'command', command: ['node', '-e', script] },
    });
    await allow();
    const ran = await abp('run', 'batch.yaml');
    expect(ran.stdout).toMatch(/Test passed[\s\S]*x+… \(49\d{4} more characters\)/);
    const { stdout } = await abp('status', ...(await jobs()));
    expect(stdout).toMatch(/Test passed[\s\S]*x+… \(49\d{4} more characters\)/);
    expect(ran.stdout.length + stdout.length).toBeLessThan(20_000);
  });

  test('without a terminal and --yes exits with 3 after the test', async () => {
    const { abp, allow, json, jobs } = workspace();
    await allow();
    const ran = await abp('run', 'batch.yaml');
    const [jobId = ''] = await jobs();
    expect(ran).toMatchObject({ exitCode: 3, stdout: expect.stringContaining(`abp approve ${jobId}`) });
    expect((await json('status', jobId)).document).toMatchObject({ status: 'testing', test: { state: 'passed' } });
    expect((await json('approve', jobId, '--watch')).document).toMatchObject({ status: 'completed' });
  });

  test('after a failed test runs nothing else and exits with 3', async () => {
    const { json } = workspace(['fail', 'one', 'two']);
    const { exitCode, document } = await json('run', 'batch.yaml', '--yes');
    expect(exitCode).toBe(3);
    expect(document).toMatchObject({
      status: 'testing',
      test: { state: 'failed' },
      units: { pending: 2 },
      export: null,
    });
  });

  test('with --json writes one document to stdout and text to stderr', async () => {
    const { abp } = workspace();
    const ran = await abp('run', 'batch.yaml', '--yes', '--output', 'out.jsonl', '--json');
    expect(JSON.parse(ran.stdout)).toMatchObject({
      status: 'completed',
      units: { total: 3, completed: 3 },
      export: { rows: 3, format: 'jsonl', partial: false },
    });
    expect(ran.stderr).toMatch(/completed: 3 of 3 done/);
  });

  test('rejects an existing output file before a job is created; --force replaces it', async () => {
    const { abp, folder, jobs, write } = workspace();
    write('out.csv', 'mine\n');
    expect(await abp('run', 'batch.yaml', '--yes', '--output', 'out.csv')).toMatchObject({ exitCode: 2 });
    expect(await jobs()).toEqual([]);
    expect(await abp('run', 'batch.yaml', '--yes', '--output', 'out.csv', '--force')).toMatchObject({ exitCode: 0 });
    expect(rowsOf(join(folder, 'out.csv'))).toHaveLength(3);
  });

  test('a batch file that skips its test runs all units at once', async () => {
    const { abp } = workspace();
    const ran = await abp('run', 'batch.yaml', '--set', 'test.skip=true', '--yes');
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stdout).not.toContain('Testing before');
  });

  test('--dry-run shows items and prompt and creates nothing', async () => {
    const { abp, json, jobs } = workspace();
    const ran = await abp('run', 'batch.yaml', '--dry-run');
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(ran.stdout).toMatch(/texts: 3 units, nothing was created/);
    expect(ran.stdout).toMatch(/Prompt of unit 0[\s\S]*0000\.txt/);
    expect((await json('run', 'batch.yaml', '--dry-run')).document).toMatchObject({
      dry_run: true,
      total: 3,
      complete: true,
    });
    expect(await jobs()).toEqual([]);
  });

  test.each([
    ['xlsx', ['-o', 'out.xlsx'], /out\.xlsx: expected a name that ends in \.csv, \.tsv/],
    ['xlsx in the file', ['--set', 'output.path=out.parquet'], /batch\.yaml.*output: out\.parquet: expected a name/],
    ['stdout', ['-o', '-'], /-o -: expected a file/],
    [
      'a format without a file',
      ['--format', 'csv'],
      /--format csv: output\.format: expected only together with output\.path/,
    ],
    ['a format that is none', ['-o', 'out.csv', '--format', 'xlsx'], /--format/],
  ])('results as %s are refused before anything is made', async (_what, options, message) => {
    const { abp, folder, jobs } = workspace();
    const ran = await abp('run', 'batch.yaml', '--yes', ...options);
    expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) });
    expect(await jobs()).toEqual([]);
    expect(readdirSync(folder)).not.toContain('-');
  });

  test('--format allows a file with any name', async () => {
    const { abp, folder } = workspace();
    const ran = await abp('run', 'batch.yaml', '--yes', '--set', 'output.path=out.dat', '--set', 'output.format=tsv');
    expect(ran).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, 'out.dat'), 'utf8')).toMatch(/^file_path\t/);
  });

  test.each([
    ['-o', ['-o', 'out.txt', '--format', 'tsv'], 'tsv'],
    ['-o with a name of another format', ['-o', 'out.txt', '--format', 'tsv', '--set', 'output.path=out.json'], 'tsv'],
    ['the batch file', ['--set', 'output.path=out.txt', '--format', 'tsv'], 'tsv'],
    ['a batch file with another format', ['--set', 'output={path: out.txt, format: json}', '--format', 'tsv'], 'tsv'],
  ])('--format says how the file of %s is written', async (_where, options, format) => {
    const space = workspace();
    const ran = await space.abp('run', 'batch.yaml', '--yes', ...options);
    expect(ran, ran.stderr).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(space.folder, 'out.txt'), 'utf8')).toMatch(/^file_path\t/);
    const { document } = await space.json('create', 'batch.yaml', ...options, '--force');
    expect((await space.job(document.job_id)).output).toMatchObject({ format, path: join(space.folder, 'out.txt') });
  });

  test.each([
    ['run', ['run', 'batch.yaml', '--dry-run']],
    ['run of a source that has to be allowed', ['run', 'code.yaml', '--dry-run', '--yes']],
    ['run that names a file', ['run', 'batch.yaml', '--dry-run', '-o', 'new/out.csv']],
    ['prune', ['prune', '--older-than', '1d', '--dry-run']],
  ])('a dry %s does not create a missing store', async (_what, command) => {
    const { program, folder, write } = workspace();
    const source = { type: 'dynamic', code: 'export async function* enumerate() { yield { a: 1 }; }' };
    write(
      'code.yaml',
      JSON.stringify({ name: 'x', intent: 'x', source, worker: { type: 'command', command: ['true'] } }),
    );
    const before = readdirSync(folder, { recursive: true });
    expect(await program(...command)).toMatchObject({ exitCode: 0, stderr: '' });
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });

  test('warns of columns that no row will have before any unit runs', async () => {
    const { abp, write } = workspace(['one']);
    const nested = { type: 'object', properties: { width: { type: 'number' } } };
    const properties = { label: { type: 'string' }, status: {}, size: nested, tags: { type: 'object' } };
    const schema = { type: 'object', properties, required: ['label'] };
    const ask = async ({
      schema: wanted,
      ...output
    }: {
      readonly schema: unknown;
      readonly fields: readonly string[];
    }) => {
      const limits = { max_retries: 0 };
      const worker = { type: 'command', command: ['true'] };
      const source = { type: 'file', base_directory: 'in' };
      const text = { intent: 'x', source, worker, limits, schema: wanted, output: { path: 'out.csv', ...output } };
      write('fields.yaml', JSON.stringify(text));
      const created = await abp('create', 'fields.yaml');
      const dry = await abp('run', 'fields.yaml', '--dry-run');
      const told = [created, dry].map(({ stdout }) =>
        [...stdout.matchAll(/no row will have "(.*?)"/g)].map(([, name]) => name),
      );
      expect(told[1]).toEqual(told[0]);
      return { told: told[0], stdout: created.stdout };
    };
    const known = ['key', 'file_name', 'payload.file_size', 'result.status', 'size.width', 'tags.any', 'result'];
    const fields = [
      ...known,
      'lable',
      'result.size.widht',
      'filename',
      'size.width',
      'label.x',
      'partial',
      'result.label',
    ];
    const asked = await ask({ fields, schema });
    expect(asked.told).toEqual(['lable', 'result.size.widht', 'filename', 'partial']);
    expect(asked.stdout).toMatch(/"lable".*Did you mean "label"\? Known fields: file_path/);
    for (const open of [undefined, { ...schema, additionalProperties: true }, { ...schema, anyOf: [{}] }]) {
      expect((await ask({ fields, schema: open })).told).toEqual([]);
    }
  });

  test('the table prefixes a field of the result that is named like a column of the unit', async () => {
    const { abp, write } = workspace(['one']);
    const command = ['sh', '-c', 'cat > /dev/null; echo \'{"status":"fine","key":"k","label":"x"}\''];
    const worker = { type: 'command', command };
    write('own.yaml', JSON.stringify({ intent: 'x', source: { type: 'file', base_directory: 'in' }, worker }));
    const { stdout } = await abp('run', 'own.yaml', '--skip-test', '--yes');
    expect(stdout).toMatch(/unit +key +status +result\.status +result\.key +label\n/);
  });

  test('reports an unavailable worker before a job is created', async () => {
    const { abp, jobs } = workspace();
    const worker = ['--set', 'worker.command=[no-such-program]'];
    const ran = await abp('run', 'batch.yaml', '--yes', ...worker);
    expect(ran).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/no-such-program.* is not found/) });
    expect((await abp('run', 'batch.yaml', '--dry-run', ...worker)).stdout).toMatch(/no-such-program.* is not found/);
    expect(await jobs()).toEqual([]);
  });

  test('--limit and --set change the file for this run', async () => {
    const { json } = workspace(['one', 'two', 'three', 'four']);
    const set = ['--set', 'limits.max_workers=1', '--set', 'name=other', '--set', 'test.skip=true', '--yes'];
    const { document } = await json('run', 'batch.yaml', '--limit', '2', ...set);
    expect(document).toMatchObject({ name: 'other', status: 'completed', units: { total: 2 } });
    expect((await json('show', document.job_id)).document.revisions[0].limits.max_workers).toBe(1);
  });

  test('relative paths start at the batch file, in any working directory', async () => {
    const { abp, folder, write } = workspace([], {});
    write('deeper/in/a.txt', 'one');
    write(
      'deeper/batch.yaml',
      'intent: x\nsource: { type: file, base_directory: in }\nworker: { type: command, command: [cat] }\noutput: { path: made/out.json }\n',
    );
    const ran = await abp('run', 'deeper/batch.yaml', '--yes');
    expect(ran.exitCode, ran.stderr).toBe(0);
    expect(existsSync(join(folder, 'deeper/made/out.json'))).toBe(true);
  });

  test('a failed export at the end does not hide that the job is completed', async () => {
    const { abp, folder, go, write, jobs } = workspace(['wait', 'two']);
    const running = abp('run', 'batch.yaml', '--skip-test', '--yes', '--output', 'out/results.csv');
    await expect.poll(() => jobs(), PATIENCE).toHaveLength(1);
    write('out/results.csv/in-the-way', '');
    go();
    const ran = await running;
    expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('found a directory') });
    expect(ran.stdout).toMatch(/The results are safe/);
    expect(await abp('export', (await jobs())[0] ?? '', join(folder, 'late.csv'))).toMatchObject({ exitCode: 0 });
  });

  test('with --json a failed export is export_error beside the job, with the command that repeats it', async () => {
    const { abp, jobs } = workspace(['one', 'fail'], { output: { path: 'out.csv', fields: ['key', 'titel'] } });
    const ran = await abp('run', 'batch.yaml', '--skip-test', '--yes', '--json');
    expect(ran.exitCode).toBe(2);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      job_id: (await jobs())[0],
      status: 'failed',
      units: { total: 2, completed: 1, failed: 1 },
      export: null,
      export_error: { code: 'invalid_input', message: expect.stringContaining('"titel"'), details: { field: 'titel' } },
    });
    expect(ran.stderr).toMatch(/Did you mean "title"/);
  });

  test('the document of --json has its fields in one order, whichever command prints it', async () => {
    const { json } = workspace();
    const ran = (await json('run', 'batch.yaml', '--skip-test', '--yes')).document;
    const status = (await json('status', ran.job_id)).document;
    const others = [(await json('wait', ran.job_id)).document, (await json('watch', ran.job_id)).document];
    expect(Object.keys(status).slice(0, 4)).toEqual(['job_id', 'name', 'status', 'units']);
    expect(Object.keys(ran).at(-1)).toBe('export');
    // A rate is there only shortly after a unit has ended.
    const fields = (document: object) => Object.keys(document).filter((name) => name !== 'progress');
    for (const other of others) expect(fields(other)).toEqual(fields(status));
    expect(fields(ran)).toEqual([...fields(status), 'export']);
  });

  test.each<[string, (space: Workspace) => Promise<void>]>([
    ['nobody waits', async ({ abp }) => void (await abp('run', 'batch.yaml', '--yes', '--detach', '-o', 'out.csv'))],
    [
      'it is approved elsewhere',
      async ({ abp, allow, jobs }) => {
        await allow();
        await abp('run', 'batch.yaml', '-o', 'out.csv');
        await abp('approve', (await jobs())[0] ?? '');
      },
    ],
    [
      'it was only created',
      async ({ abp, jobs }) => {
        await abp('create', 'batch.yaml', '--yes', '-o', 'out.csv');
        await abp('start', (await jobs())[0] ?? '', '--skip-test', '--yes', '--detach');
      },
    ],
  ])('the output file is written although %s, and status names it', async (_how, begin) => {
    const space = workspace(['one', 'two']);
    await begin(space);
    const [jobId = ''] = await space.jobs();
    await vi.waitFor(async () => {
      const { document } = await space.json('status', jobId);
      expect(document.output).toMatchObject({ path: join(space.folder, 'out.csv'), state: 'written', rows: 2 });
    }, PATIENCE);
    expect(rowsOf(join(space.folder, 'out.csv'))).toHaveLength(2);
    expect((await space.abp('status', jobId)).stdout).toMatch(/2 rows written to .*out\.csv/);
    const { document } = await space.json('export', jobId);
    expect(document).toMatchObject({ path: join(space.folder, 'out.csv'), rows: 2 });
  });

  test('rejects a second run of an active batch file with the id of its job; --new creates another', async () => {
    const { abp, allow, go, folder, jobs, program, json } = workspace(['wait', 'two']);
    await allow();

    symlinkSync('batch.yaml', join(folder, 'link.yaml'));
    const both = await Promise.all(
      ['batch.yaml', 'link.yaml'].map((file) => program('run', file, '--skip-test', '--yes', '--detach')),
    );
    const [jobId = ''] = await jobs();
    expect(await jobs()).toHaveLength(1);
    expect(new Set(both.map(({ exitCode }) => exitCode))).toEqual(new Set([0, 2]));
    expect(both.map(({ stderr }) => stderr).join('')).toMatch(
      new RegExp(`batch\\.yaml is being run already: ${jobId} is \\w+`),
    );
    expect(await abp('run', 'batch.yaml', '--yes')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(`abp watch ${jobId}`),
    });
    expect((await abp('run', 'batch.yaml', '--skip-test', '--yes', '--detach', '--new')).exitCode).toBe(0);
    expect(await jobs()).toHaveLength(2);
    go();
    await json('wait', jobId);
    expect((await json('run', 'batch.yaml', '--skip-test', '--yes', '--new')).document).toMatchObject({
      status: 'completed',
    });
  });

  test.each([
    ['waits for its test to be approved', [], 'approve'],
    ['is paused', ['--skip-test', '--yes', '--detach'], 'resume'],
  ])('of a batch file whose job %s is rejected with the command that continues it', async (_state, how, goesOn) => {
    const { abp, allow, jobs, go } = workspace(how.length > 0 ? ['wait', 'two'] : ['one', 'two'], {
      output: { path: 'out.csv' },
    });
    await allow();
    await abp('run', 'batch.yaml', ...how);
    const [jobId = ''] = await jobs();
    if (goesOn === 'resume') await abp('pause', jobId, '--hard');
    const again = await abp('run', 'batch.yaml', '--yes', '-o', 'out.csv', '--force');
    expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`abp ${goesOn} ${jobId}`) });
    expect(await jobs()).toHaveLength(1);
    await abp('cancel', jobId, '--yes');
    go();
    expect((await abp('run', 'batch.yaml', '--yes', '--detach')).exitCode).toBe(0);
    expect(await jobs()).toHaveLength(2);
  });

  test('abp create with the same --request-id returns the same job, and rejects different settings', async () => {
    const { abp, json, jobs } = workspace();
    const first = await json('create', 'batch.yaml', '--request-id', 'night-1');
    expect((await json('create', 'batch.yaml', '--request-id', 'night-1')).document).toMatchObject({
      job_id: first.document.job_id,
      deduplicated: true,
    });
    expect(await abp('create', 'batch.yaml', '--request-id', 'night-1', '--limit', '1')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('with other arguments'),
    });
    expect(await jobs()).toHaveLength(1);
  });

  test('abp update changes the results file, abp clone keeps it', async () => {
    const { abp, folder, json } = workspace(['one']);
    const { document } = await json('create', 'batch.yaml', '-o', 'out.csv');
    expect((await abp('update', document.job_id, '--set', 'output.path=late.jsonl')).exitCode).toBe(0);
    const settings = (await json('show', document.job_id)).document;
    expect(settings.output).toMatchObject({ path: join(folder, 'late.jsonl') });
    expect(settings.batch_file).toBe(join(folder, 'batch.yaml'));
    expect((await abp('clone', document.job_id, '--print')).stdout).toMatch(/output:\n {2}path: .*late\.jsonl/);
  });

  test('--detach returns as soon as the job runs', async () => {
    const { abp, go, json, jobs } = workspace(['wait', 'two']);
    const ran = await abp('run', 'batch.yaml', '--skip-test', '--yes', '--detach');
    expect(ran.exitCode, ran.stderr).toBe(0);
    const [jobId = ''] = await jobs();
    expect(ran.stdout).toContain(`abp watch ${jobId}`);
    go();
    expect(await json('wait', jobId)).toMatchObject({ exitCode: 0, document: { status: 'completed' } });
  });
});

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: it is what a person writes
describe('${NAME} in a batch file', () => {
  const text = (env: string) =>
    `name: "\${GREETING} \${HOME}"\nintent: x\n${env}source: { type: file, base_directory: in }\nworker: { type: command, command: [cat] }\n`;

  test('is replaced where it is declared, and nowhere else', async () => {
    const { environment, json, write } = workspace();
    Object.assign(environment, { GREETING: 'hello ${HOME}' });
    write('batch.yaml', text('env: [GREETING]\n'));
    const { document } = await json('create', 'batch.yaml');
    expect(document.name).toBe('hello ${HOME} ${HOME}');
  });

  test('is not replaced and gives a warning where it is not declared', async () => {
    const { abp, write } = workspace();
    write('batch.yaml', text(''));
    const ran = await abp('create', 'batch.yaml');
    expect(ran.stdout).toMatch(/\$\{HOME\} is not replaced: list HOME under env:/);
    expect(ran.stdout).not.toMatch(/GREETING stays/);
  });
});
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: it is what a person writes
