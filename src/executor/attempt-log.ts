import type { Job } from '../domain/job.ts';
import { usd } from '../domain/money.ts';
import type { Clock } from '../ports/clock.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { SpawnRecord } from '../ports/worker.ts';
import type { JobLog } from '../supervision/log.ts';
import type { Finished } from './worker-pool.ts';

const TROUBLE_MS = 60_000;

/** What an executor writes into its log once the ledger has it: what started, how it ended, what became of the job. */
export interface AttemptLog {
  started(claim: Claim, process: SpawnRecord): void;
  ended(finished: Finished): void;
  /** Called every round; writes a line when the status has changed. */
  job(job: Job | null): void;
  /** A round that could not be written; at most once a minute. */
  trouble(error: unknown): void;
}

/** Makes the journal of one executor. */
export function createAttemptLog({ logger }: Pick<JobLog, 'logger'>, clock: Pick<Clock, 'monotonic'>): AttemptLog {
  let known = '';
  let lastTroubleMs = Number.NEGATIVE_INFINITY;
  return {
    started: ({ attempt }, { pid }) => logger.info({ ...names(attempt), agent_pid: pid }, 'attempt started'),
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
      if (now !== known) logger.info({ status: now, reason: job?.statusMessage ?? undefined }, 'the job is now');
      known = now;
    },
    trouble(error) {
      const now = clock.monotonic();
      if (now - lastTroubleMs < TROUBLE_MS) return;
      lastTroubleMs = now;
      logger.warn({ err: error }, 'the store could not be written; it is tried again');
    },
  };
}

function names({ stage, index, attempt }: Claim['attempt']) {
  return { unit: index, attempt, ...(stage === 'post' ? { stage } : {}) };
}
