import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { dynamicEnumerator } from '../../src/enumerators/dynamic.ts';
import { getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { UNSEEN_CHARACTERS } from '../helpers/unseen.ts';
import { enumerateAll, refusal } from './helpers.ts';

/** The payloads of some code. */
async function items(code: string, config: JsonObject = {}): Promise<readonly JsonObject[]> {
  return (await enumerateAll('dynamic', { code, ...config })).payloads;
}

describe('enumerate may return', () => {
  test.each<[string, string]>([
    ['a list', 'export const enumerate = () => [{ n: 1 }, { n: 2 }];'],
    ['the promise of a list', 'export const enumerate = async () => [{ n: 1 }, { n: 2 }];'],
    ['an iterable', 'export const enumerate = () => new Set([{ n: 1 }, { n: 2 }]);'],
    ['a generator', 'export function* enumerate() { yield { n: 1 }; yield { n: 2 }; }'],
    ['an async generator', 'export async function* enumerate() { yield { n: 1 }; await null; yield { n: 2 }; }'],
    ['what depends on the context', 'export const enumerate = ({ most }) => [1, most].map((n) => ({ n }));'],
    [
      'with modules of Node',
      "import { basename } from 'node:path'; export const enumerate = () => [{ n: +basename('/x/1') }, { n: 2 }];",
    ],
    [
      'after awaiting at the top',
      'const two = await Promise.resolve(2); export const enumerate = () => [{ n: 1 }, { n: two }];',
    ],
  ])('%s', async (_, code) => expect(await items(code, { context: { most: 2 } })).toEqual([{ n: 1 }, { n: 2 }]));

  test('a value that is not an object becomes "value"; integers that a double cannot hold are text', async () => {
    const code = "export const enumerate = () => [1, 'x', null, [2], true, 5n, 2n ** 60n, new Date(0)];";
    expect(await items(code)).toEqual(
      [1, 'x', null, [2], true, 5, '1152921504606846976', '1970-01-01T00:00:00.000Z'].map((value) => ({ value })),
    );
  });

  test('many items keep their order and all characters', async () => {
    const code =
      "export function* enumerate() { for (let n = 0; n < 20000; n++) yield { n, text: '🙂\\n!' + '\\u2028'.repeat(n % 9) }; }";
    const found = await items(code);
    expect(found).toHaveLength(20_000);
    expect(found[19_999]).toEqual({ n: 19_999, text: `🙂\n!${'\u2028'.repeat(1)}` });
  });

  test.each([
    ['wait', 'export async function* enumerate() { yield 1; await new Promise((done) => setTimeout(done, 80_000)); }'],
    ['computation', 'export function* enumerate() { yield 1; for (;;); }'],
  ])('an item before a long %s does not wait for it', async (_, code) => {
    const enumerator = await getEnumerator('dynamic');
    const context = { workingDirectory: '/' };
    for await (const { payload } of enumerator.enumerate(parseConfig(enumerator, { code }), context)) {
      expect(payload).toEqual({ value: 1 });
      break;
    }
  });
});

describe('the code has no access to', () => {
  const denied = /found Error: .*[Aa]ccess.* restricted/;

  test('files that were not granted; granted paths are resolved from the working directory', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'open'));
    for (const name of ['open/a.txt', 'closed.txt']) writeFileSync(join(directory, name), name);
    const code =
      "import { readFileSync } from 'node:fs'; export const enumerate = ({ path }) => [readFileSync(path, 'utf8')];";
    const read = (path: string) =>
      enumerateAll('dynamic', { code, context: { path }, read_paths: ['open'] }, { workingDirectory: directory });
    expect((await read(join(directory, 'open/a.txt'))).payloads).toEqual([{ value: 'open/a.txt' }]);
    expect((await refusal(() => read(join(directory, 'closed.txt')))).message).toMatch(denied);
    expect((await refusal(() => read(join(directory, 'open/../closed.txt')))).message).toMatch(denied);
  });

  test('writing, even where it may read', async () => {
    const directory = temporaryDirectory();
    const code =
      "import { writeFileSync } from 'node:fs'; export const enumerate = ({ path }) => [writeFileSync(path, 'x')];";
    const config = { context: { path: join(directory, 'new') }, read_paths: [directory] };
    expect((await refusal(() => items(code, config))).message).toMatch(denied);
    expect(existsSync(join(directory, 'new'))).toBe(false);
  });

  test('the SQLite of Node, which its permission model does not cover', async () => {
    const directory = temporaryDirectory();
    const code =
      "export const enumerate = ({ path }) => [new (process.getBuiltinModule('node:sqlite').DatabaseSync)(path)];";
    const error = await refusal(() => items(code, { context: { path: join(directory, 'new.db') } }));
    expect(error.message).toMatch(/found TypeError/);
    expect(existsSync(join(directory, 'new.db'))).toBe(false);
    expect((await refusal(() => items("import 'node:sqlite'; export const enumerate = () => [];"))).message).toMatch(
      /sqlite/,
    );
  });

  test.each([
    [
      'other processes',
      "import { execSync } from 'node:child_process'; export const enumerate = () => [execSync('true')];",
    ],
    [
      'threads',
      "import { Worker } from 'node:worker_threads'; export const enumerate = () => [new Worker('1', { eval: true })];",
    ],
    ['native addons', "export const enumerate = () => [process.dlopen({ exports: {} }, '/x.node')];"],
  ])('%s', async (_, code) => {
    expect((await refusal(() => items(code))).message).toMatch(
      /^code, line 1, column \d+: expected it to run to its end, found/,
    );
  });

  test('environment variables that were not named', async () => {
    vi.stubEnv('ABP_TEST_NAMED', 'seen');
    vi.stubEnv('ABP_TEST_SECRET', 'hidden');
    const code = 'export const enumerate = () => [process.env];';
    const [environment] = await items(code, { env: ['ABP_TEST_NAMED', 'ABP_TEST_NOT_SET'] });
    vi.unstubAllEnvs();
    // The shell that sets the CPU limit adds its own.
    const { PWD: _, SHLVL: __, _: ___, ...own } = environment ?? {};
    expect(own).toEqual({ ABP_TEST_NAMED: 'seen' });
  });

  test.each([
    ['a path with a wildcard', { read_paths: ['/etc/*'] }, 'read_paths[0]: expected a path without "*"'],
    ['a variable that steers Node', { env: ['NODE_OPTIONS'] }, 'env[0]: expected no variable that steers'],
    ['a name that is none', { env: ['A=B'] }, 'env[0]: expected text that matches'],
  ])('%s cannot be granted', async (_, config, message) => {
    const error = await refusal(() => parseConfig(dynamicEnumerator, { code: 'x', ...config }));
    expect(error.message).toContain(message);
  });

  test('symbolic links in a granted directory are followed, as the notice states', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'open'));
    writeFileSync(join(directory, 'outside.txt'), 'x');
    symlinkSync('../outside.txt', join(directory, 'open/link'));
    const code = "import { readdirSync } from 'node:fs'; export const enumerate = ({ path }) => readdirSync(path);";
    const config = { context: { path: join(directory, 'open') }, read_paths: [join(directory, 'open')] };
    expect(await items(code, config)).toEqual([{ value: 'link' }]);
  });
});

describe('limits', () => {
  test.each<[string, string, JsonObject, RegExp, RegExp?]>([
    [
      'time',
      'export function enumerate() { for (;;); }',
      { timeout_s: 1 },
      /expected it to end within 1 s, found it still running/,
    ],
    [
      'time, while it waits',
      'export const enumerate = () => new Promise((done) => setTimeout(done, 60_000));',
      { timeout_s: 1 },
      /within 1 s/,
    ],
    [
      'memory of objects',
      'export function enumerate() { const all = []; for (;;) all.push({ x: [1, 2, 3] }); }',
      { memory_mb: 32 },
      /expected at most 32 MB of memory, found more/,
    ],
    [
      'memory of buffers',
      'export function enumerate() { const all = []; for (;;) all.push(Buffer.alloc(4e6, 1)); }',
      { memory_mb: 64 },
      /expected at most 64 MB of memory, found more/,
    ],
    [
      'output',
      "export function* enumerate() { for (;;) yield 'x'.repeat(100_000); }",
      { max_output_mb: 1 },
      /expected at most 1 MB of items.*found more/,
    ],
    [
      'one item',
      "export const enumerate = () => ['x'.repeat(17 * 1024 * 1024)];",
      {},
      /at most 16 MB in one item, found more\.$/,
      /^This limit is fixed\. Yield smaller items/,
    ],
  ])('%s', async (_, code, config, message, hint = /^Raise /) => {
    const error = await refusal(() => items(code, config));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

describe('is refused with the place', () => {
  test.each<[string, string, RegExp]>([
    ['no export', 'export default 1;', /^code: expected a function exported as "enumerate", found undefined$/],
    ['an export that is not a function', 'export const enumerate = [];', /exported as "enumerate", found object/],
    [
      'text instead of a list',
      "export const enumerate = () => 'abc';",
      /expected enumerate to return a list or an iterable, found string/,
    ],
    [
      'nothing',
      'export function enumerate() {}',
      /expected enumerate to return a list or an iterable, found undefined/,
    ],
    [
      'an item that is not JSON',
      'export const enumerate = () => [1, () => 1];',
      /^code: expected JSON in item 2, found function$/,
    ],
    [
      'an item that holds itself',
      'export function* enumerate() { const a = {}; a.a = a; yield a; }',
      /found TypeError: .*circular/,
    ],
    [
      'an error',
      "export function* enumerate() {\n  yield 1;\n  throw new Error('no more');\n}",
      /^code, line 3, column 9: .* found Error: no more after 1 items$/,
    ],
    ['something thrown that is not an error', "export function enumerate() { throw 'words'; }", /found words$/],
    ['an object thrown', 'export function enumerate() { throw { status: 404 }; }', /found \{ status: 404 \}$/],
    ['something thrown that is not text', "export function enumerate() { throw Symbol('x'); }", /found Symbol\(x\)$/],
    [
      'an error that cannot be shown',
      'export function enumerate() { throw Object.defineProperty(new Error(), "message", { get() { throw 1; } }); }',
      /found something that cannot be shown$/,
    ],
    [
      'an item that nests deeper than the store accepts',
      'export function* enumerate() { let x = {}; for (let n = 0; n < 1000; n++) x = { x }; yield 1; yield x; }',
      /^code, item 2: expected at most 500 levels of nesting, found more$/,
    ],
    [
      'items written by hand',
      "import { writeSync } from 'node:fs'; export function* enumerate() { writeSync(3, 'words\\n'); yield 1; }",
      /expected only yielded items on file descriptor 3, found "words"$/,
    ],
    ['a syntax error', 'export function enumerate() {\n  let 3x;\n}', /^code, line 2: [\s\S]*SyntaxError/],
    [
      'an error outside of enumerate',
      "export const enumerate = () => (setTimeout(() => { throw new Error('late'); }), new Promise((done) => setTimeout(done, 60_000)));",
      /exit code 1\. The end of its log:\n[\s\S]*Error: late/,
    ],
    [
      'a rejection that is not handled, without our own frames',
      "export async function* enumerate() { yield 1; Promise.reject(new Error('lost')); await new Promise((done) => setTimeout(done, 60_000)); }",
      /Error: lost\n {4}at enumerate \(abp:code:1:62\)\n {4}at enumerate\.next \(<anonymous>\)$/,
    ],
    [
      'a package',
      "import lodash from 'lodash'; export const enumerate = () => [];",
      /found Error: it imports "lodash", but has only the modules of Node/,
    ],
    [
      'exiting early',
      'export function* enumerate() { yield 1; process.exit(0); }',
      /expected it to return, found that its process ended with exit code 0/,
    ],
    [
      'exiting with a code',
      "export function* enumerate() { console.error('why'); process.exit(3); }",
      /exit code 3\. The end of its log:\nwhy/,
    ],
    [
      'a promise that is never settled',
      'export const enumerate = () => new Promise(() => {});',
      /^code: expected enumerate to finish, found its promise pending with nothing left to settle it$/,
    ],
    [
      'an iterator that is never settled',
      'export async function* enumerate() { yield 1; await new Promise(() => {}); }',
      /found its iterator pending with nothing left to settle it after 1 items$/,
    ],
    [
      'a module that is never settled',
      'await new Promise(() => {}); export const enumerate = () => [];',
      /found an await outside of its functions pending with nothing left to settle it$/,
    ],
    [
      'an error with a secret',
      "export function enumerate() { throw new Error('GET https://x.example?api_key=abcdef123456 failed'); }",
      /\?api_key=\[redacted\] failed$/,
    ],
    [
      'a log with a secret',
      "export function enumerate() { console.error('Authorization: Bearer abcdef123456'); process.exit(3); }",
      /Bearer \[redacted\]$/,
    ],
  ])('%s', async (_, code, message) => {
    const error = await refusal(() => items(code));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('node:internal');
    expect(error.hint).toMatch(/\w/);
  });
});

test('output on stdout and stderr is reported as a log, not as items', async () => {
  const code = "export function* enumerate() { console.log('{\"n\":1}'); console.error('done'); yield 2; }";
  const { payloads, warnings } = await enumerateAll('dynamic', { code });
  expect(payloads).toEqual([{ value: 2 }]);
  expect(warnings).toEqual([expect.objectContaining({ kind: 'log', examples: ['{"n":1}\ndone'] })]);
});

describe('code with unseen characters', () => {
  const GOOD = 'export function* enumerate() { yield { n: 1 }; }';

  test.each(UNSEEN_CHARACTERS)('is refused with the place: %s', async (_name, character) => {
    const code = `// yields one item${character}globalThis.hidden = 1\n${GOOD}`;
    const error = await refusal(() => enumerateAll('dynamic', { code }));
    expect(error).toMatchObject({ code: 'invalid_input' });
    const name = `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;
    expect(error.message).toContain(`code: line 1, column 19: expected code that can be read as it is, found`);
    expect(error.message).toContain(name);
  });

  test.each([
    ['at its very beginning', `\ufeff${GOOD}`, /line 1, column 1:.*U\+FEFF/],
    ['at its very end', `${GOOD}\u200b`, /line 1, column 49:.*U\+200B/],
    ['in an emoji, where a display shows it', `// \u2764\ufe0f\n${GOOD}`, /line 1, column 5:.*U\+FE0F/],
    ['in a string', `${GOOD}\r\nconst text = 'a\u200db';`, /line 2, column 16:.*U\+200D.*escape such as \\u200b/],
    ['as a name', `${GOOD} const \u3164 = 1;`, /U\+3164/],
    ['as a line end of CR', `${GOOD}\r// more\r`, /U\+000D; end lines with LF or CRLF/],
  ])('%s', async (_where, code, message) => {
    expect((await refusal(() => items(code))).message).toMatch(message);
  });

  test('CRLF, tabs, other scripts and escapes are accepted', async () => {
    const code = `// Grüße, 日本, e\u0301, 👍\r\n\tconst text = '\\u200b\\r';\r\nexport const enumerate = () => [{ text }];\r\n`;
    expect(await items(code)).toEqual([{ text: '\u200b\r' }]);
  });
});

test.each([
  ['JSON.stringify, before an item', "JSON.stringify = () => 'x'; export const enumerate = () => [1];"],
  ['JSON.stringify, without an item', "JSON.stringify = () => 'x'; export const enumerate = () => [];"],
  ['JSON.stringify by nothing', 'JSON.stringify = () => undefined; export const enumerate = () => [];'],
  ['toJSON of all objects by a number', 'Object.prototype.toJSON = () => 5; export const enumerate = () => [1];'],
  ['toJSON of all objects by a list', 'Object.prototype.toJSON = () => []; export const enumerate = () => [1];'],
  [
    'toJSON of all objects by what throws',
    'Object.prototype.toJSON = () => nope; export const enumerate = () => [{}];',
  ],
])('an error from code that replaces %s is reported as an error of the code', async (_what, code) => {
  expect(await refusal(() => items(code))).toMatchObject({ code: 'invalid_input', message: /^code/ });
});
