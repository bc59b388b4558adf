import { resolve } from 'node:path';
import { z } from 'zod';
import { toAbpError } from '../domain/error.ts';
import { ENDED } from '../domain/job.ts';
import { UNIT_STATUSES, type UnitStatus } from '../domain/unit.ts';
import { exportRows } from '../executor/export-rows.ts';
import { formerExports } from '../executor/former-exports.ts';
import { keepOutputsPrivate } from '../executor/write-target.ts';
import { EXPORT_FORMATS, type ExportFormatName, exportUnits } from '../export/index.ts';
import type { ExportOptions, ExportReport } from '../export/write-units.ts';
import { exportPlace } from './export-place.ts';
import { type OrchestratorDeps, operation, requireStoredJob } from './operation.ts';
import { jobId } from './shapes.ts';
import { shownSkipped } from './source-notes.ts';
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
    'Writes units with payload and result to a file: csv, tsv, markdown with one column a field; jsonl, json with everything. Works at any time; marked as partial until the job has ended. Replaces what it wrote there before, if nobody changed it; any other file only with force.',
  input: z.strictObject({
    job_id: jobId,
    format: z.enum(EXPORT_FORMATS as readonly [ExportFormatName, ...ExportFormatName[]]),
    path: z.string().min(1).max(4096).describe('File to write, absolute'),
    status: z.array(z.enum(UNIT_STATUSES)).min(1).max(6).optional().describe('Only units in one of these; default all'),
    fields: z.array(z.string().max(500)).min(1).max(200).optional().describe('Only these columns, in this order'),
    force: z.boolean().optional().describe('Replace any file'),
    raw: z.boolean().optional().describe('Leave formulas of a spreadsheet unguarded'),
  }),
  output: z.looseObject({
    job_id: z.string(),
    path: z.string(),
    format: z.string(),
    rows: z.int(),
    partial: z.boolean(),
  }),
  effect: 'destructive',
  async run(deps, { job_id, format, path, status, fields, force, raw }, call) {
    const { repository } = deps;
    const job = requireStoredJob(deps, job_id);
    const target = resolve(call.workingDirectory, path);
    const place = exportPlace(deps, job, { path: target, format }, call);
    keepOutputsPrivate(deps.places, place);
    const report = await writeResults(deps, format, { job_id, status }, place, {
      former: formerExports(repository, job_id, place),
      ...(fields ? { fields } : {}),
      ...(force === undefined ? {} : { force }),
      ...(raw === undefined ? {} : { raw }),
      ...(call.signal ? { signal: call.signal } : {}),
    });
    const { rows, partial, sha256 } = report;
    const data = { path: place, format, rows, partial, sha256 };
    try {
      repository.transaction((tx) => repository.events.add(tx, job_id, { type: 'results:exported', data }));
    } catch (error) {
      // It is exported: a store that cannot be written (a full or read-only disk) only keeps no record of it.
      if (toAbpError(error).code !== 'environment') throw error;
    }
    return {
      job_id,
      ...report,
      path: target,
      ...shownSkipped(deps, job_id),
      next: nextBeside(deps, requireStoredJob(deps, job_id), 'export_results'),
    };
  },
});
