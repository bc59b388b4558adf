import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Benchmark, Measure } from '../harness/benchmark.ts';
import { openCaller } from '../harness/caller.ts';
import { writeFakeClaude } from '../harness/fake-claude.ts';
import { csvJob, numbersCsv, type Ran, runToEnd } from '../harness/job.ts';
import { has, seconds } from '../harness/peer.ts';

const SLOTS = 8;
const ROUNDS = { check: 3, full: 5, large: 5 } as const;
const UNITS = { check: 1500, full: 5000, large: 5000 } as const;
const STREAMING = { units: { check: 100, full: 300, large: 300 }, events: 50, rounds: 3 } as const;

const PEERS = {
  parallel: {
    args: (log: string, lines: string) => ['-j8', '--joblog', log, '-a', lines, 'echo', 'ok'],
    name: 'GNU parallel',
  },
  xargs: { args: (_: string, lines: string) => ['-P8', '-n1', '-a', lines, 'echo', 'ok'], name: 'xargs' },
} as const;

/** Overhead of ABP per attempt: as many instant programs as the machine can start, against specialised tools. */
export const overhead: Benchmark = {
  name: 'overhead',
  what: 'instant programs, 8 slots: units a second, CPU and memory, against GNU parallel and xargs on the same command',
  async run(bench) {
    await instant(bench);
    await streaming(bench);
  },
};

async function instant(bench: Bench): Promise<void> {
  const units = UNITS[bench.size];
  const csv = numbersCsv(bench.directory, units);
  const lines = join(bench.directory, 'lines');
  writeFileSync(lines, Array.from({ length: units }, (_, n) => `${n}\n`).join(''));
  const ours: Ran[] = [];
  const peers = Object.entries(PEERS).map(([id, peer]) => ({ id, ...peer, here: has(id), times: [] as number[] }));
  // The first round warms up. Ours and theirs alternate, so that other load affects both.
  for (let round = 0; round <= ROUNDS[bench.size]; round++) {
    const ran = await runOnce(
      bench,
      `instant-${round}`,
      csvJob(csv, { type: 'command', command: ['echo', 'ok'] }, SLOTS),
    );
    if (round > 0) ours.push(ran);
    for (const { id, args, here, times } of peers) {
      if (!here) continue;
      const time = seconds(id, args(join(bench.directory, `joblog-${round}`), lines));
      if (round > 0) times.push(time);
    }
  }
  recordRuns(bench, 'instant', `${units} instant units`, units, ours);
  for (const { id, name, here, times } of peers) {
    const ratio = `overhead.instant.${id}_ratio`;
    if (!here) {
      bench.skip([ratio], `${name} is not installed (Debian package ${id === 'xargs' ? 'findutils' : id})`);
      continue;
    }
    const measure = 'per second';
    bench.record({
      id: `overhead.${id}.units_per_second`,
      what: `${name}, same command`,
      measure,
      runs: times.map((time) => units / time),
    });
    const ratios = ours.map((ran, at) => (times[at] ?? Number.NaN) / ran.seconds);
    bench.record({ id: ratio, what: `units a second, against ${name}`, measure: '×', runs: ratios });
  }
}

/** A `claude` that streams: cost of reading and judging a conversation. */
async function streaming(bench: Bench): Promise<void> {
  const { events, rounds } = STREAMING;
  const units = STREAMING.units[bench.size];
  const csv = numbersCsv(bench.directory, units);
  const path = `${writeFakeClaude(bench.directory, events)}:${process.env.PATH}`;
  const runs: Ran[] = [];
  for (let round = 0; round <= rounds; round++) {
    const ran = await runOnce(bench, `streaming-${round}`, csvJob(csv, { type: 'claude' }, SLOTS), { PATH: path });
    if (round > 0) runs.push(ran);
  }
  recordRuns(bench, 'streaming', `${units} units of a fake claude with ${events} events`, units, runs);
}

async function runOnce(bench: Bench, name: string, job: Record<string, unknown>, environment = {}): Promise<Ran> {
  const caller = openCaller(bench.installation, join(bench.directory, name, 'batch.db'), environment);
  const { output } = await caller.call('create_job', job);
  const ran = await runToEnd(caller, String(output.job_id));
  await caller.close();
  return ran;
}

function recordRuns(bench: Bench, name: string, what: string, units: number, runs: readonly Ran[]): void {
  const record = (quantity: string, label: string, measure: Measure, of: (ran: Ran) => number) =>
    bench.record({ id: `overhead.${name}.${quantity}`, what: `${what}: ${label}`, measure, runs: runs.map(of) });
  record('units_per_second', 'throughput', 'per second', (ran) => units / ran.seconds);
  record('cpu_ms_per_unit', 'CPU of the executor, a unit', 'ms', (ran) => (ran.executor.cpuSeconds * 1000) / units);
  record(
    'keeper_cpu_ms_per_unit',
    'CPU of its keeper, a unit',
    'ms',
    ({ keeper }) => ((keeper?.cpuSeconds ?? 0) * 1000) / units,
  );
  record('peak_mb', 'peak memory of the executor', 'MB', (ran) => ran.executor.peakMb);
  record('keeper_peak_mb', 'peak memory of its keeper', 'MB', ({ keeper }) => keeper?.peakMb ?? 0);
}
