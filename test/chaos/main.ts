import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install } from '../../bench/harness/installation.ts';
import { type Round, runRound } from './round.ts';

/**
 * The chaos suite: `node test/chaos/main.ts [--rounds 40] [--seed 1] [--parallel 4] [--keep]`. Round n of a seed makes
 * the same choices every time; `--seed S --only N` repeats one.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    seed: { type: 'string', default: '20261121' },
    parallel: { type: 'string', default: '4' },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

const seed = Number(values.seed);
const rounds =
  values.only === undefined ? Array.from({ length: Number(values.rounds) }, (_, n) => n) : [Number(values.only)];
const root = mkdtempSync(join(tmpdir(), 'abp-chaos-'));
// Users run the package, not its sources; it also starts in half the time.
const installation = install(join(root, 'installation'));
const failed: string[] = [];
let passed = 0;

console.log(`chaos: ${rounds.length} rounds, seed ${seed}`);
const waiting = [...rounds];
await Promise.all(Array.from({ length: Number(values.parallel) }, work));
if (!values.keep && failed.length === 0) rmSync(root, { recursive: true, force: true });
for (const text of failed) console.log(`\n${text}`);
if (failed.length > 0) console.log(`\nThe folders are kept in ${root}.`);
console.log(`\n${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;

async function work(): Promise<void> {
  for (let n = waiting.shift(); n !== undefined; n = waiting.shift()) {
    const folder = join(root, `round-${n}`);
    mkdirSync(folder);
    const started = performance.now();
    try {
      report(n, await runRound(seed * 1000 + n, folder, installation), started);
      passed += 1;
      if (!values.keep) rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failed.push(`Round ${n} (repeat it: npm run test:chaos -- --seed ${seed} --only ${n}):\n${text}`);
      console.log(`round ${n}: FAILED`);
    }
  }
}

function report(n: number, { actions }: Round, started: number): void {
  console.log(`round ${n}: ok in ${((performance.now() - started) / 1000).toFixed(1)} s: ${actions.join(', ')}`);
}
