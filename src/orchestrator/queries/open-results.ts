import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { EXPORT_FORMATS } from '../../domain/export-format.ts';
import { ENDED } from '../../domain/job.ts';
import type { UnitStatus } from '../../domain/unit.ts';
import { exportUnits } from '../../export/index.ts';
import { exportRows } from '../../export/rows.ts';
import type { ExportOptions, ExportReport } from '../../export/write-units.ts';
import { IN_PROCESS, type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { exportFields, jobId } from '../shapes.ts';

/** Writes the results of a job to a temporary file without a name, for a download. */
export const openResults = operation({
  name: 'open_results',
  title: 'Results as an open file',
  interfaces: IN_PROCESS,
  description:
    'The results of a job in a file that only the caller can read, and the report of the export. The caller closes it. Records nothing.',
  input: z.strictObject({
    job_id: jobId,
    ...exportFields,
    format: z.enum(EXPORT_FORMATS),
  }),
  output: z.looseObject({ file: z.custom<FileHandle>(), rows: z.int(), partial: z.boolean() }),
  effect: 'read',
  async run(deps, { job_id, format, status, fields, raw }, { signal }) {
    // A file, since the columns are known only at the end.
    const folder = await mkdtemp(join(tmpdir(), 'abp-export-'));
    try {
      const path = join(folder, 'results');
      const report = await writeResults(deps, format, { job_id, status }, path, {
        ...(signal ? { signal } : {}),
        ...(fields ? { fields } : {}),
        ...(raw === undefined ? {} : { raw }),
      });
      return { ...report, file: await open(path) };
    } finally {
      // An open file stays readable, and none remains when its reader fails.
      await rm(folder, { recursive: true, force: true });
    }
  },
});

/**
 * Writes a job's units, or those in some statuses, to a file; the report is `partial` until the job has ended. Records no
 * event.
 */
export async function writeResults(
  deps: OrchestratorDeps,
  format: string,
  { job_id, status }: { readonly job_id: string; readonly status?: readonly UnitStatus[] | undefined },
  target: string,
  options: Omit<ExportOptions, 'partial'>,
): Promise<ExportReport> {
  const job = await requireStoredJob(deps, job_id);
  const partial = !ENDED.includes(job.status);
  return exportUnits(format, () => exportRows(deps.repository, job, status), target, { ...options, partial });
}
