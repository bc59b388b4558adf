import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { dropPartialLine } from '../domain/cut.ts';
import { AbpError } from '../domain/error.ts';
import { type Job, needsExecutor } from '../domain/job.ts';
import type { Lease } from '../domain/lease.ts';
import type { Needs } from '../domain/needs.ts';
import { redact } from '../domain/redact.ts';
import { NODE_OPTIONS } from '../package-root.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import { ATTEMPT_ID_VARIABLE } from '../workers/process/processes.ts';
import { findProgram } from '../workers/process/program.ts';
import { awaitHeartbeats, type SilentExecutor } from './await-heartbeats.ts';
import { createLeaseObserver, executorState, type LeaseObserver } from './lease.ts';
import type { StorePaths } from './store-paths.ts';

/** How long a new executor may take to confirm its lease: one that dies is noticed at once, a busy machine is given time. */
export const CONFIRM_MS = 45_000;
/** How long an executor may take to show that it has noticed a cancellation, before somebody is sent to look. */
const NOTICE_MS = 1500;
const POLL_MS = 15;

/** The port that gets a job an executor. */
export interface Launcher {
  /**
   * Returns when an executor holds the job's lease: one that lives already, or a new detached one that confirmed it. An
   * observer that watched the lease over time may know that its holder is over although its process exists. Throws
   * AbpError `environment` when a variable or program that the worker needs is missing, `invalid_input` inside an agent that ABP
   * runs, `internal` with the log's tail when the executor ends before it holds the lease. With the id of the request that asked for it, the executor's log has it too.
   */
  ensureExecutor(job: Pick<Job, 'jobId' | 'passEnv'>, observer?: LeaseObserver, requestId?: string): Promise<void>;
  /**
   * Waits until the executor of a job shows a sign of life, `maxWaitMs` at most; one that stands still for a whole lease is
   * replaced. That its process is there is not enough: it may be stopped, or spin.
   */
  confirm(
    job: Pick<Job, 'jobId' | 'passEnv'>,
    options: { readonly maxWaitMs: number; readonly onSilent?: ((silent: SilentExecutor) => void) | undefined },
  ): Promise<SilentExecutor | 'alive' | 'replaced'>;
  /**
   * Sees to it that a job that was just cancelled is let go of, without waiting for that: where its executor does not show
   * within a moment that it has noticed, another one is started, which takes the job and ends that one when it stands still.
   */
  standBy(jobId: string): Promise<void>;
}

/** What the launcher needs to know about this process. */
export interface LauncherOptions {
  readonly repository: Repository;
  readonly places: StorePaths;
  readonly clock: Clock;
  /** Program of the executor: executor/main as .ts or .js. */
  readonly executorPath: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Starts executors as processes of their own session, so that neither our end nor our terminal's ends them. */
export function createLauncher({ repository, places, clock, executorPath, environment }: LauncherOptions): Launcher {
  const self: Launcher = {
    async ensureExecutor(job, observer, requestId) {
      const { jobId } = job;
      const before = repository.leases.get(jobId);
      const isOver = observer ? observer.isOver : (lease: Lease) => executorState(lease) !== 'alive';
      if (before && !isOver(before)) return;
      refuseRecursion(environment);
      const now = repository.jobs.get(jobId);
      // Any other executor starts nothing: it settles and stops what is left.
      if (now && needsExecutor(now)) {
        requireEnvironment(job, environment);
        requireNeeds(now, repository.jobs.revision(jobId, now.revision)?.needs ?? null, environment);
      }
      const logPath = places.log(jobId);
      const end = start(jobId, before, { ABP_REQUEST_ID: requestId });
      const deadline = clock.monotonic() + CONFIRM_MS + (before?.leaseMs ?? 0);
      for (;;) {
        // Looked at before the lease: what ends after confirming has confirmed.
        const ended = end.reason;
        const lease = repository.leases.get(jobId);
        // A new epoch is the confirmation, even when its holder has done its work and let go between two looks.
        if ((lease?.epoch ?? 0) > (before?.epoch ?? 0)) return;
        // It was not needed: the holder lives after all, or the job asks for no executor any more.
        if (ended === 'done') return;
        if (ended || clock.monotonic() > deadline) {
          throw new AbpError('internal', `The executor of ${jobId} did not start: ${ended ?? 'no lease in time'}.`, {
            hint: `Its log: ${logPath}`,
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
      const lease = repository.leases.get(job.jobId);
      if (!lease || lease.released || !observer.isOver(lease)) return 'alive';
      await self.ensureExecutor(job, observer);
      return 'replaced';
    },

    async standBy(jobId) {
      const before = repository.leases.get(jobId);
      const until = clock.monotonic() + NOTICE_MS;
      while (clock.monotonic() < until) {
        const lease = repository.leases.get(jobId);
        if (!lease || lease.released || lease.epoch !== before?.epoch || lease.heartbeat !== before.heartbeat) return;
        await clock.sleep(POLL_MS);
      }
      start(jobId, null, {});
    },
  };
  return self;

  /** Starts the process, telling it of a lease that was seen to be over; `reason` says how it ended, once it has: `done` when all was well. */
  function start(jobId: string, over: Lease | null, more: NodeJS.ProcessEnv): { readonly reason: string | null } {
    const logPath = places.log(jobId);
    const standing = over && !over.released ? [`${over.epoch}.${over.heartbeat}`] : [];
    mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 });
    const log = openSync(logPath, 'a', 0o600);
    const end: { reason: string | null } = { reason: null };
    // Not execa: it keeps its child's output streams, and a detached executor must own its files.
    const child = spawn(process.execPath, [...NODE_OPTIONS, executorPath, jobId, ...standing], {
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
      else end.reason = signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`;
    });
    child.unref();
    return end;
  }
}

/** ABP is never recursive: refuses in the environment of an agent that it runs. */
export function refuseRecursion(environment: Readonly<Record<string, string | undefined>>): void {
  if (!environment[ATTEMPT_ID_VARIABLE]) return;
  throw new AbpError('invalid_input', 'An agent that ABP runs cannot create or start jobs.', {
    hint: 'Report in the result that more work is needed; a person can make the next job.',
  });
}

/** Refuses, naming them, when variables that the job's worker needs are not there. */
export function requireEnvironment(
  job: Pick<Job, 'jobId' | 'passEnv'>,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  const missing = job.passEnv.filter((name) => environment[name] === undefined);
  if (missing.length === 0) return;
  throw new AbpError('environment', `The worker of ${job.jobId} needs ${missing.join(', ')}, not set here.`, {
    hint: `Set ${missing.join(', ')} in the environment of this program, or start the job from where it is set.`,
    details: { missing },
  });
}

/**
 * Refuses to go on with a job, naming what is missing, where its worker's recorded program cannot be run or a variable is
 * not set that it was started with: it would fail, or work with another account.
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
  throw new AbpError('environment', `The worker of ${jobId} was started as ${program}, which cannot be run here.`, {
    hint: `Install it there again, or resume the job (abp resume ${jobId}) from where another one is to be used.`,
    details: { missing: [program] },
  });
}

/** The end of a log, for an error: what a process wrote as it died went into no log of ours. */
export function tail(path: string, bytes = 2000): string {
  try {
    const text = readFileSync(path, 'utf8');
    return redact(text.length > bytes ? dropPartialLine(text.slice(-bytes)) : text, 'logs');
  } catch {
    return '';
  }
}
