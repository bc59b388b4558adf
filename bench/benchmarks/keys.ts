import type { Benchmark } from '../harness/benchmark.ts';
import { measureCreation } from '../harness/creation.ts';
import { csvJob } from '../harness/job.ts';
import { customersCsvWithUuids } from '../harness/sources.ts';

const MILLION = 1_000_000;

/** From a source whose keys come in no order to stored units: each key is looked up and indexed at a random place. */
export const keys: Benchmark = {
  name: 'keys',
  what: 'a million rows with UUIDs as keys to stored units: time, CPU and memory of the process',
  async run(bench) {
    const file = await customersCsvWithUuids(bench.directory, MILLION);
    const worker = { type: 'command', command: ['echo', 'ok'] } as const;
    await measureCreation(
      bench,
      'keys.uuid_1m',
      'CSV, 1,000,000 rows with UUIDs as id_column',
      bench.size === 'check' ? 1 : 3,
      csvJob(file, worker, 4, { id_column: 'id' }),
    );
  },
};
