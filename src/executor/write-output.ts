import { AbpError, toAbpError } from '../domain/error.ts';
import type { NewEvent } from '../domain/event.ts';
import { hint, using } from '../domain/hint.ts';
import { isOutputDue, type Job } from '../domain/job.ts';
import { type JobOutput, MAX_OUTPUT_EXECUTORS, type OutputState } from '../domain/job-output.ts';
import { notesOf } from '../export/format.ts';
import { formerExports } from '../export/former-exports.ts';
import { exportUnits } from '../export/index.ts';
import { outputPlace } from '../export/place.ts';
import { exportRows } from '../export/rows.ts';
import { keepOutputsPrivate } from '../export/write-target.ts';
import type { ExportReport } from '../export/write-units.ts';
import { isStoreBusy, isStoreGone } from '../supervision/disk.ts';
import { withReserve } from '../supervision/reclaim.ts';
import type { ExecutorContext } from './context.ts';

type Context = Pick<ExecutorContext, 'repository' | 'places' | 'lease' | 'clock' | 'log'>;

/**
 * Writes the results of an ended job to its output and records the result; a failure changes nothing about the job.
 * Until then the output stays due, so that the next executor writes it after a kill: the file is moved to its path
 * complete, and its hash is recorded before, which identifies it as the job's own. Resolves without a record when it
 * was stopped, or the job or the lease has changed. Throws when the store is busy or gone.
 */
export async function writeOutput(context: Context, job: Job, signal: AbortSignal): Promise<void> {
  const { clock, log } = context;
  const { output } = job;
  if (output === null) return;
  try {
    const report = await write(context, job, output, signal);
    const { rows, sha256, format } = report;
    const data = { path: output.path, format, rows, partial: false, sha256 };
    await record(
      context,
      { state: 'written', at: clock.now(), rows, notes: notesOf(report) },
      { type: 'results:exported', data },
    );
    log.logger.info({ path: output.path, rows }, 'results written');
  } catch (error) {
    if (signal.aborted) return;
    if (isStoreBusy(error) || isStoreGone(error)) throw error;
    const { code, message, hint: next, details } = toAbpError(error);
    const field = typeof details?.field === 'string' ? details.field : null;
    log.logger.warn({ err: error, path: output.path }, 'results not written');
    await record(
      context,
      { state: 'failed', at: clock.now(), error: { code, message, hint: next ?? null, field } },
      {
        type: 'results:export_failed',
        data: { path: output.path, code, message },
      },
    );
  }
}

async function write(context: Context, job: Job, output: JobOutput, signal: AbortSignal): Promise<ExportReport> {
  const { repository, places } = context;
  const { jobId, executorsLost, outputState } = job;
  if (executorsLost >= MAX_OUTPUT_EXECUTORS) {
    throw new AbpError('environment', `${executorsLost} executors died while they wrote ${output.path}.`, {
      hint: hint`Read ${places.log(jobId)}; then export the results ${using('export_results')}.`,
    });
  }
  const path = outputPlace(places, job, output);
  keepOutputsPrivate(places, path);
  const announced = outputState?.state === 'due' && outputState.sha256 !== null ? [outputState.sha256] : [];
  return exportUnits(output.format, () => exportRows(repository, job, output.status), path, {
    former: [...(await formerExports(repository, jobId, path)), ...announced],
    force: output.force,
    raw: output.raw,
    ...(output.fields && { fields: output.fields }),
    signal,
    writer: jobId,
    async announce(sha256) {
      if (await record(context, { state: 'due', sha256 })) return;
      throw new AbpError('cancelled', `${jobId} has been started or resumed again, or another executor has its lease.`);
    },
  });
}

/**
 * Records the state of the output; true = recorded: the output is still due, and the lease is held. Works on a full
 * disk, since it ends the need for an executor.
 */
async function record({ repository, lease }: Context, outputState: OutputState, event?: NewEvent): Promise<boolean> {
  return withReserve(repository, () =>
    repository.transaction({ job: lease.jobId }, async (tx) => {
      const job = await tx.jobs.get(lease.jobId);
      if (!job || !isOutputDue(job) || !(await tx.leases.holds(lease))) return false;
      await tx.jobs.patch(lease.jobId, { outputState });
      if (event) await tx.events.add(lease.jobId, event);
      return true;
    }),
  );
}
