import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import Database from 'better-sqlite3';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { abpEnvironment, openCaller } from '../harness/caller.ts';
import { start } from '../harness/job.ts';
import { MILLION, millionUnits, type Prepared } from '../harness/million.ts';
import { usedBy } from '../harness/process.ts';

const RUNS = 5;
/** Units that the new executor starts before it is killed in turn. */
const UNITS_BETWEEN = 30;

/** Downtime of a job of a million units after its executor was killed. */
export const recovery: Benchmark = {
  name: 'recovery',
  what: 'from the start of a new executor to its first unit, after SIGKILL in a job of 1,000,000 units, 500,000 of them done',
  async run(bench) {
    const prepared = await millionUnits(bench, MILLION / 2, 'store');
    const caller = openCaller(bench.installation, prepared.storagePath);
    const first = await start(caller, prepared.jobId);
    const ledger = new Database(prepared.storagePath, { readonly: true });
    const attempts = attemptsAfter(ledger, prepared.jobId);
    await attempts(lastEvent(ledger), UNITS_BETWEEN);
    process.kill(first, 'SIGKILL');
    const times: number[] = [];
    const peaks: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const before = lastEvent(ledger);
      const startedAt = Date.now();
      const executor = startExecutor(bench, prepared);
      const [firstAt = Number.NaN] = await attempts(before, UNITS_BETWEEN);
      times.push((firstAt - startedAt) / 1000);
      peaks.push(usedBy(executor.pid ?? 0)?.peakMb ?? Number.NaN);
      executor.kill('SIGKILL');
      await once(executor, 'exit');
    }
    await caller.call('cancel_job', { job_id: prepared.jobId });
    await caller.close();
    ledger.close();
    bench.record({
      id: 'recovery.first_unit_seconds',
      what: 'start of a new executor to its first unit',
      measure: 's',
      runs: times,
    });
    bench.record({ id: 'recovery.peak_mb', what: 'peak memory of that executor by then', measure: 'MB', runs: peaks });
  },
};

function startExecutor({ installation }: Bench, { storagePath, jobId }: Prepared): ChildProcess {
  return spawn(process.execPath, [installation.program('executor/main'), jobId], {
    stdio: 'ignore',
    env: abpEnvironment(storagePath),
  });
}

/** Waits until so many attempts have started after an event; returns the time. */
function attemptsAfter(ledger: Database.Database, jobId: string) {
  const select = ledger.prepare<[string, number, number], { at: number }>(
    "SELECT at FROM events WHERE job_id = ? AND seq > ? AND type = 'attempt:started' ORDER BY seq LIMIT ?",
  );
  return async (seq: number, count: number): Promise<readonly number[]> => {
    for (;;) {
      const found = select.all(jobId, seq, count);
      if (found.length === count) return found.map(({ at }) => at);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
}

function lastEvent(ledger: Database.Database): number {
  return (ledger.prepare('SELECT max(seq) AS seq FROM events').get() as { seq: number }).seq;
}
