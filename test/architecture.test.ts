import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ATTEMPT_TRANSITIONS } from '../src/domain/attempt.ts';
import { JOB_TRANSITIONS } from '../src/domain/job.ts';
import { UNIT_TRANSITIONS } from '../src/domain/unit.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const MAX_LINES = 300;

/**
 * The neighbours that each folder or file of src may import, beside itself and what everybody may (`EVERYWHERE`). Interfaces
 * reach the store, its files and all drivers only through operations and queries.
 */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  'package-root.ts': [],
  'config.ts': [],
  ports: [],
  'clock.ts': ['ports'],
  enumerators: ['ports', 'package-root.ts'],
  prompt: ['ports', 'package-root.ts'],
  workers: ['ports', 'package-root.ts'],
  repository: ['ports'],
  blobs: ['ports'],
  approval: ['ports', 'config.ts', 'enumerators'],
  supervision: ['ports', 'config.ts', 'package-root.ts', 'workers'],
  export: ['ports', 'config.ts', 'approval', 'supervision'],
  'wire-parts.ts': [
    ...['ports', 'clock.ts', 'config.ts', 'package-root.ts'],
    ...['repository', 'supervision', 'workers'],
  ],
  executor: ['ports', 'approval', 'export', 'prompt', 'supervision', 'workers'],
  'executor/main.ts': ['clock.ts', 'config.ts', 'executor', 'supervision', 'wire-parts.ts'],
  orchestrator: ['ports', 'approval', 'enumerators', 'export', 'prompt', 'supervision', 'workers'],
  mcp: ['orchestrator'],
  // Settings, and files of the package: the page, the examples, the version.
  http: ['config.ts', 'package-root.ts', 'orchestrator'],
  cli: ['config.ts', 'package-root.ts', 'orchestrator'],
  dashboard: ['orchestrator'],
  'wire.ts': ['clock.ts', 'config.ts', 'orchestrator', 'repository', 'supervision', 'wire-parts.ts'],
  'main.ts': ['clock.ts', 'config.ts', 'cli', 'http', 'mcp', 'supervision', 'wire.ts'],
};
/** Nouns and rules, which import nothing themselves. */
const EVERYWHERE = 'domain';
/** The page is a build of its own: it takes nothing from us but types. */
const PAGE = 'dashboard';
/** But for these, which import nothing: what a person cannot see, where a sentence ends, and hints are the same for every interface. */
const SHARED_WITH_PAGE: readonly string[] = ['domain/hint.ts', 'domain/sentences.ts', 'domain/unseen-characters.ts'];
/** The one query that knows an operation: it answers the arguments with which that makes a copy of a job. */
const QUERIES_OF_OPERATIONS = ['orchestrator/queries/job-recipe.ts imports orchestrator/operations/new-job.ts'];

/** An import of one file of src by another; `typeOnly` when nothing of it is left at run time. */
interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.includes('node_modules') && !file.includes('dist/'))
  .sort();
/** The one file beside src that its files may read as a module. */
const MANIFEST = '../package.json';
const imports = files.flatMap(importsOf).filter(({ to }) => to !== MANIFEST);

describe('the architecture', () => {
  test('every folder and file of src has its neighbours', () => {
    const known = new Set([...Object.keys(NEIGHBOURS), 'README.md']);
    expect(readdirSync(SRC).filter((name) => !known.has(name))).toEqual([]);
  });

  test('each folder imports only itself and its neighbours, also for types', () => {
    const wrong = imports.filter(({ from, to }) => !mayImport(placeOf(from), placeOf(to)));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test('every neighbour is used: what nobody imports any more is forbidden', () => {
    const used = new Set(imports.map(({ from, to }) => `${placeOf(from)} → ${placeOf(to)}`));
    const listed = Object.entries(NEIGHBOURS).flatMap(([from, all]) => all.map((to) => `${from} → ${to}`));
    expect(listed.filter((pair) => !used.has(pair))).toEqual([]);
  });

  test('neighbours form no circle', () => {
    const edges = Object.entries(NEIGHBOURS).flatMap(([from, all]) => all.map((to) => ({ from, to, typeOnly: false })));
    expect(circles(edges)).toEqual([]);
  });

  test('a query imports no operation: it changes nothing', () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith('orchestrator/queries/') && to.startsWith('orchestrator/operations/'),
    );
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual(QUERIES_OF_OPERATIONS);
  });

  test('the page takes nothing but types', () => {
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        placeOf(from) === PAGE && placeOf(to) !== PAGE && !typeOnly && !SHARED_WITH_PAGE.includes(to),
    );
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test('what the page shares imports nothing, so that nothing else comes into its build', () => {
    expect(imports.filter(({ from }) => SHARED_WITH_PAGE.includes(from))).toEqual([]);
  });

  test('nothing imports in a circle at run time', () => {
    expect(circles(imports.filter(({ typeOnly }) => !typeOnly))).toEqual([]);
  });

  test('every import names a file that is there', () => {
    expect(imports.filter(({ to }) => !isFile(join(SRC, to))).map(({ from, to }) => `${from}: ${to}`)).toEqual([]);
  });

  test(`no file is longer than ${MAX_LINES} lines`, () => {
    const styles = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.css'));
    expect(styles).not.toEqual([]);
    const lines = (file: string) => readFileSync(join(SRC, file), 'utf8').split('\n').length;
    const long = [...files, ...styles].filter((file) => lines(file) > MAX_LINES + 1);
    expect(long).toEqual([]);
  });

  test.each([
    ['what comes later', 'domain', 'executor', false],
    ['a stranger', 'workers', 'repository', false],
    ['another interface', 'mcp', 'http', false],
    ['a neighbour', 'orchestrator', 'ports', true],
    ['the domain', 'export', 'domain', true],
    ['itself', 'http', 'http', true],
    ['the composition root', 'cli', 'wire.ts', false],
    ['the composition root, for a part of a program', 'executor', 'wire-parts.ts', false],
    ['the composition root, for its entry point', 'executor/main.ts', 'wire-parts.ts', true],
    ['the store behind the operations', 'cli', 'repository', false],
  ])('the rule itself: %s (%s → %s) is %s', (_what, from, to, allowed) => {
    expect(mayImport(from, to)).toBe(allowed);
  });
});

describe('the map in src/README.md', () => {
  const map = readFileSync(join(SRC, 'README.md'), 'utf8');

  test('names every file and folder of src', () => {
    const entries = readdirSync(SRC, { withFileTypes: true }).filter(({ name }) => name !== 'README.md');
    const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
    expect(names.filter((name) => !map.includes(`\`${name}\``))).toEqual([]);
  });

  test('names only files and folders that are there', () => {
    expect(pathsIn(map).filter((path) => !path.some((from) => existsSync(from)))).toEqual([]);
    // What the test itself takes for a path.
    expect(pathsIn('| `x/` | `none.ts`, `y/` |').map(([first]) => relative(SRC, first ?? ''))).toEqual([
      'x',
      'x/none.ts',
      'x/y',
    ]);
    expect(pathsIn('`mcp/none.ts`, `ABP_X`, `abp run`, `*.ts`').map(([first]) => relative(SRC, first ?? ''))).toEqual([
      'mcp/none.ts',
    ]);
  });

  test.each([
    ['Job', JOB_TRANSITIONS],
    ['Unit', UNIT_TRANSITIONS],
    ['Attempt', ATTEMPT_TRANSITIONS],
  ])('%s states are those of the transition table', (noun, transitions) => {
    expect(statesIn(map, noun)).toEqual(transitions);
  });
});

function importsOf(file: string): readonly Import[] {
  const source = readFileSync(join(SRC, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const statements = source.matchAll(
    /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?from\s+)?['"](\.[^'"]+)['"]|import\(\s*['"](\.[^'"]+)['"]\s*\)/gm,
  );
  return [...statements].map(([, type, stated, dynamic = '']) => ({
    from: file,
    to: relative(SRC, join(SRC, dirname(file), stated ?? dynamic)),
    typeOnly: type !== undefined,
  }));
}

/** The folder of src that a file is in; its own path where it is in none, or the entry point of a program. */
function placeOf(file: string): string {
  return file in NEIGHBOURS ? file : (file.split('/')[0] ?? file);
}

function mayImport(from: string, to: string): boolean {
  return from === to || to === EVERYWHERE || NEIGHBOURS[from]?.includes(to) === true;
}

/** Each circle once, as the path that closes it. */
function circles(edges: readonly Import[]): readonly string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to]);
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' → '));
    if (path.includes(file) || done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of next.keys()) visit(file, []);
  return found;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * Each file and folder that a text names in backticks, with the places where it may be: beside what the line is about (the
 * first folder of a row), in src, or in the package.
 */
function pathsIn(text: string): readonly (readonly string[])[] {
  return text.split('\n').flatMap((line) => {
    const about = /^\| `([\w-]+\/)`/.exec(line)?.[1] ?? '';
    const named = [...line.matchAll(/`([\w./-]+)`/g)].map(([, name = '']) => name);
    const paths = named.filter((name) => /\/|\.(?:tsx?|json|md)$/.test(name));
    return paths.map((path) => [path === about ? '' : about, '', '..'].map((from) => join(SRC, from, path)));
  });
}

/** The table behind the heading `### <noun> states`: the first column may become what stands in the second. */
function statesIn(map: string, noun: string): Record<string, string[]> {
  const section = map.split(`### ${noun} states\n`)[1]?.split(/^#/m)[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const names = (cell = '') => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  return Object.fromEntries(
    rows.map((row) => {
      const [, from, to] = row.split('|');
      return [names(from)[0] ?? '', names(to)];
    }),
  );
}
