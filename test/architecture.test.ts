import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ATTEMPT_TRANSITIONS } from '../src/domain/attempt.ts';
import { JOB_TRANSITIONS } from '../src/domain/job.ts';
import { UNIT_TRANSITIONS } from '../src/domain/unit.ts';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const MAX_LINES = 300;

/** Each layer imports itself and the layers above it in this list; those that share a line never import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['domain', 'package-root.ts'],
  ['config.ts'],
  ['enumerators', 'prompt', 'workers', 'repository', 'export'],
  ['approval'],
  ['executor'],
  ['orchestrator'],
  ['mcp', 'http', 'cli'],
  ['wire.ts'],
  ['main.ts'],
];
/** The page is a build of its own: nobody imports it, and it takes nothing from us but types. */
const PAGE = 'dashboard';
/** But for these, which import nothing: what a person cannot see, and where a sentence ends, is the same for every interface. */
const SHARED_WITH_PAGE: readonly string[] = ['domain/sentences.ts', 'domain/unseen-characters.ts'];
/** These import nothing but what stands here. */
const LEAVES: Readonly<Record<string, readonly string[]>> = {
  domain: ['domain'],
  'package-root.ts': [],
  'config.ts': ['domain'],
};

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
  test('every folder and file of src stands in a layer', () => {
    const known = new Set([...LAYERS.flat(), PAGE, 'README.md']);
    expect(readdirSync(SRC).filter((name) => !known.has(name))).toEqual([]);
  });

  test('each layer imports only itself and earlier ones, also for types', () => {
    const wrong = imports.filter(
      ({ from, to, typeOnly }) => !mayImport(layerOf(from), layerOf(to), typeOnly || SHARED_WITH_PAGE.includes(to)),
    );
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test('the leaves import nothing but the domain', () => {
    const wrong = imports.filter(({ from, to }) => LEAVES[layerOf(from)]?.includes(layerOf(to)) === false);
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
    ['a later layer', 'domain', 'executor', false],
    ['a neighbour', 'workers', 'repository', false],
    ['another interface', 'mcp', 'http', false],
    ['an earlier layer', 'orchestrator', 'domain', true],
    ['itself', 'http', 'http', true],
    ['the composition root', 'cli', 'wire.ts', false],
  ])('the rule itself: %s (%s → %s) is %s', (_what, from, to, allowed) => {
    expect(mayImport(from, to, false)).toBe(allowed);
  });
});

describe('the map in src/README.md', () => {
  const map = readFileSync(join(SRC, 'README.md'), 'utf8');

  test('names every folder of src', () => {
    const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !map.includes(`\`${name}/\``))).toEqual([]);
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

function layerOf(file: string): string {
  return file.split('/')[0] ?? file;
}

function mayImport(from: string, to: string, typeOnly: boolean): boolean {
  if (from === to) return true;
  if (from === PAGE) return typeOnly && rank(to) <= rank('orchestrator');
  return to !== PAGE && rank(to) < rank(from);
}

function rank(layer: string): number {
  const found = LAYERS.findIndex((names) => names.includes(layer));
  return found < 0 ? LAYERS.length : found;
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
