import { cutMiddle } from '../domain/cut.ts';
import type { NewEvent } from '../domain/event.ts';
import type { Revision } from '../domain/job.ts';
import { usd } from '../domain/money.ts';
import { tallyOf } from '../domain/rules/budget.ts';
import { attemptsToRead, breakerPause } from '../domain/rules/circuit-breaker.ts';
import { nextStep } from '../domain/rules/next-step.ts';
import { effectOf, type JobDecision, type ServiceHealth, settlementOf } from '../domain/rules/settle.ts';
import { stepAt } from '../domain/step.ts';
import type { Scope } from '../domain/unit.ts';
import type { Tx } from '../ports/repository.ts';
import { type ExecutorContext, type LoadedRevision, workerTypes } from './context.ts';
import { pauseJob } from './pause.ts';
import type { Finished } from './worker-pool.ts';

/** Most characters of a message in an event; the attempt has all of it. */
const MESSAGE_CHARS = 500;

/**
 * Settles an attempt: its row, its unit, events, and the effect on the job. `loaded` is the current revision, whose
 * limits count also for an attempt of an earlier one. Returns the health of the service after it. One open transaction.
 */
export async function settleAttempt(
  context: ExecutorContext,
  tx: Tx,
  loaded: LoadedRevision,
  health: ServiceHealth,
  { running, outcome }: Finished,
): Promise<ServiceHealth> {
  const { clock, lease, random } = context;
  const { claim, startedMs, stopped } = running;
  const { scope, index, attempt } = claim.attempt;
  const maxRetries = loaded.revision.limits.max_retries;
  const times = { now: clock.now(), nowMs: clock.monotonic() };
  const settlement = settlementOf(
    { ...claim, wasStopped: stopped !== null, outcome },
    { maxRetries, nextStep: await stepAfter(tx, loaded, claim.attempt), now: times.now, random: random() },
  );
  const answer = await tx.dispatcher.settle(claim, settlement);
  const { costUsd } = outcome.usage;
  const cost = costUsd === undefined ? {} : { cost_usd: usd(costUsd) };
  const record = (type: NewEvent['type'], data: NewEvent['data']) =>
    tx.events.add(lease.jobId, { type, scope, index, attempt, data: { ...data, ...stepOf(loaded, claim.attempt) } });
  if (outcome.ok) {
    if (answer === 'settled') {
      const isDone = settlement.decision.status === 'completed';
      await record(isDone ? 'unit:completed' : 'unit:step_completed', cost);
    }
    return { ...health, refusedSinceMs: null };
  }
  const data = { class: outcome.failureClass, message: cutMiddle(outcome.message, MESSAGE_CHARS), ...cost };
  await record(settlement.attemptStatus === 'interrupted' ? 'attempt:interrupted' : 'attempt:failed', data);
  if (answer === 'fenced') return health;
  const { status } = settlement.decision;
  if (status === 'failed' || status === 'cancelled') await record(`unit:${status}`, data);
  const workerType = await workerTypeOf(tx, claim.attempt, loaded);
  const effect = effectOf(
    { ...claim, outcome, startedMs, workerType, currentTypes: workerTypes(loaded) },
    health,
    times,
  );
  await applyToJob(context, tx, loaded, claim.attempt.step, effect);
  return effect.health;
}

/** Returns the number of the step that follows that of an attempt; null = it is the last one. */
async function stepAfter(
  tx: Tx,
  { steps }: LoadedRevision,
  { jobId, scope, step }: Finished['running']['claim']['attempt'],
): Promise<number | null> {
  const counts = scope === 'job' ? await tx.units.counts(jobId) : { failed: 0 };
  return nextStep(
    steps[scope].map((loaded) => loaded.step),
    step,
    counts,
  );
}

/** Returns the type of the worker that made an attempt: that of its step in its own revision. */
async function workerTypeOf(
  tx: Tx,
  { jobId, scope, step, revision }: Finished['running']['claim']['attempt'],
  loaded: LoadedRevision,
): Promise<string> {
  const own = revision === loaded.revision.revision ? null : await tx.jobs.revision(jobId, revision);
  return stepAt(own ?? loaded.revision, { scope, step }).worker.type;
}

async function applyToJob(
  context: ExecutorContext,
  tx: Tx,
  { revision }: LoadedRevision,
  step: number,
  { close, pause, breaker }: JobDecision,
): Promise<void> {
  const { jobId } = context.lease;
  if (close) {
    const { type, closedUntil } = close;
    await tx.quotas.close(close);
    await tx.events.add(jobId, { type: 'quota:closed', data: { type, until: closedUntil } });
  }
  const threshold = revision.limits.failure_threshold;
  const trip = breaker && threshold > 0 ? await breakerTrip(tx, revision, step) : null;
  const due = pause ?? trip;
  if (due) await pauseJob(context, tx, due);
}

/** Returns the pause that the circuit breaker wants after a failed attempt; null = none. */
async function breakerTrip(tx: Tx, { jobId, steps, limits }: Revision, step: number) {
  const { failure_threshold: threshold } = limits;
  const tally = await tx.jobs.tally(jobId);
  return breakerPause({
    // Those of other steps lie between.
    recent: await tx.attempts.recent(jobId, tally.breakerSince, attemptsToRead(threshold) * steps.length),
    step,
    tally: tallyOf(tally, 'unit', step),
    counts: await tx.units.stepCounts(jobId),
    threshold,
  });
}

/** Names the step of an attempt, in a job with several. */
function stepOf({ steps }: LoadedRevision, { scope, step }: { readonly scope: Scope; readonly step: number }) {
  const name = steps[scope].length > 1 ? steps[scope][step]?.step.name : undefined;
  return name === undefined ? {} : { step: name };
}
