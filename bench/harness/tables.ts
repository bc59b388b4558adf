import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Figure } from './benchmark.ts';
import { type Budgets, readBudgets } from './budgets.ts';
import { show } from './report.ts';
import { figuresOf, type Results, readResults } from './results.ts';
import { median } from './statistics.ts';

/** A generated table in a Markdown file, between `<!-- MARKER -->` and `<!-- /MARKER -->`. */
interface Table {
  /** Path relative to the folder of the benchmarks. */
  readonly file: string;
  readonly marker: string;
  readonly make: (results: Results, budgets: Budgets) => string;
}

const TABLES: readonly Table[] = [
  { file: 'README.md', marker: 'figures', make: figures },
  { file: '../README.md', marker: 'performance', make: promises },
];

/** A file with an outdated table, with its correct content; null = it has no markers. */
export interface Stale {
  readonly file: string;
  readonly text: string;
}

/** Files whose tables differ from `results.json` and `budgets.json` in the folder of the benchmarks. */
export function staleTables(folder: string): readonly Stale[] {
  const results = readResults(join(folder, 'results.json'));
  if (results === null) return [];
  const budgets = readBudgets(join(folder, 'budgets.json'));
  return TABLES.flatMap(({ file, marker, make }) => {
    const path = join(folder, file);
    if (!existsSync(path)) return [];
    const before = readFileSync(path, 'utf8');
    const between = new RegExp(`(<!-- ${marker} -->\n)[^]*?(<!-- /${marker} -->)`);
    const text = before.replace(
      between,
      (_, open: string, close: string) => `${open}\n${make(results, budgets)}\n\n${close}`,
    );
    return text === before ? [] : [{ file: path, text }];
  });
}

/** Updates the tables. */
export function updateTables(folder: string): void {
  for (const { file, text } of staleTables(folder)) writeFileSync(file, text);
}

/** Table of all figures, with their budgets. */
function figures(results: Results, budgets: Budgets): string {
  const parts = Object.entries(results.benchmarks).map(([name, { date, figures: measured }]) => {
    const rows = measured.map((figure) => [figure.what, value(figure), range(figure), budget(figure, budgets)]);
    return `### ${name}\n\n${table(['what', 'median', 'range (runs)', 'budget'], rows)}\n\n_Measured ${date.slice(0, 10)}._`;
  });
  return `${results.machine}\n\n${parts.join('\n\n')}`;
}

/** Table of the headline budgets and their figures. */
function promises(results: Results, budgets: Budgets): string {
  const measured = figuresOf(results);
  const rows = Object.entries(budgets).flatMap(([id, { headline }]) => {
    const figure = measured.find((candidate) => candidate.id === id);
    return figure && headline ? [[figure.what, value(figure), budget(figure, budgets)]] : [];
  });
  return `${table(['what', 'measured', 'budget'], rows)}\n\n${results.machine}.`;
}

function value(figure: Figure): string {
  return show(median(figure.runs), figure.measure);
}

function range({ runs, measure }: Figure): string {
  if (runs.length < 2) return '';
  return `${show(Math.min(...runs), measure)} – ${show(Math.max(...runs), measure)} (${runs.length})`;
}

function budget({ id, measure }: Figure, budgets: Budgets): string {
  const found = budgets[id];
  if (!found) return '';
  return found.at_most === undefined ? `≥ ${show(found.at_least ?? 0, measure)}` : `≤ ${show(found.at_most, measure)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
