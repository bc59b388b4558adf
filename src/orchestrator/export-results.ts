import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { toAbpError } from '../domain/error.ts';
import { ENDED } from '../domain/job.ts';
import { UNIT_STATUSES, type UnitStatus } from '../domain/unit.ts';
import { exportRows } from '../executor/export-rows.ts';
import { EXPORT_FORMATS, type ExportFormatName, exportUnits } from '../export/index.ts';
import type { ExportOptions, ExportReport } from '../export/write-units.ts';
import { type OrchestratorDeps, operation, requireStoredJob } from './operation.ts';
import { jobId } from './shapes.ts';
import { nextBeside } from './status.ts';

/** Writes a job's units, or those in some statuses, to a file; of a job that goes on it is partial. Leaves no event. */
export function writeResults(
  deps: OrchestratorDeps,
  format: ExportFormatName,
  { job_id, status }: { readonly job_id: string; readonly status?: readonly UnitStatus[] | undefined },
  target: string,
  options: Omit<ExportOptions, 'partial'>,
): Promise<ExportReport> {
  const job = requireStoredJob(deps, job_id);
  const partial = !ENDED.includes(job.status);
  return exportUnits(format, () => exportRows(deps.repository, job, status), target, { ...options, partial });
}

/** Writes a job's results to a file. */
export const exportResults = operation({
  name: 'export_results',
  title: 'Export results to a file',
  description:
    'Writes units with payload and result to a file: csv and markdown with one column a field, jsonl and json with everything. Works at any time; until the job has ended the export is marked as partial. Keeps an existing file unless force is set.',
  input: z.strictObject({
    job_id: jobId,
    format: z.enum(EXPORT_FORMATS as readonly [ExportFormatName, ...ExportFormatName[]]),
    path: z.string().min(1).max(4096).describe('File to write, absolute'),
    status: z.array(z.enum(UNIT_STATUSES)).min(1).max(6).optional().describe('Only units in one of these; default all'),
    fields: z.array(z.string().max(500)).min(1).max(200).optional().describe('Only these columns, in this order'),
    force: z.boolean().optional().describe('Replace an existing file'),
    raw: z.boolean().optional().describe('Do not guard text that a spreadsheet would run as a formula'),
  }),
  output: z.looseObject({
    job_id: z.string(),
    path: z.string(),
    format: z.string(),
    rows: z.int(),
    partial: z.boolean(),
  }),
  effect: 'write',
  async run(deps, { job_id, format, path, status, fields, force, raw }, call) {
    const { repository } = deps;
    const target = isAbsolute(path) ? path : resolve(call.workingDirectory, path);
    const report = await writeResults(deps, format, { job_id, status }, target, {
      ...(fields ? { fields } : {}),
      ...(force === undefined ? {} : { force }),
      ...(raw === undefined ? {} : { raw }),
      ...(call.signal ? { signal: call.signal } : {}),
    });
    const { path: written, rows, partial } = report;
    try {
      repository.transaction((tx) =>
        repository.events.add(tx, job_id, { type: 'results:exported', data: { path: written, format, rows, partial } }),
      );
    } catch (error) {
      // It is exported: a store that cannot be written (a full or read-only disk) only keeps no record of it.
      if (toAbpError(error).code !== 'environment') throw error;
    }
    return { job_id, ...report, next: nextBeside(deps, requireStoredJob(deps, job_id), 'export_results') };
  },
});
