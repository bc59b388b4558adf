import { join } from 'node:path';
import type { Benchmark } from '../harness/benchmark.ts';
import { openCaller } from '../harness/caller.ts';
import { csvJob, numbersCsv, runToEnd } from '../harness/job.ts';
import { linePlot, type Point } from '../harness/plot.ts';
import { growth } from '../harness/statistics.ts';

const UNITS = { check: 10_000, full: 50_000, large: 50_000 } as const;
const SLOTS = 16;
const LOOK_MS = 250;

/** Memory of an executor over a long job. */
export const memory: Benchmark = {
  name: 'memory',
  what: 'memory of the executor over the units of a long job: a line that stays flat',
  async run(bench) {
    const units = UNITS[bench.size];
    const caller = openCaller(bench.installation, join(bench.directory, 'store', 'batch.db'));
    const csv = numbersCsv(bench.directory, units);
    const { output } = await caller.call(
      'create_job',
      csvJob(csv, { type: 'command', command: ['echo', 'ok'] }, SLOTS),
    );
    const jobId = String(output.job_id);
    const points: Point[] = [];
    let done = 0;
    const look = async () => {
      const { output: now } = await caller.call('get_job_status', { job_id: jobId });
      done = (now.units as { completed: number }).completed;
    };
    const counting = setInterval(() => void look(), LOOK_MS);
    let lookedAt = 0;
    const ran = await runToEnd(caller, jobId, ({ nowMb }) => {
      if (performance.now() - lookedAt < LOOK_MS) return;
      lookedAt = performance.now();
      points.push({ x: done, y: nowMb });
    });
    clearInterval(counting);
    await caller.close();
    const what = `${units.toLocaleString('en-US')} units`;
    bench.record({
      id: 'memory.executor.peak_mb',
      what: `${what}: peak memory of the executor`,
      measure: 'MB',
      runs: [ran.executor.peakMb],
    });
    bench.record({
      id: 'memory.executor.growth',
      what: `${what}: memory in the last fifth against the middle one`,
      measure: '×',
      runs: [growth(points.map(({ y }) => y))],
    });
    bench.record({
      id: 'memory.executor.cpu_ms_per_unit',
      what: `${what}: CPU of the executor, a unit`,
      measure: 'ms',
      runs: [(ran.executor.cpuSeconds * 1000) / units],
    });
    bench.record({
      id: 'memory.executor.units_per_second',
      what: `${what}: throughput with ${SLOTS} slots`,
      measure: 'per second',
      runs: [units / ran.seconds],
    });
    bench.keep(
      'memory.svg',
      linePlot({ title: `Memory of the executor over ${what}`, x: 'units done', y: 'MB', bound: 150, points }),
    );
  },
};
