import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { dropPartialLine } from '../domain/cut.ts';
import { AbpError } from '../domain/error.ts';
import { hint, mention } from '../domain/hint.ts';
import { type Job, needsExecutor } from '../domain/job.ts';
import type { Lease } from '../domain/lease.ts';
import type { Needs } from '../domain/needs.ts';
import { redact } from '../domain/redact.ts';
import { refuseRecursion } from '../domain/rules/recursion.ts';
import { NODE_OPTIONS } from '../package-root.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import { findProgram } from '../workers/process/program.ts';
import { awaitHeartbeats, type SilentExecutor } from './await-heartbeats.ts';
import { createLeaseObserver, executorState, type LeaseObserver } from './lease.ts';
import type { StorePaths } from './store-paths.ts';

/** Longest time until a new executor confirms its lease: its death is noticed at once, a busy machine gets time. */
export const CONFIRM_MS = 45_000;
/** Time for an executor to react to a cancellation before another one is started. */
const NOTICE_MS = 1500;
const POLL_MS = 15;

/** The port that starts executors. */
export interface Launcher {
  /**
   * Returns when an executor holds the job's lease: a living one, or a new detached one that confirmed it. An observer
   * that has watched the lease may know that it is over although its holder's process exists. `requestId` goes into the
   * executor's log. Throws AbpError `environment` when a variable or program that the worker needs is missing,
   * `invalid_input` inside an agent that ABP runs, `internal` with the end of the log when the executor ends before it
   * holds the lease.
   */
  ensureExecutor(job: Pick<Job, 'jobId' | 'passEnv'>, observer?: LeaseObserver, requestId?: string): Promise<void>;
  /**
   * Waits for a heartbeat of a job's executor, at most `maxWaitMs`; an executor without one for a whole lease is
   * replaced. An existing process proves nothing: it may be stopped or spin.
   */
  confirm(
    job: Pick<Job, 'jobId' | 'passEnv'>,
    options: { readonly maxWaitMs: number; readonly onSilent?: ((silent: SilentExecutor) => void) | undefined },
  ): Promise<SilentExecutor | 'alive' | 'replaced'>;
  /**
   * Makes sure that a job just cancelled is released, without the caller waiting for it: if its executor does not react
   * shortly, starts another one, which takes the job over and kills a stalled one.
   */
  ensureReleased(jobId: string): Promise<void>;
}

/** Options of the launcher. */
export interface LauncherOptions {
  readonly repository: Repository;
  readonly places: StorePaths;
  readonly clock: Clock;
  /** Program of the executor: executor/main as .ts or .js. */
  readonly executorPath: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Creates the launcher. Executors run in a session of their own, so that they survive this process and its terminal. */
export function createLauncher(options: LauncherOptions): Launcher {
  const { repository, places, clock, environment } = options;
  const self: Launcher = {
    async ensureExecutor(job, observer, requestId) {
      const { jobId } = job;
      const before = await repository.leases.get(jobId);
      const isOver = observer ? observer.isOver : (lease: Lease) => executorState(lease) !== 'alive';
      if (before && !isOver(before)) return;
      refuseRecursion(environment);
      const now = await repository.jobs.get(jobId);
      // Any other executor starts no attempt: it only settles and stops what is left.
      if (now && needsExecutor(now)) {
        requireEnvironment(job, environment);
        const needs = (await repository.jobs.revision(jobId, now.revision))?.needs ?? {};
        for (const each of Object.values(needs)) requireNeeds(now, each, environment);
      }
      const logPath = places.log(jobId);
      const end = startExecutor(options, jobId, before, { ABP_REQUEST_ID: requestId });
      const deadline = clock.monotonic() + CONFIRM_MS + (before?.leaseMs ?? 0);
      for (;;) {
        // Read before the lease: an executor that ends after confirming has confirmed.
        const ended = end.reason;
        const lease = await repository.leases.get(jobId);
        // A new epoch is the confirmation, even if its holder has already finished and released the lease.
        if ((lease?.epoch ?? 0) > (before?.epoch ?? 0)) return;
        // Not needed: the holder is alive after all, or the job no longer needs an executor.
        if (ended === 'done') return;
        if (ended || clock.monotonic() > deadline) {
          throw new AbpError('internal', `The executor of ${jobId} did not start: ${ended ?? 'no lease in time'}.`, {
            hint: `Read its log: ${logPath}`,
            details: { log_tail: tail(logPath) },
          });
        }
        await clock.sleep(POLL_MS);
      }
    },

    async confirm(job, options) {
      const observer = createLeaseObserver(clock);
      const [silent] = await awaitHeartbeats([job.jobId], { repository, clock, observer }, options);
      if (silent) return silent;
      const lease = await repository.leases.get(job.jobId);
      if (!lease || lease.released || !observer.isOver(lease)) return 'alive';
      await self.ensureExecutor(job, observer);
      return 'replaced';
    },

    async ensureReleased(jobId) {
      const before = await repository.leases.get(jobId);
      const until = clock.monotonic() + NOTICE_MS;
      while (clock.monotonic() < until) {
        const lease = await repository.leases.get(jobId);
        if (!lease || lease.released || lease.epoch !== before?.epoch || lease.heartbeat !== before.heartbeat) return;
        await clock.sleep(POLL_MS);
      }
      startExecutor(options, jobId, null, {});
    },
  };
  return self;
}

/**
 * Starts the process of a job's executor and passes it a lease seen to be over. `reason` is set when it has ended; `done` =
 * exit code 0.
 */
function startExecutor(
  { repository, places, executorPath, environment }: LauncherOptions,
  jobId: string,
  over: Lease | null,
  more: NodeJS.ProcessEnv,
): { readonly reason: string | null } {
  const logPath = places.log(jobId);
  const heartbeat = over && !over.released ? [`${over.epoch}.${over.heartbeat}`] : [];
  mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 });
  const log = openSync(logPath, 'a', 0o600);
  const end: { reason: string | null } = { reason: null };
  // Not execa: it keeps its child's output streams, and a detached executor must own its files.
  const child = spawn(process.execPath, [...NODE_OPTIONS, executorPath, jobId, ...heartbeat], {
    cwd: dirname(repository.path),
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...environment, ...more, ABP_STORAGE_PATH: repository.path },
  });
  closeSync(log);
  child.once('error', (error) => {
    end.reason = error.message;
  });
  child.once('exit', (code, signal) => {
    if (code === 0) end.reason = 'done';
    else end.reason = signal ? `it was killed by ${signal}` : `it ended with exit code ${code}`;
  });
  child.unref();
  return end;
}

/** Throws AbpError `environment` that names the variables missing for the job's worker. */
export function requireEnvironment(
  job: Pick<Job, 'jobId' | 'passEnv'>,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const missing = job.passEnv.filter((name) => environment[name] === undefined);
  if (missing.length === 0) return;
  throw new AbpError(
    'environment',
    `The worker of ${job.jobId} needs ${missing.join(', ')}, which the environment does not set.`,
    {
      hint: `Set ${missing.join(', ')} in the environment of this program, or start the job from where it is set.`,
      details: { missing },
    },
  );
}

/**
 * Throws AbpError `environment` when the worker's recorded program cannot be run, or a variable that it was started
 * with is missing: it would fail, or work with another account.
 */
export function requireNeeds(
  { jobId }: Pick<Job, 'jobId'>,
  needs: Needs | null,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  if (needs === null) return;
  requireEnvironment({ jobId, passEnv: needs.variables }, environment);
  const { program } = needs;
  if (program === null || findProgram(program, '/', undefined) !== null) return;
  throw new AbpError('environment', `The worker of ${jobId} was started as ${program}, which cannot be run now.`, {
    hint: hint`Install it at that path again, or ${mention('resume_job')} where another program is to be used.`,
    details: { job_id: jobId, missing: [program] },
  });
}

/** Returns the redacted end of a log for an error: the last output of a dying process is not redacted by our logger. */
export function tail(path: string, bytes = 2000): string {
  try {
    const text = readFileSync(path, 'utf8');
    return redact(text.length > bytes ? dropPartialLine(text.slice(-bytes)) : text, 'logs');
  } catch {
    return '';
  }
}
