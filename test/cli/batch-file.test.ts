import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseValue } from '../../src/cli/batch-file/document.ts';
import { readBatchFile, workersOf } from '../../src/cli/batch-file/read.ts';
import { toAbpError } from '../../src/domain/error.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { callWithoutStore } from '../helpers/without-store.ts';

/** Reads a batch file with this text from a folder of its own. */
function read(text: string | Uint8Array, set: readonly string[] = [], limit?: number) {
  const file = join(temporaryDirectory('batch'), 'batch.yaml');
  writeFileSync(file, text);
  return readBatchFile(file, { set, limit, environment: {}, call: callWithoutStore });
}

/** Batch files that are wrong, and the place and words of the answer. */
const FILES: readonly (readonly [what: string, text: string, says: readonly RegExp[]])[] = [
  ['the same field twice', 'name: x\nname: y\n', [/batch\.yaml:2:1: Map keys must be unique/]],
  ['nothing', '', [/batch\.yaml:1:1: expected an object/]],
  ['a list', '- name: x\n', [/batch\.yaml:1:1: expected an object/]],
  [
    'an unknown field',
    'name: x\nintnt: y\nsource: { type: file }\n',
    [/batch\.yaml:2:1: unknown field "intnt"\. Did you mean "intent"/],
  ],
  [
    'a wrong type',
    'intent: x\nsource: { type: file, base_directory: in }\nlimits:\n  max_workers: lots\n',
    [/batch\.yaml:4:16: limits\.max_workers: expected a number, found "lots"/],
  ],
  ['no intent', 'source: { type: file, base_directory: in }\n', [/batch\.yaml:1:1: intent: expected intent/]],
  [
    'an unknown kind of source',
    'intent: x\nsource: { type: cvs }\n',
    [/batch\.yaml:2:17: source\.type: Unknown enumerator "cvs"\. Did you mean "csv"/],
  ],
  [
    'a wrong field of the source',
    'intent: x\nsource:\n  type: file\n  base_dir: in\n',
    [/batch\.yaml:4:3: source: unknown field "base_dir"\. Did you mean "base_directory"/],
  ],
  [
    'an unknown worker',
    'intent: x\nsource: { type: file, base_directory: in }\nworker: { type: calude }\n',
    [/batch\.yaml:3:17: worker\.type: unknown worker "calude"\. Did you mean "claude"/],
  ],
  [
    'a wrong field of the worker',
    'intent: x\nsource: { type: file, base_directory: in }\nworker: { type: claude, modle: haiku }\n',
    [/batch\.yaml:3:25: worker: unknown field "modle"\. Did you mean "model"/],
  ],
  [
    'a schema that is none',
    'intent: x\nsource: { type: file, base_directory: in }\nschema: { type: strnig }\n',
    [/batch\.yaml:3:9: schema: /],
  ],
  [
    'both kinds of template',
    'template: x\ntemplate_file: y\nsource: { type: file, base_directory: in }\n',
    [/batch\.yaml:2:16: template_file: expected either/],
  ],
  [
    'a template file that is not there',
    'template_file: nosuch.md\nsource: { type: file, base_directory: in }\n',
    [/batch\.yaml:1:16: .*nosuch\.md cannot be read/],
  ],
  [
    'a variable that is not set',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what a person writes
    'intent: x\nenv: [NO_SUCH]\nsource: { type: file, base_directory: "${NO_SUCH}" }\n',
    [/NO_SUCH.*not set/],
  ],
  [
    'two documents',
    'intent: x\n---\nintent: y\n',
    [/batch\.yaml:\d+:\d+: expected one YAML document, found the beginning/],
  ],
  ['an alias of nothing', 'intent: *nosuch\n', [/batch\.yaml:1:9: the alias \*nosuch has no anchor before it/]],
  [
    'an alias of a value that contains it',
    'source: &a { type: *a }\n',
    [/batch\.yaml:1:20: the alias \*a refers to a value that contains it/],
  ],
  ['a tag that nobody knows', 'intent: !secret x\n', [/batch\.yaml:1:9: .*!secret/]],
  [
    'an intent without words',
    'intent: "  "\nsource: { type: file, base_directory: in }\n',
    [/batch\.yaml:1:9: intent: expected words, found " {2}"/],
  ],
  [
    'two unknown fields of one object',
    'intent: x\nsource: { type: file, base_directory: in }\nlimits:\n  max_worker: 1\n  max_retry: 1\n',
    [/batch\.yaml:4:3: .*"max_worker"\. Did you mean/, /batch\.yaml:5:3: .*"max_retry"\. Did you mean/],
  ],
  [
    'a worker and a program to run',
    'intent: x\nsource: { type: file, base_directory: in }\nworker: claude\nrun: [cat]\n',
    [/batch\.yaml:4:6: run: expected either worker or run, found both/],
  ],
  [
    'an unknown worker by its name',
    'intent: x\nsource: { type: file, base_directory: in }\nworker: calude\n',
    [/batch\.yaml:3:9: worker\.type: unknown worker "calude"\. Did you mean "claude"/],
  ],
  [
    'options of a results file without its path',
    'intent: x\nsource: { type: file, base_directory: in }\noutput: { directory: made, format: csv }\n',
    [/batch\.yaml:3:36: output\.format: expected only together with output\.path, found without it/],
  ],
];

describe('a wrong batch file is rejected with line and column', () => {
  test.each(FILES)('%s', async (_what, text, says) => {
    const error = await read(text).then(
      () => null,
      (thrown: unknown) => toAbpError(thrown),
    );
    expect(error?.code).toMatch(/invalid_input|environment/);
    for (const said of says) expect(error?.message).toMatch(said);
  });

  test('all problems are reported at once, each with its place', async () => {
    const text = 'intent: x\nsource: { type: file, base_directory: in }\nlimits: { max_workers: 0, max_retries: -1 }\n';
    const error = toAbpError(await read(text).catch((thrown: unknown) => thrown));
    expect(error.message.split('\n')).toEqual([
      expect.stringMatching(/batch\.yaml:3:24: limits\.max_workers: expected at least 1, found 0/),
      expect.stringMatching(/batch\.yaml:3:40: limits\.max_retries: expected at least 0, found -1/),
    ]);
  });
});

test('a batch file that is not UTF-8 is rejected at the first wrong byte', async () => {
  await expect(read(Buffer.from('name: x\nintent: caf\u00e9\n', 'latin1'))).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringMatching(/batch\.yaml:2:12: expected text in UTF-8/),
  });
});

describe('a value at the prompt', () => {
  test.each([
    ['2', 2],
    ['true', true],
    ['null', null],
    ['', null],
    ['*.md', '*.md'],
    ['Is it C#? Say why: # and all', 'Is it C#? Say why: # and all'],
    ['1 # one', '1 # one'],
    ['[a, b]', ['a', 'b']],
    ['{ a: 1 }', { a: 1 }],
    ['"a b"', 'a b'],
    ['{file_path} is the file', '{file_path} is the file'],
  ])('%s stands for %j', (text, value) => expect(parseValue(text, '--set x')).toEqual(value));

  test.each(['[a', '"open', '{ a: 1'])('%s is not closed', (text) => {
    expect(() => parseValue(text, '--set x')).toThrow(/^--set x: the value is not YAML/);
  });
});

describe('a batch file', () => {
  const base = 'source: { type: file, base_directory: in }\n';

  test('becomes the arguments of create_job', async () => {
    const text = `name: n
intent: i
source: { type: csv, file_path: a.csv, id_column: id }
worker: { type: command, command: [cat] }
schema: { type: object }
output: { path: out/r.jsonl, directory: made, fields: [key] }
limits: { failure_threshold: 3, max_workers: 2 }
test: { units: 2, skip: true }
require_human_approval: true
steps: [{ name: sum, scope: job, intent: p, on_failures: run }]
`;
    const { create, directory, warnings } = await read(text);
    expect(create).toEqual({
      name: 'n',
      intent: 'i',
      source: { type: 'csv', file_path: 'a.csv', id_column: 'id' },
      schema: { type: 'object' },
      worker: { type: 'command', command: ['cat'] },
      limits: { failure_threshold: 3, max_workers: 2 },
      test: { units: 2, skip: true },
      output: { directory: 'made', path: join(directory, 'out/r.jsonl'), format: 'jsonl', fields: ['key'] },
      require_human_approval: true,
      steps: [{ name: 'sum', scope: 'job', intent: 'p', on_failures: 'run' }],
    });
    expect(warnings).toEqual([]);
  });

  test('needs only an intent and a source; its default name is that of its folder', async () => {
    const { create, directory } = await read(`intent: i\n${base}`);
    expect(create).toEqual({
      name: directory.split('/').at(-1),
      intent: 'i',
      source: { type: 'file', base_directory: 'in' },
    });
  });

  test('can have a template instead of an intent, inline or in a file with front matter', async () => {
    expect((await read(`template: "Read {file_path}"\n${base}`)).create).toMatchObject({
      template: 'Read {file_path}',
    });
    const own = join(temporaryDirectory('prompt'), 'own.md');
    writeFileSync(own, '---\nname: own\n---\nLook at {file_path}\n');
    expect((await read(`intent: i\ntemplate_file: ${own}\n${base}`)).create).toMatchObject({
      intent: 'i',
      template: 'Look at {file_path}\n',
    });
  });

  test('names a worker by its type or its program', async () => {
    expect((await read(`intent: i\nworker: claude\n${base}`)).create).toMatchObject({ worker: 'claude' });
    const program = await read(`intent: i\nrun: [node, score.mjs]\n${base}`);
    expect(workersOf(program)).toEqual([{ type: 'command', command: ['node', 'score.mjs'] }]);
  });

  test.each([
    ['steps: [{ name: a, run: [x] }, { name: b, run: [y] }, { name: c, run: [x] }]\n', ['x', 'y']],
    ['run: [x]\nsteps: [{ name: r, scope: job, run: [z] }]\n', ['x', 'z']],
    ['worker: { type: command, command: [x] }\nsteps: [{ name: a }, { name: r, scope: job, run: [z] }]\n', ['x', 'z']],
  ])('needs the workers of its steps and no other: %s', async (steps, programs) => {
    expect(workersOf(await read(steps + base)).map(({ command }) => command)).toEqual(programs.map((name) => [name]));
  });

  test('is changed by --set and --limit; later ones win, other places are unchanged', async () => {
    const { create } = await read(`intent: i\n${base}`, ['source.pattern=*.md', 'source.pattern=*.txt', 'name=n'], 5);
    expect(create).toMatchObject({
      name: 'n',
      source: { type: 'file', base_directory: 'in', pattern: '*.txt', limit: 5 },
    });
    await expect(read(`intent: i\n${base}limts: {}\n`, ['name=n'])).rejects.toThrow(
      /batch\.yaml:3:1: unknown field "limts"/,
    );
  });
});
