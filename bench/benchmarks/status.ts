import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { type Caller, openCaller } from '../harness/caller.ts';
import { start } from '../harness/job.ts';
import { MILLION, millionUnits } from '../harness/million.ts';
import { percentile } from '../harness/statistics.ts';

const CALLS = { check: 100, full: 300, large: 300 } as const;
const DONE = MILLION / 2;

/** Frequent queries at a million units, idle and while 8 slots write. */
export const status: Benchmark = {
  name: 'status',
  what: 'get_job_status, list_units and get_unit at 1,000,000 units, idle and while 8 slots write',
  async run(bench) {
    const { storagePath, jobId } = await millionUnits(bench, DONE, 'store');
    const caller = openCaller(bench.installation, storagePath);
    await ask(bench, caller, jobId, 'idle');
    const executor = await start(caller, jobId);
    await ask(bench, caller, jobId, 'running');
    await caller.call('pause_job', { job_id: jobId, hard: true });
    await gone(executor);
    await caller.close();
  },
};

async function ask(bench: Bench, caller: Caller, jobId: string, state: 'idle' | 'running'): Promise<void> {
  const page = { job_id: jobId, limit: 50 };
  const calls: Readonly<Record<string, readonly [string, Record<string, unknown>]>> = {
    get_job_status: ['get_job_status', { job_id: jobId }],
    list_units_first: ['list_units', page],
    list_units_middle: ['list_units', { ...page, cursor: String(MILLION / 2) }],
    list_units_last: ['list_units', { ...page, cursor: String(MILLION - 51) }],
    list_units_failed: ['list_units', { ...page, status: ['failed'] }],
    list_units_class: ['list_units', { ...page, failure_class: 'agent_error', cursor: String(DONE / 2) }],
    get_unit: ['get_unit', { job_id: jobId, unit: DONE / 4 }],
  };
  const times: Record<string, number[]> = {};
  // Queries alternate as in practice; the first round warms up.
  for (let turn = 0; turn <= CALLS[bench.size]; turn++) {
    for (const [name, [operation, input]] of Object.entries(calls)) {
      const { ms } = await caller.call(operation, input);
      if (turn > 0) times[name] = [...(times[name] ?? []), ms];
    }
  }
  for (const [name, runs] of Object.entries(times)) {
    for (const [quantity, share] of [
      ['p50', 0.5],
      ['p95', 0.95],
    ] as const) {
      const id = `status.${state}.${name}_${quantity}_ms`;
      bench.record({
        id,
        what: `${name} at 1,000,000 units, ${state}, ${quantity} of ${runs.length}`,
        measure: 'ms',
        runs: [percentile(runs, share)],
      });
    }
  }
}

async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
