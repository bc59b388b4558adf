import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BENCHMARKS } from '../../bench/benchmarks/index.ts';
import { checkBudgets, readBudgets, YARDSTICK } from '../../bench/harness/budgets.ts';
import { linePlot } from '../../bench/harness/plot.ts';
import { show } from '../../bench/harness/report.ts';
import { growth, median, percentile } from '../../bench/harness/statistics.ts';
import { staleTables, updateTables } from '../../bench/harness/tables.ts';
import { packageRoot } from '../../src/package-root.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const BENCH = join(packageRoot(), 'bench');

test('the tables in the READMEs say what bench/results.json says (else: npm run bench -- --tables)', () => {
  expect(staleTables(BENCH).map(({ file }) => file)).toEqual([]);
});

test('every budget is of a benchmark that there is', () => {
  const names = BENCHMARKS.map(({ name }) => name);
  const strays = Object.keys(readBudgets(join(BENCH, 'budgets.json'))).filter(
    (id) => !names.includes(id.split('.')[0] ?? ''),
  );
  expect(strays).toEqual([]);
});

test('a budget is met, missed, or said not to be measured, by the median of the runs', () => {
  const budgets = {
    'a.time': { at_most: 10, why: '' },
    'a.ratio': { at_least: 1, why: '' },
    'a.large': { at_most: 1, needs: '--large' as const, why: '' },
    'a.peer': { at_least: 1, why: '' },
    'a.never': { at_least: 1, why: '' },
  };
  const figures = [
    { id: 'a.time', what: 't', measure: 's' as const, runs: [9, 10, 1000] },
    { id: 'a.ratio', what: 'r', measure: '×' as const, runs: [0.9, 5, 0.95] },
  ];
  const verdicts = checkBudgets(budgets, figures, new Map([['a.peer', 'parallel is not installed']]));
  expect(verdicts.map(({ id, state, text }) => [id, state, text])).toEqual([
    ['a.time', 'met', '10 s, at most 10 expected'],
    ['a.ratio', 'missed', '0.95 ×, at least 1 expected'],
    ['a.large', 'not measured', 'only with --large'],
    ['a.peer', 'not measured', 'parallel is not installed'],
    ['a.never', 'not measured', 'its benchmark did not run'],
  ]);
});

test('a budget of time grows on a machine that starts Node more slowly than it was made for, and no other does', () => {
  const budgets = { 'a.time': { at_most: 10, why: '' }, 'a.memory': { at_most: 10, why: '' } };
  const figures = [
    { id: YARDSTICK.id, what: 'n', measure: 'ms' as const, runs: [YARDSTICK.ms * 2] },
    { id: 'a.time', what: 't', measure: 'ms' as const, runs: [19] },
    { id: 'a.memory', what: 'm', measure: 'MB' as const, runs: [19] },
  ];
  expect(checkBudgets(budgets, figures, new Map()).map(({ state, text }) => [state, text])).toEqual([
    ['met', '19 ms, at most 10 × 2.0 (the speed of this machine) expected'],
    ['missed', '19 MB, at most 10 expected'],
  ]);
});

test('a table is brought up to date between its markers, and nowhere else', () => {
  const root = temporaryDirectory();
  const folder = join(root, 'bench');
  mkdirSync(folder);
  copyFileSync(join(BENCH, 'budgets.json'), join(folder, 'budgets.json'));
  const figure = { id: 'export.csv.seconds', what: 'to CSV | all', measure: 's', runs: [7, 8] };
  const results = {
    machine: '2 cores',
    benchmarks: { export: { date: '2026-01-02T00:00:00Z', seconds: 1, figures: [figure], skipped: {}, error: null } },
  };
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
  writeFileSync(join(root, 'README.md'), 'before\n<!-- performance -->\n<!-- /performance -->\nafter\n');
  writeFileSync(join(folder, 'README.md'), 'no markers\n');
  expect(staleTables(folder).map(({ file }) => file)).toEqual([join(root, 'README.md')]);
  updateTables(folder);
  expect(staleTables(folder)).toEqual([]);
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  expect(text).toMatch(/^before\n<!-- performance -->\n[\s\S]*<!-- \/performance -->\nafter\n$/);
  expect(text).toContain('| to CSV \\| all | 7.5 s | ≤ 10 s |');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe('no markers\n');
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

test('a percentile is a value that was seen', () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect([percentile(values, 0.5), percentile(values, 0.95), percentile(values, 1)]).toEqual([50, 95, 100]);
});

test('a line that stays flat has a growth of 1, one that doubles after its middle of 2', () => {
  expect(growth([9, 9, 5, 5, 5, 5, 5, 5, 5, 5])).toBe(1);
  expect(growth([1, 1, 5, 5, 5, 5, 10, 10, 10, 10])).toBe(2);
});

test('numbers are shown with the digits that matter', () => {
  expect([show(1234.5, 'ms'), show(12.345, 's'), show(0.1234, '×'), show(1_000_000, 'bytes')]).toEqual([
    '1,235 ms',
    '12.3 s',
    '0.12 ×',
    '1,000,000 bytes',
  ]);
});

test('a plot is one SVG with every point and the bound', () => {
  const points = [
    { x: 0, y: 50 },
    { x: 10, y: 60 },
  ];
  const svg = linePlot({ title: 'Memory', x: 'units', y: 'MB', bound: 150, points });
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  expect(/points="([^"]*)"/.exec(svg)?.[1]?.split(' ')).toHaveLength(2);
  expect(svg).toContain('class="bound"');
});
