import type { Handle } from '../domain/attempt.ts';
import type { Job } from '../domain/job.ts';
import { usd } from '../domain/money.ts';
import type { Clock } from '../ports/clock.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { JobLog } from '../supervision/log.ts';
import type { Finished } from './worker-pool.ts';

const WRITE_FAILURE_MS = 60_000;

/** Log of an executor, written after the commit: started and ended attempts, changes of the job. */
export interface AttemptLog {
  started(claim: Claim, handle: Handle): void;
  ended(finished: Finished): void;
  /** Logs the job's status when it has changed; called every round. */
  job(job: Job | null): void;
  /** Logs a round that could not be written; at most once a minute. */
  writeFailed(error: unknown): void;
}

/** Creates the log of one executor. */
export function createAttemptLog({ logger }: Pick<JobLog, 'logger'>, clock: Pick<Clock, 'monotonic'>): AttemptLog {
  let known = '';
  let lastFailureMs = Number.NEGATIVE_INFINITY;
  return {
    started: ({ attempt }, handle) => logger.info({ ...names(attempt), handle }, 'attempt started'),
    ended({ running: { claim }, outcome }) {
      const { costUsd, durationMs, sessionId } = outcome.usage;
      const usage = {
        cost_usd: costUsd === undefined ? undefined : usd(costUsd),
        duration_ms: durationMs,
        session_id: sessionId,
      };
      const line = { ...names(claim.attempt), ...usage };
      if (outcome.ok) logger.info(line, 'attempt succeeded');
      else logger.warn({ ...line, class: outcome.failureClass, reason: outcome.message }, 'attempt failed');
    },
    job(job) {
      const now = job ? [job.status, job.pauseReason, job.test?.state].filter(Boolean).join(' ') : 'gone';
      if (now !== known) logger.info({ status: now, reason: job?.statusMessage ?? undefined }, 'job status');
      known = now;
    },
    writeFailed(error) {
      const now = clock.monotonic();
      if (now - lastFailureMs < WRITE_FAILURE_MS) return;
      lastFailureMs = now;
      logger.warn({ err: error }, 'the store cannot be written; retrying');
    },
  };
}

function names({ scope, index, attempt }: Claim['attempt']) {
  return { unit: index, attempt, ...(scope === 'job' ? { scope } : {}) };
}
