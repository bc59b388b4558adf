import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Bench, Benchmark } from '../harness/benchmark.ts';

/** A result may have 8 MB; hostile texts are many, so each is measured with less. */
const [HEX_MB, HOSTILE_MB] = [8, 4];
const ROUNDS = { check: 1, full: 3, large: 3 } as const;

/** Redaction of any agent output takes time that grows with its length alone. */
export const redaction: Benchmark = {
  name: 'redact',
  what: `${HEX_MB} MB of a hex dump, and ${HOSTILE_MB} MB of every text that could make a pattern slow, redacted`,
  async run(bench) {
    const [hex, slowest, growth]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < ROUNDS[bench.size]; round++) {
      const half = await timesOf(bench, HOSTILE_MB / 2);
      const whole = await timesOf(bench, HOSTILE_MB);
      const sum = (times: readonly number[]) => times.reduce((all, ms) => all + ms, 0);
      hex.push(whole.hexMs);
      slowest.push(Math.max(...whole.hostileMs));
      growth.push(sum(whole.hostileMs) / sum(half.hostileMs));
    }
    const what = `the slowest of ${HOSTILE_MB} MB of each hostile text`;
    bench.record({ id: 'redact.hex_ms', what: `${HEX_MB} MB of a hex dump`, measure: 'ms', runs: hex });
    bench.record({ id: 'redact.slowest_ms', what, measure: 'ms', runs: slowest });
    bench.record({ id: 'redact.growth', what: 'all of them, twice as long, against once', measure: '×', runs: growth });
  },
};

interface Times {
  readonly hexMs: number;
  readonly hostileMs: readonly number[];
}

async function timesOf({ installation }: Bench, megabytes: number): Promise<Times> {
  const args = [installation.program('redact'), String(HEX_MB * 1e6), String(megabytes * 1e6)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Times;
}
