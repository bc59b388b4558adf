import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../src/package-root.ts';
import { temporaryDirectory } from './helpers/temporary.ts';

const DECLARED = `
type Moved = 'moved' | 'conflict';
declare const store: { move(): Moved; moveLater(): Promise<Moved>; beatLater(): Promise<boolean> };
declare const anything: any;
declare const object: { readonly a: number };
declare const list: number[];
declare const text: string;
declare const flag: boolean;
declare function later(): Promise<void>;
declare function now(): void;
/** @deprecated */
declare function old(): void;
`;

/** Code that breaks a rule. */
const BREAKS: Readonly<Record<string, string>> = {
  'no-floating-promises': 'export async function f() { later(); await later(); }',
  'no-misused-promises': 'export const f = () => { if (store.beatLater()) now(); };',
  'no-misused-promises, where nobody waits': 'list.forEach(async () => { await later(); });',
  'await-thenable': 'export async function f() { await store.move(); }',
  'require-await': 'export async function f() { return 1; }',
  'return-await': 'export async function f() { try { return later(); } catch { return await later(); } }',
  'prefer-promise-reject-errors': 'export const f = () => Promise.reject(text);',
  'only-throw-error': 'export const f = () => { throw text; };',
  'no-unnecessary-condition, of a word': 'export const f = () => { if (store.move()) now(); };',
  'no-unnecessary-condition, of no word': 'export const f = () => { if (!store.move()) now(); };',
  'no-unnecessary-condition, of a word after all':
    'export async function f() { while (await store.moveLater()) now(); }',
  'strict-boolean-expressions': 'export const f = () => { if (anything) now(); };',
  'strict-boolean-expressions, of an object': 'export const f = () => { if (object) now(); };',
  'strict-boolean-expressions, of a word or not':
    'export const f = () => { const moved = flag && store.move(); if (moved) now(); };',
  'no-unnecessary-boolean-literal-compare': 'export const f = () => flag === true;',
  'switch-exhaustiveness-check': "export const f = () => { switch (store.move()) { case 'moved': now(); } };",
  'no-confusing-void-expression': 'export const f = () => { const x = now(); return x; };',
  'no-meaningless-void-operator': 'export const f = () => { void now(); };',
  'no-unnecessary-type-assertion': 'export const f = () => text as string;',
  'no-redundant-type-constituents': 'export type T = unknown | string;',
  'no-base-to-string': 'export const f = () => String(object);',
  'restrict-template-expressions': `export const f = () => \`\${object}\`;`,
  'restrict-plus-operands': 'export const f = () => text + object;',
  'require-array-sort-compare': 'export const f = () => list.sort();',
  'no-array-delete': 'export const f = () => { delete list[0]; };',
  'no-for-in-array': 'export const f = () => { for (const n in list) console.log(n); };',
  'no-implied-eval': "setTimeout('now()', 1);",
  'no-deprecated': 'old();',
  'no-unsafe-argument': 'export const f = (take: (n: number) => void) => take(anything);',
  'no-unsafe-assignment': 'export const n: number = anything;',
  'no-unsafe-call': 'anything();',
  'no-unsafe-member-access': 'export const f = () => { now(); anything.member = 1; };',
  'no-unsafe-return': 'export const f = (): number => anything;',
  'max-lines-per-function': functionOfLines(81),
  'max-lines-per-function, with comments': functionOfLines(81, '// Comment.'),
  'max-lines-per-function, with blank lines': functionOfLines(81, ''),
  'max-lines-per-function, called at once': `(${functionOfLines(81).replace('export ', '')})();`,
};

/** A function of so many lines, from its head to its closing brace. */
function functionOfLines(count: number, line = 'now();'): string {
  return `export function f() {\n${`${line}\n`.repeat(count - 2)}}`;
}

const FINE = `
export const f = async () => {
  if (store.move() === 'moved' && (await store.beatLater())) await later();
  return text || 'none';
};
${functionOfLines(80).replace('f()', 'g()')}
`;

const fileOf = (at: number) => `src/breaks-${at}.ts`;

/** Runs oxlint as `npm run lint` does, over a project of these files; the rules that each of them breaks. */
async function lint(files: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, readonly string[]>> {
  const root = temporaryDirectory('lint');
  const bin = join(packageRoot(), 'node_modules/.bin');
  mkdirSync(join(root, 'src'));
  copyFileSync(join(packageRoot(), '.oxlintrc.json'), join(root, '.oxlintrc.json'));
  const compilerOptions = { lib: ['es2024', 'dom'], types: [] };
  const tsconfig = { extends: join(packageRoot(), 'tsconfig.json'), compilerOptions, include: ['src'] };
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(tsconfig));
  for (const [name, code] of Object.entries(files)) writeFileSync(join(root, name), `${DECLARED}${code}\nexport {};\n`);
  const { stdout, exitCode } = await execa(join(bin, 'oxlint'), ['--format', 'json'], {
    cwd: root,
    env: { OXLINT_TSGOLINT_PATH: join(bin, 'tsgolint') },
    reject: false,
  });
  expect(exitCode).toBe(1);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { filename: string; code: string }[] };
  const rulesIn = ([name, found]: [string, typeof diagnostics | undefined]) =>
    [name, (found ?? []).map(({ code }) => code.replace(/^\w+\((.*)\)$/, '$1'))] as const;
  return new Map(Object.entries(Object.groupBy(diagnostics, ({ filename }) => filename)).map(rulesIn));
}

test('the lint refuses a forgotten await, a promise or a word as a condition, what else types can tell, and long functions', async () => {
  const breaks = Object.values(BREAKS).map((code, at) => [fileOf(at), code]);
  const found = await lint({ ...Object.fromEntries(breaks), 'src/fine.ts': FINE });
  const missed = Object.keys(BREAKS).filter((what, at) => !found.get(fileOf(at))?.includes(what.split(',')[0] ?? ''));
  expect(missed).toEqual([]);
  expect(found.get('src/fine.ts')).toBeUndefined();
});

test('the lint is part of the check', () => {
  const { scripts } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  expect(scripts.lint).toContain('oxlint');
  expect(scripts['check:static']).toContain('npm run lint');
});
