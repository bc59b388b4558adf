import { attemptStatusOf, type Outcome } from '../domain/attempt.ts';
import { cutMiddle } from '../domain/cut.ts';
import type { NewEvent } from '../domain/event.ts';
import { failureRule } from '../domain/failure.ts';
import { usd } from '../domain/money.ts';
import { decide } from '../domain/retry.ts';
import { sentences } from '../domain/sentences.ts';
import type { Settlement } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import { applyCircuitBreaker } from './apply-circuit-breaker.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';
import type { ExecutorContext, LoadedRevision } from './context.ts';
import { pauseJob } from './pause.ts';
import type { Finished, Running } from './worker-pool.ts';

/** Time without a success, while the service refuses, after which the job pauses. */
const MAX_REFUSAL_MS = 30 * 60_000;
/** Length of a closed window when the service does not say when it opens. */
const UNKNOWN_WINDOW_MS = 15 * 60_000;
/** Shortest window, also when the service names a time in the past: clocks differ. */
const SHORTEST_WINDOW_MS = 60_000;
/** Most characters of a message in an event; the attempt has all of it. */
const MESSAGE_CHARS = 500;

/** Health of the service, kept between attempts. */
export interface ServiceHealth {
  readonly limit: ConcurrencyLimit;
  /** Monotonic ms since which the service refuses without a success in between; null = it does not. */
  refusedSinceMs: number | null;
}

/**
 * Settles an attempt: its row, its unit, events, and the effect on the job. `loaded` is the current revision, whose
 * limits count also for an attempt of an earlier one. One open transaction.
 */
export async function settleAttempt(
  context: ExecutorContext,
  tx: Tx,
  loaded: LoadedRevision,
  health: ServiceHealth,
  { running, outcome }: Finished,
): Promise<void> {
  const { lease } = context;
  const { claim } = running;
  const { stage, index, attempt } = claim.attempt;
  const settlement = settlementOf(context, loaded, running, outcome);
  const verdict = await tx.dispatcher.settle(claim, settlement);
  const { costUsd } = outcome.usage;
  const cost = costUsd === undefined ? {} : { cost_usd: usd(costUsd) };
  const record = (type: NewEvent['type'], data: NewEvent['data']) =>
    tx.events.add(lease.jobId, { type, stage, index, attempt, ...(data && { data }) });
  if (outcome.ok) {
    health.refusedSinceMs = null;
    if (verdict === 'settled') await record('unit:completed', cost);
    return;
  }
  const data = { class: outcome.failureClass, message: cutMiddle(outcome.message, MESSAGE_CHARS), ...cost };
  await record(settlement.attemptStatus === 'interrupted' ? 'attempt:interrupted' : 'attempt:failed', data);
  if (verdict === 'fenced') return;
  if (settlement.decision.status === 'failed') await record('unit:failed', data);
  if (settlement.decision.status === 'cancelled') await record('unit:cancelled', data);
  await applyToJob(context, tx, loaded, health, running, outcome);
}

function settlementOf(
  { clock, random }: ExecutorContext,
  { revision }: LoadedRevision,
  { claim: { unit, attempt }, stopped }: Running,
  outcome: Outcome,
): Settlement {
  const maxRetries = revision.limits.max_retries;
  const decision = decide(unit, outcome, { maxRetries, now: clock.now(), random: random() });
  if (outcome.ok) return { attemptStatus: 'succeeded', outcome, decision };
  const { failureClass, message } = outcome;
  const attemptStatus = attemptStatusOf(failureClass);
  const { retriesUsed, deferrals, interruptions } = unit;
  const unchanged = { retriesUsed, deferrals, interruptions, notBefore: 0 };
  // Cut off on purpose (hard pause, stop of the executor): not counted against the unit.
  if (failureClass === 'interrupted' && stopped !== null) {
    const before = { failureClass: unit.failureClass, failureMessage: unit.failureMessage };
    return { attemptStatus, outcome, decision: { ...unchanged, ...before, status: 'pending' } };
  }
  // A test makes one attempt: any failure is shown to the person, who decides.
  if (attempt.purpose === 'test' && failureClass !== 'interrupted' && failureClass !== 'cancelled') {
    const because = { failureClass, failureMessage: message };
    return { attemptStatus, outcome, decision: { ...unchanged, ...because, status: 'failed' } };
  }
  return { attemptStatus, outcome, decision };
}

/**
 * Applies the effect of a failure on the job. A test never pauses its job (there is no move from testing to paused);
 * what it learned about the service counts.
 */
async function applyToJob(
  context: ExecutorContext,
  tx: Tx,
  loaded: LoadedRevision,
  health: ServiceHealth,
  { claim: { attempt }, startedMs }: Running,
  outcome: Extract<Outcome, { ok: false }>,
): Promise<void> {
  const { clock, lease } = context;
  const { failureClass, message } = outcome;
  const { job: effect, advice } = failureRule(failureClass, loaded.worker.type);
  switch (effect) {
    case 'none':
      return;
    case 'back_off': {
      const now = clock.monotonic();
      health.limit.backOff(now, startedMs);
      health.refusedSinceMs ??= now;
      if (now - health.refusedSinceMs < MAX_REFUSAL_MS) return;
      const minutes = MAX_REFUSAL_MS / 60_000;
      const reason = sentences(
        `Nothing succeeded for ${minutes} minutes: ${message}`,
        'Check the service, then resume_job.',
      );
      await pauseJob(context, tx, 'worker_unavailable', reason);
      return;
    }
    case 'close_quota': {
      const type = (await tx.jobs.revision(lease.jobId, attempt.revision))?.worker.type ?? loaded.worker.type;
      const now = clock.now();
      const until = Math.max(outcome.resumeAt ?? now + UNKNOWN_WINDOW_MS, now + SHORTEST_WINDOW_MS);
      await tx.quotas.close({ type, closedUntil: until, reason: message });
      await tx.events.add(lease.jobId, { type: 'quota:closed', data: { type, until } });
      // An attempt of an earlier revision may have used another worker, whose quota does not concern this one.
      if (type === loaded.worker.type) await pauseJob(context, tx, 'usage_limit', sentences(message, advice), until);
      return;
    }
    case 'pause_auth':
      await pauseJob(context, tx, 'auth', sentences(message, advice));
      return;
    case 'pause_unavailable':
      await pauseJob(context, tx, 'worker_unavailable', sentences(message, advice));
      return;
    case 'pause_approval':
      await pauseJob(context, tx, 'approval', sentences(message, advice));
      return;
    case 'circuit_breaker':
      if (attempt.stage === 'main') await applyCircuitBreaker(context, tx, loaded);
  }
}
