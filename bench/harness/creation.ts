import { join } from 'node:path';
import type { Bench } from './benchmark.ts';
import { openCaller } from './caller.ts';

/** Creates a job in a new process and store each time, and records time, CPU and memory. Returns the highest peak in MB. */
export async function measureCreation(
  bench: Bench,
  name: string,
  what: string,
  runs: number,
  job: Record<string, unknown>,
): Promise<number> {
  const times: number[] = [];
  const cpu: number[] = [];
  const peaks: number[] = [];
  for (let run = 0; run < runs; run++) {
    const caller = openCaller(
      bench.installation,
      join(bench.directory, `${name.replaceAll('.', '-')}-${run}`, 'batch.db'),
    );
    // The process is there and has opened its store.
    await caller.call('list_jobs', {});
    const before = caller.used();
    times.push((await caller.call('create_job', job)).ms / 1000);
    const after = caller.used();
    cpu.push(after.cpuSeconds - before.cpuSeconds);
    peaks.push(after.peakMb);
    await caller.close();
  }
  bench.record({ id: `${name}.seconds`, what: `${what}: time`, measure: 's', runs: times });
  bench.record({ id: `${name}.cpu_seconds`, what: `${what}: CPU`, measure: 's', runs: cpu });
  bench.record({ id: `${name}.peak_mb`, what: `${what}: peak memory`, measure: 'MB', runs: peaks });
  return Math.max(...peaks);
}
