import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCHMARKS } from './benchmarks/index.ts';
import type { Size } from './harness/benchmark.ts';
import { checkBudgets, readBudgets } from './harness/budgets.ts';
import { figuresOf, keepResults, type Results, skippedIn } from './harness/results.ts';
import { runAll } from './harness/session.ts';
import { staleTables, updateTables } from './harness/tables.ts';

const HERE = import.meta.dirname;
const USAGE = `npm run bench [-- [NAME…] [options]]

  NAME       only these benchmarks
  --list     their names, and what they measure
  --check    less of everything, within 9 minutes, held against bench/budgets.json; exit 1 when one is missed
  --large    also 10 million rows and 1 GB
  --json     the figures as JSON on stdout; everything else goes to stderr
  --keep     keep the figures in bench/results.json, the plot beside it, and bring the tables up to date
  --tables   only bring the tables in the READMEs up to date from bench/results.json; exit 1 with --check when they are not
`;

const flag = { type: 'boolean', default: false } as const;
const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { list: flag, check: flag, large: flag, json: flag, keep: flag, tables: flag, help: flag },
});

process.exitCode = await main();

async function main(): Promise<number> {
  if (options.help) return say(USAGE);
  if (options.list) return say(BENCHMARKS.map(({ name, what }) => `${name.padEnd(12)} ${what}\n`).join(''));
  if (options.tables) return options.check ? checkTables() : tables();
  const unknown = names.filter((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
  if (unknown.length > 0) return refuse(`No benchmark ${unknown.join(', ')}.\n\n${USAGE}`);
  if (process.platform !== 'linux') return refuse('The benchmarks read /proc: they run on Linux.\n');
  const size: Size = options.large ? 'large' : options.check ? 'check' : 'full';
  // A check needs the speed of the machine as a yardstick.
  const asked = options.check && names.length > 0 ? [...names, 'machine'] : names;
  const chosen = BENCHMARKS.filter(({ name }) => asked.length === 0 || asked.includes(name));
  const results = await runAll(chosen, size, options.keep ? HERE : null);
  if (options.json) say(`${JSON.stringify(results, null, 2)}\n`);
  if (options.keep) {
    keepResults(join(HERE, 'results.json'), results);
    updateTables(HERE);
  }
  const broke = Object.values(results.benchmarks).some(({ error }) => error !== null);
  const missed = options.check && check(results);
  return broke || missed ? 1 : 0;
}

/** Compares figures with the budgets of the benchmarks that ran; true if one is missed. */
function check(results: Results): boolean {
  const budgets = readBudgets(join(HERE, 'budgets.json'));
  const ran = Object.keys(results.benchmarks);
  const asked = Object.fromEntries(Object.entries(budgets).filter(([id]) => ran.includes(id.split('.')[0] ?? '')));
  const verdicts = checkBudgets(asked, figuresOf(results), skippedIn(results));
  process.stderr.write('\nBudgets\n');
  for (const { id, state, text } of verdicts) process.stderr.write(`  ${state.padEnd(12)} ${id}: ${text}\n`);
  const count = (state: string) => verdicts.filter((verdict) => verdict.state === state).length;
  process.stderr.write(`${count('met')} met, ${count('missed')} missed, ${count('not measured')} not measured\n`);
  return count('missed') > 0;
}

function tables(): number {
  updateTables(HERE);
  return 0;
}

function checkTables(): number {
  const stale = staleTables(HERE);
  for (const { file } of stale) process.stderr.write(`${file}: its table is not what bench/results.json says\n`);
  return stale.length > 0 ? 1 : 0;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function refuse(text: string): number {
  process.stderr.write(text);
  return 2;
}
