import type { Job } from '../domain/job.ts';
import { slotsOf, withMax } from '../domain/rules/concurrency-limit.ts';
import { type Phase, phaseOf, type Work } from '../domain/rules/phase.ts';
import type { ServiceHealth } from '../domain/rules/settle.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import type { News } from './attempts.ts';
import { claimUnits } from './claim-units.ts';
import { workerTypes } from './context.ts';
import { finishTest } from './finish.ts';
import { applyQuota } from './quota.ts';
import { recordRun, recordStart } from './record-start.ts';
import { settleAttempt } from './settle.ts';
import type { ExecutorParts } from './state.ts';

/** Units of a cancelled job cancelled in one transaction. */
export const WITHDRAW_CHUNK = 5000;

/** What a round has written, and what the executor knows once it is committed. */
export interface Round {
  readonly job: Job | null;
  readonly phase: Phase;
  /** Units to start. */
  readonly claims: readonly Claim[];
  readonly health: ServiceHealth;
}

/**
 * Writes everything of a round in one transaction: attempts finished in several slots share a commit with new claims. Null =
 * the lease is lost; what has ended is recorded all the same. One open transaction.
 */
export async function writeRound(parts: ExecutorParts, tx: Tx, news: News): Promise<Round | null> {
  const { context, state, fullDisk } = parts;
  const { clock, lease } = context;
  const { jobId } = lease;
  const { loaded } = state;
  for (const entry of news.started) await recordRun(tx, entry);
  let { health } = state;
  for (const entry of news.finished) health = await settleAttempt(context, tx, loaded, health, entry);
  if (!(await tx.leases.holds(lease))) return null;
  // A fact, also when this transaction fails.
  state.order = await tx.events.lastOrder(jobId);
  await fullDisk.stop(tx, state.order);
  const before = await tx.jobs.get(jobId);
  if (before) await applyQuota(context, tx, before, workerTypes(loaded));
  if (before?.status === 'testing') await finishTest(context, tx, before, news.orphaned);
  const job = await tx.jobs.get(jobId);
  const phase = phaseOf(job);
  if (phase.kind !== 'work') health = { ...health, refusedSinceMs: null };
  if (job) health = { ...health, limit: withMax(health.limit, job.maxWorkers, clock.monotonic()) };
  if (job?.status === 'cancelled') await tx.dispatcher.withdraw(jobId, WITHDRAW_CHUNK);
  // A new revision is loaded after this round; until then no attempt starts with the old one.
  const isReady = job?.revision === loaded.revision.revision && !state.stopping;
  const claims = job && isReady && phase.kind === 'work' ? await claim(parts, tx, news, job, phase, health) : [];
  return { job, phase, claims, health };
}

async function claim(
  { context, state: { loaded }, attempts }: ExecutorParts,
  tx: Tx,
  news: News,
  job: Job,
  phase: Work,
  { limit }: ServiceHealth,
): Promise<readonly Claim[]> {
  const capacity = {
    loaded,
    running: attempts.running,
    slots: slotsOf(limit, context.clock.monotonic()),
    orphaned: news.orphaned,
    // An attempt that ended since the round began has left its slot, and its cost is not known to the rows yet.
    unsettled: attempts.ended - news.finished.length,
  };
  const claims = await claimUnits(context, tx, job, phase, capacity);
  for (const each of claims) await recordStart(tx, 'attempt:started', each);
  return claims;
}
