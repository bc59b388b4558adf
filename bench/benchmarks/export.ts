import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Benchmark } from '../harness/benchmark.ts';
import { openCaller } from '../harness/caller.ts';
import { MILLION, millionUnits } from '../harness/million.ts';
import { watch } from '../harness/process.ts';
import { growth } from '../harness/statistics.ts';

const RUNS = { check: 1, full: 3, large: 3 } as const;

/** All results of a large job to a file. */
export const exporting: Benchmark = {
  name: 'export',
  what: '1,000,000 units with results to CSV and JSON Lines: time and memory',
  async run(bench) {
    const { storagePath, jobId } = await millionUnits(bench, MILLION, 'store');
    for (const format of ['csv', 'jsonl'] as const) {
      const times: number[] = [];
      const peaks: number[] = [];
      const growths: number[] = [];
      let size = 0;
      for (let run = 0; run < RUNS[bench.size]; run++) {
        const caller = openCaller(bench.installation, storagePath);
        await caller.call('list_jobs', {});
        const path = join(bench.directory, `results-${run}.${format}`);
        const sizes: number[] = [];
        const watched = watch(caller.pid, ({ nowMb }) => sizes.push(nowMb));
        const { output, ms } = await caller.call('export_results', { job_id: jobId, format, path });
        if (output.rows !== MILLION) throw new Error(`Expected ${MILLION} rows, found ${String(output.rows)}.`);
        times.push(ms / 1000);
        peaks.push(watched.end().peakMb);
        growths.push(growth(sizes));
        size = statSync(path).size;
        await caller.close();
      }
      const what = `1,000,000 units to ${format} (${Math.round(size / 2 ** 20)} MB)`;
      bench.record({ id: `export.${format}.seconds`, what: `${what}: time`, measure: 's', runs: times });
      bench.record({
        id: `export.${format}.growth`,
        what: `${what}: memory in the last fifth against the middle one`,
        measure: '×',
        runs: growths,
      });
      bench.record({ id: `export.${format}.peak_mb`, what: `${what}: peak memory`, measure: 'MB', runs: peaks });
    }
  },
};
