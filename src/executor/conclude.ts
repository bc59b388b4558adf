import type { Job } from '../domain/job.ts';
import { nextJobStep } from '../domain/rules/next-step.ts';
import { type Phase, phaseOf } from '../domain/rules/phase.ts';
import { isDiskFull, isStoreBusy } from '../supervision/disk.ts';
import { loadedStep } from './context.ts';
import { finishScope } from './finish.ts';
import { beginJobSteps } from './job-steps.ts';
import { WITHDRAW_CHUNK } from './round.ts';
import type { ExecutorParts } from './state.ts';
import { writeOutput } from './write-output.ts';

/** Next step after a round: repeat at once, wait for an end or for time to pass, or leave the loop (the lease is gone). */
export type Next = 'again' | 'wait' | 'done';

/** Releases the job, or ends its scope, when nothing runs any more. */
export async function conclude(parts: ExecutorParts, job: Job | null, phase: Phase): Promise<Next> {
  const { context, state, background, attemptLog } = parts;
  if (phase.kind === 'leave' || state.stopping) return release(parts);
  if (job && phase.kind === 'export') {
    background.start('export', (signal) => writeOutput(context, job, signal), attemptLog.writeFailed);
  }
  if (!job || phase.kind !== 'work' || phase.purpose === 'test') return 'wait';
  const counts = await context.repository.units.counts(job.jobId, phase.scope);
  if (counts.pending + counts.running > 0) {
    state.jobStepsError = null;
    return 'wait';
  }
  const error = state.jobStepsError;
  const jobSteps = state.loaded.steps.job.map(({ step }) => step);
  const first = job.askedJobStep ?? nextJobStep(jobSteps, 0, counts);
  if (phase.scope === 'unit' && error === null && first !== null) startJobSteps(parts, job, first);
  else await finishScope(context, job, state.loaded, phase.scope, error);
  state.jobStepsError = null;
  return 'again';
}

function startJobSteps(
  { context, state, background, fullDisk, attemptLog }: ExecutorParts,
  job: Job,
  first: number,
): void {
  const { step } = loadedStep(state.loaded, { scope: 'job', step: first });
  const begin = (signal: AbortSignal) => beginJobSteps(context, job, { ...step, number: first }, signal);
  background.start('work', begin, (error) => {
    if (isDiskFull(error)) fullDisk.found(state.order);
    else if (isStoreBusy(error)) attemptLog.writeFailed(error);
    else state.jobStepsError = `Step ${step.name} could not start: ${(error as Error).message}`;
  });
}

/** Releases the job, unless it has just been given new work. */
function release({ context: { lease }, state, fullDisk }: ExecutorParts): Promise<'done' | 'again'> {
  const { jobId, epoch } = lease;
  return fullDisk.write(state.order, async (tx) => {
    const job = await tx.jobs.get(jobId);
    if (!state.stopping && phaseOf(job).kind !== 'leave') return 'again';
    if (job?.status === 'cancelled' && (await tx.dispatcher.withdraw(jobId, WITHDRAW_CHUNK)) > 0) return 'again';
    if (job) await tx.events.add(jobId, { type: 'executor:stopped', data: { epoch } });
    await tx.leases.release(lease);
    return 'done';
  });
}
