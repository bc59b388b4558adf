import { budgetRoom } from '../domain/budget.ts';
import type { Job } from '../domain/job.ts';
import { MAX_EXECUTORS_LOST, MAX_INTERRUPTIONS } from '../domain/retry.ts';
import { sentences } from '../domain/sentences.ts';
import type { Claim, ClaimRequest } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext, LoadedRevision } from './context.ts';
import { failTest, isTestGivenUp } from './finish.ts';
import { pauseJob } from './pause.ts';
import type { Phase } from './phase.ts';
import type { WorkerPool } from './worker-pool.ts';

export type Work = Extract<Phase, { kind: 'work' }>;

/** Present capacity of an executor. */
export interface Capacity {
  readonly loaded: LoadedRevision;
  readonly pool: WorkerPool;
  /** Number of slots that may be in use. */
  readonly slots: number;
  /** Orphaned attempts that have not ended yet. */
  readonly orphaned: number;
  /** Attempts that have ended and are not settled yet: what they reserved is still counted. */
  readonly unsettled: number;
}

/**
 * Claims the units that may start now, within slots, budget and the machine's limit. Pauses the job when the budget is
 * used up or its executors keep dying. One open transaction.
 */
export async function claimUnits(
  context: ExecutorContext,
  tx: Tx,
  job: Job,
  phase: Work,
  capacity: Capacity,
): Promise<readonly Claim[]> {
  const { lease } = context;
  const { loaded, pool } = capacity;
  if (job.executorsLost >= MAX_EXECUTORS_LOST && !(await mayContinue(context, tx, job, phase, capacity))) return [];
  if (phase.purpose === 'test' && isTestGivenUp(job.test)) return [];
  const size = phase.stage === 'post' ? 1 : capacity.slots;
  const free = pool.free(size);
  if (free < 1 || [...pool.running].some(({ claim: { unit } }) => runsAlone(unit))) return [];
  const room = budgetRoom({
    budgetUsd: loaded.revision.limits.budget_usd,
    unitCapUsd: loaded.policy.attemptCap?.usd ?? null,
    spentUsd: job.costUsd,
    slots: size,
    last: phase.stage === 'post',
    tally: await tx.jobs.tally(job.jobId),
  });
  if (room.starts < 1) {
    if (pool.running.size === 0 && capacity.unsettled === 0)
      await stopForBudget(context, tx, job, phase, loaded, room.reservationUsd);
    return [];
  }
  const request: ClaimRequest = {
    lease,
    stage: phase.stage,
    purpose: phase.purpose,
    revision: job.revision,
    limit: Math.min(free, room.starts),
    reservationUsd: room.reservationUsd,
    maxTotalWorkers: context.maxTotalWorkers,
    runDirectory: (index, attempt) => context.places.run(job.jobId, phase.stage, index, attempt),
    ...(phase.indexes ? { indexes: phase.indexes } : {}),
  };
  const claims = await tx.dispatcher.claim(request);
  if (claims.length > 0 || pool.running.size > 0 || phase.indexes) return claims;
  return tx.dispatcher.claim({ ...request, limit: 1, alone: true });
}

function runsAlone({ interruptions }: Claim['unit']): boolean {
  return interruptions >= MAX_INTERRUPTIONS - 1;
}

/**
 * Tells whether a job whose executors keep dying may continue; orphaned attempts are settled first, as that may be
 * progress.
 */
async function mayContinue(
  context: ExecutorContext,
  tx: Tx,
  job: Job,
  phase: Work,
  { orphaned }: Capacity,
): Promise<boolean> {
  if (phase.purpose === 'test') return true;
  if (orphaned > 0) return false;
  const log = context.places.log(job.jobId);
  const message = `The executor died ${job.executorsLost} times without settling one unit. Read ${log}, then resume_job.`;
  await pauseJob(context, tx, 'crashed', message);
  return false;
}

/** Stops a job that has units left and no budget for another attempt, which may cost `price` US dollars. */
async function stopForBudget(
  context: ExecutorContext,
  tx: Tx,
  job: Job,
  phase: Work,
  loaded: LoadedRevision,
  price: number,
): Promise<void> {
  const { pending } = await tx.units.counts(job.jobId, phase.stage);
  if (pending === 0) return;
  const { budget_usd } = loaded.revision.limits;
  const facts = [
    `${usd(job.costUsd)} spent`,
    `one may cost ${usd(price)}`,
    `${pending} ${pending === 1 ? 'unit' : 'units'} left`,
  ];
  const reason = `The budget of $${budget_usd} does not cover another attempt: ${facts.join(', ')}.`;
  const { attemptCap } = loaded.policy;
  const cheaper = attemptCap === null ? '' : ` (or lower the worker's ${attemptCap.field})`;
  const advice = `Raise limits.budget_usd${cheaper} with update_job, then`;
  if (phase.purpose === 'test' && job.test)
    await failTest(context, tx, job, job.test, sentences(reason, `${advice} test again.`));
  else await pauseJob(context, tx, 'budget', sentences(reason, `${advice} resume_job.`));
}

function usd(amount: number): string {
  return `$${amount.toFixed(4)}`;
}
