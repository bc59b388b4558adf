import { join } from 'node:path';
import type { Benchmark } from '../harness/benchmark.ts';
import { openCaller } from '../harness/caller.ts';
import { csvJob, numbersCsv, runToEnd } from '../harness/job.ts';

const [UNITS, SLOTS, SLEEP_S, ROUNDS] = [200, 16, 0.25, 3];

/** Share of slot time spent on work. */
export const efficiency: Benchmark = {
  name: 'efficiency',
  what: `${UNITS} units that sleep ${SLEEP_S * 1000} ms in ${SLOTS} slots: wall time against the ideal`,
  async run(bench) {
    const ideal = Math.ceil(UNITS / SLOTS) * SLEEP_S;
    const csv = numbersCsv(bench.directory, UNITS);
    const runs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const caller = openCaller(bench.installation, join(bench.directory, `store-${round}`, 'batch.db'));
      const worker = { type: 'command', command: ['sh', '-c', `sleep ${SLEEP_S}; echo ok`] };
      const { output } = await caller.call('create_job', csvJob(csv, worker, SLOTS));
      runs.push((await runToEnd(caller, String(output.job_id))).seconds);
      await caller.close();
    }
    const what = `${UNITS} units of ${SLEEP_S * 1000} ms in ${SLOTS} slots`;
    bench.record({ id: 'efficiency.seconds', what: `${what}: wall time (ideal ${ideal} s)`, measure: 's', runs });
    bench.record({
      id: 'efficiency.ratio',
      what: `${what}: wall time against the ideal`,
      measure: '×',
      runs: runs.map((time) => time / ideal),
    });
  },
};
