import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Caller } from './caller.ts';
import { childOf, type Used, watch } from './process.ts';

/** A CSV file with `rows` rows of `n`, from 0. Returns its path. */
export function numbersCsv(directory: string, rows: number): string {
  const path = join(directory, `numbers-${rows}.csv`);
  writeFileSync(path, `n\n${Array.from({ length: rows }, (_, n) => n).join('\n')}\n`);
  return path;
}

/** Arguments of a `create_job` for every row of a CSV file. */
export function csvJob(file: string, worker: Readonly<Record<string, unknown>>, slots: number, config: object = {}) {
  return {
    name: 'bench',
    intent: 'run',
    template: 'Do this one: {payload}',
    source: { type: 'csv', file_path: file, ...config },
    worker,
    limits: { max_workers: slots },
  };
}

/** A job that ran to its end. */
export interface Ran {
  /** Time from the call that starts it to the commit that ends it, including the start of the executor. */
  readonly seconds: number;
  readonly executor: Used;
  /** The keeper, which spawns processes for the executor. */
  readonly keeper: Used | null;
}

/** Approves a job as a person would, since workers of benchmarks run programs. */
async function allow(caller: Caller, jobId: string): Promise<void> {
  const { output } = await caller.call('job_approval', { job_id: jobId });
  if (output.allowed !== true) await caller.call('allow_job', { job_id: jobId, shown: output.shown });
}

/** Runs a created job, without a test, to its end; throws unless every unit completed. */
export async function runToEnd(caller: Caller, jobId: string, onLook?: (used: Used) => void): Promise<Ran> {
  await allow(caller, jobId);
  const started = Date.now();
  const { output } = await caller.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 });
  const { pid } = output.executor as { pid: number };
  const executor = watch(pid, onLook);
  let keeper: ReturnType<typeof watch> | null = null;
  for (;;) {
    const child = keeper === null ? childOf(pid, 'keeper-main') : null;
    if (child !== null) keeper = watch(child);
    const { output: now } = await caller.call('get_job_status', { job_id: jobId, wait_seconds: keeper ? 45 : 0 });
    if (now.status === 'running') continue;
    const used = { executor: executor.end(), keeper: keeper?.end() ?? null };
    if (now.status !== 'completed') throw new Error(`The job ended ${String(now.status)}: ${JSON.stringify(now)}`);
    return { seconds: (Date.parse(String(now.ended_at)) - started) / 1000, ...used };
  }
}

/** Starts a created job and returns the pid of its executor at once. */
export async function start(caller: Caller, jobId: string): Promise<number> {
  await allow(caller, jobId);
  const { output } = await caller.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 });
  return (output.executor as { pid: number }).pid;
}
