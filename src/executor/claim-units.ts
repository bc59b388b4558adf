import type { Job } from '../domain/job.ts';
import { admission } from '../domain/rules/admission.ts';
import { type BudgetRoom, budgetRoom, shortageMessage, tallyOf } from '../domain/rules/budget.ts';
import type { Work } from '../domain/rules/phase.ts';
import type { Claim, Claimed, ClaimRequest } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import type { ExecutorContext, LoadedRevision } from './context.ts';
import { endTest } from './finish.ts';
import { pauseJob } from './pause.ts';
import type { WorkerPool } from './worker-pool.ts';

/** Present capacity of an executor. */
export interface Capacity {
  readonly loaded: LoadedRevision;
  readonly running: WorkerPool['running'];
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
  const { loaded, slots, orphaned, unsettled } = capacity;
  const running = [...capacity.running].map(({ claim }) => claim.unit);
  const admitted = admission({ job, phase, slots, running, orphaned });
  if (admitted.kind === 'wait') return [];
  if (admitted.kind === 'crashed') {
    await pauseCrashed(context, tx, job);
    return [];
  }
  const budget = await roomInBudget(tx, job, phase, loaded, slots);
  const isIdle = running.length === 0;
  const { claims, unaffordable } = await claim(context, tx, job, phase, isIdle, { limit: admitted.limit, budget });
  if (unaffordable !== null && claims.length === 0 && isIdle && unsettled === 0) {
    await stopForBudget(context, tx, job, phase, loaded, budget?.reservationsUsd[unaffordable] ?? 0);
  }
  return claims;
}

/** Returns what attempts may start within the budget; null = the job has none. */
async function roomInBudget(
  tx: Tx,
  { jobId, costUsd: spentUsd }: Job,
  { scope }: Work,
  { revision, steps: { [scope]: steps } }: LoadedRevision,
  slots: number,
): Promise<BudgetRoom | null> {
  const { budget_usd: budgetUsd } = revision.limits;
  if (budgetUsd === null) return null;
  const tally = await tx.jobs.tally(jobId);
  const last = scope === 'job';
  // The last attempt is no cheaper than the units, whose costs are known.
  const highest = Math.max(0, ...tally.steps.map(({ maxAttemptCostUsd }) => maxAttemptCostUsd));
  const costs = steps.map(({ policy: { attemptCapUsd } }, step) => ({
    attemptCapUsd,
    maxAttemptCostUsd: last ? highest : tallyOf(tally, scope, step).maxAttemptCostUsd,
  }));
  const { reservedUsd } = tally;
  return budgetRoom({ budgetUsd, spentUsd, reservedUsd, slots: last ? 1 : slots, steps: costs, last });
}

async function claim(
  { lease, maxTotalWorkers, places }: ExecutorContext,
  tx: Tx,
  { jobId, revision }: Job,
  { scope, purpose, indexes }: Work,
  isIdle: boolean,
  { limit, budget }: Pick<ClaimRequest, 'limit' | 'budget'>,
): Promise<Claimed> {
  const request: ClaimRequest = {
    ...{ lease, scope, purpose, revision, limit, budget, maxTotalWorkers },
    runDirectory: (index, attempt) => places.run(jobId, scope, index, attempt),
    ...(indexes ? { indexes } : {}),
  };
  const claimed = await tx.dispatcher.claim(request);
  const { claims, unaffordable } = claimed;
  if (claims.length > 0 || unaffordable !== null || !isIdle || indexes) return claimed;
  return tx.dispatcher.claim({ ...request, limit: 1, alone: true });
}

async function pauseCrashed(context: ExecutorContext, tx: Tx, { jobId, executorsLost }: Job): Promise<void> {
  const log = context.places.log(jobId);
  const message = `The executor died ${executorsLost} times without settling one unit; its log is ${log}.`;
  await pauseJob(context, tx, { reason: 'crashed', message });
}

/** Stops a job that has units left and no budget for another attempt, which may cost `priceUsd`. */
async function stopForBudget(
  context: ExecutorContext,
  tx: Tx,
  job: Job,
  { scope, purpose }: Work,
  { revision }: LoadedRevision,
  priceUsd: number,
): Promise<void> {
  const { pending } = await tx.units.counts(job.jobId, scope);
  if (pending === 0) return;
  const { budget_usd: budgetUsd } = revision.limits;
  const message = shortageMessage({ budgetUsd, spentUsd: job.costUsd, priceUsd, pending });
  if (purpose === 'test') await endTest(context, tx, job, { state: 'failed', verdict: message, stoppedBy: 'budget' });
  else await pauseJob(context, tx, { reason: 'budget', message });
}
