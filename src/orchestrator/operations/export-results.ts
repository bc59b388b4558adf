import { resolve } from 'node:path';
import { z } from 'zod';
import { AbpError, toAbpError } from '../../domain/error.ts';
import { requireFormatOf } from '../../domain/export-format.ts';
import { ENDED, type Job } from '../../domain/job.ts';
import type { UnitStatus } from '../../domain/unit.ts';
import { notesOf } from '../../export/format.ts';
import { formerExports } from '../../export/former-exports.ts';
import { exportPlace, outputPlace } from '../../export/place.ts';
import { keepOutputsPrivate } from '../../export/write-target.ts';
import { type Call, EVERYWHERE, type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { writeResults } from '../queries/open-results.ts';
import { skippedOf } from '../queries/source-notes.ts';
import { exportFields, jobId } from '../shapes.ts';
import { withoutUndefined } from './settings.ts';

/** Writes a job's results to a file. */
export const exportResults = operation({
  name: 'export_results',
  title: 'Export results to a file',
  interfaces: EVERYWHERE,
  description:
    "Writes units with payload and result to a file: csv, tsv, markdown with one column per field; jsonl, json with everything. Works at any time; marked as partial until the job has ended. Without path: the job's own output. Replaces its own earlier file if that is unchanged; any other file only with force.",
  input: z.strictObject({
    job_id: jobId,
    path: z.string().min(1).max(4096).optional().describe("File to write, absolute; default the job's output"),
    ...exportFields,
  }),
  output: z.looseObject({
    job_id: z.string(),
    path: z.string(),
    format: z.string(),
    rows: z.int(),
    partial: z.boolean(),
  }),
  effect: 'destructive',
  async run(deps, given, call) {
    const { repository } = deps;
    const { job_id } = given;
    const job = await requireStoredJob(deps, job_id);
    const { place, target, status, format, options } = placed(deps, job, given, call);
    keepOutputsPrivate(deps.places, place);
    const report = await writeResults(deps, format, { job_id, status }, place, {
      ...options,
      former: await formerExports(repository, job_id, place),
      ...(call.signal ? { signal: call.signal } : {}),
    });
    const { rows, partial, sha256 } = report;
    const data = { path: place, format, rows, partial, sha256 };
    try {
      await repository.transaction({ job: job_id }, async (tx) => {
        await tx.events.add(job_id, { type: 'results:exported', data });
        const now = await requireStoredJob({ repository: tx }, job_id);
        // This also writes the output of the job that could not be written before.
        if (now.output?.path !== place || partial || now.outputState === null) return;
        const outputState = { state: 'written', at: deps.clock.now(), rows, notes: notesOf(report) } as const;
        await tx.jobs.patch(job_id, { outputState }, ENDED);
      });
    } catch (error) {
      // The export is done: a database that cannot be written (a full or read-only disk) only lacks the record of it.
      if (toAbpError(error).code !== 'environment') throw error;
    }
    return {
      job_id,
      ...report,
      path: target,
      ...(await skippedOf(deps, job_id)),
    };
  },
});

/** Options of an export, from the caller or from the job's own output. */
interface Given {
  readonly path?: string | undefined;
  readonly format?: string | undefined;
  readonly fields?: readonly string[] | undefined;
  readonly status?: readonly UnitStatus[] | undefined;
  readonly force?: boolean | undefined;
  readonly raw?: boolean | undefined;
}

/**
 * Resolves place and options of an export, from the call or the job's own output. Throws `invalid_input`, and as
 * `exportPlace`.
 */
function placed(deps: OrchestratorDeps, job: Job, given: Given, call: Call) {
  const { path, force } = given;
  if (path !== undefined) {
    const target = resolve(call.workingDirectory, path);
    const by = { byPerson: call.human !== null, workingDirectory: call.workingDirectory, home: call.home ?? null };
    const format = given.format ?? requireFormatOf(target);
    const place = exportPlace(deps.places, job, { path: target, format }, by);
    return { place, target, format, status: given.status, options: optionsOf(given) };
  }
  const { output } = job;
  if (output === null) {
    throw new AbpError('invalid_input', `path: expected a file, found none; ${job.jobId} has no output of its own.`, {
      hint: 'Give path, and format when its extension does not name one.',
    });
  }
  // A person allowed the place, not the replacement of another file there.
  const byPerson = call.human !== null || (output.byPerson && force !== true);
  const place = outputPlace(deps.places, job, { ...output, byPerson });
  const asked = { ...output, ...withoutUndefined(given) };
  return { place, target: place, format: asked.format, status: asked.status, options: optionsOf(asked) };
}

function optionsOf({ fields, force, raw }: Given) {
  return {
    ...(fields && { fields }),
    ...(force === undefined ? {} : { force }),
    ...(raw === undefined ? {} : { raw }),
  };
}
