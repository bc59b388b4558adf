import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import { awaitHeartbeats, type SilentExecutor } from './await-heartbeats.ts';
import type { Launcher } from './launch.ts';
import { executorState, type LeaseObserver } from './lease.ts';
import { deleteOrphanedEnumerations, findOrphanedEnumerations } from './orphaned-enumerations.ts';

/** Checks per lease: more than heartbeats, so that a job has an executor again within its lease and five seconds. */
const CHECKS_PER_LEASE = 4;
/** Longest time between checks, whatever the lease: a provably dead executor need not be waited for. */
const MAX_CHECK_MS = 5_000;
/** Back-off after a failed launch, doubled each time up to the longest. */
const MIN_BACKOFF_MS = 10_000;
const MAX_BACKOFF_MS = 10 * 60_000;
/** Longest wait for heartbeats: leases may be an hour long. */
const MAX_WAIT_MS = 60_000;

/** Result of one check. */
export interface RecoveryReport {
  /** Jobs that received a new executor. */
  readonly recovered: readonly string[];
  /**
   * Jobs that need an executor and could not get one here, with the reason; a missing variable or program is reported
   * once.
   */
  readonly refused: readonly { readonly jobId: string; readonly reason: string }[];
  /** Orphaned enumerations that were deleted. */
  readonly deleted: readonly string[];
  /** Set by a patient check: executors whose process exists and may be frozen; absent = none. */
  readonly silent?: readonly SilentExecutor[];
  /** Recovered jobs whose stalled executor was killed, with its pid; absent = none. */
  readonly stalled?: readonly Pick<SilentExecutor, 'jobId' | 'pid'>[];
}

/** Recovery of jobs whose process is gone. */
export interface Recovery {
  /**
   * Checks once: gives lost jobs a new executor and deletes orphaned enumerations. `patient` waits up to a lease, at
   * most a minute, to find those whose process exists and does nothing.
   */
  tick(options?: {
    readonly patient: boolean;
    readonly onSilent?: (silent: SilentExecutor) => void;
  }): Promise<RecoveryReport>;
  /** Checks at once, then several times per lease until the signal aborts; for long-lived processes. */
  watch(signal: AbortSignal, onReport?: (report: RecoveryReport) => void): Promise<void>;
}

/** Creates a recovery. Its observer must live as long as the process, since heartbeats are watched over time. */
export function createRecovery(options: {
  readonly repository: Repository;
  readonly launcher: Pick<Launcher, 'ensureExecutor'>;
  readonly observer: LeaseObserver;
  readonly clock: Clock;
  /** Lease of this program's executors, ms. */
  readonly leaseMs: number;
  /** Job to leave out: the caller's own. */
  readonly except?: string;
}): Recovery {
  const { repository, launcher, observer, clock, leaseMs, except } = options;
  const checkMs = Math.min(MAX_CHECK_MS, leaseMs / CHECKS_PER_LEASE);
  const launches = createLaunches(launcher, observer, clock);
  /** Reason of the last refusal, by job. */
  const reported = new Map<string, string>();

  const isLost = async (jobId: string) => {
    const lease = await repository.leases.get(jobId);
    return !lease || observer.isOver(lease);
  };

  const tick: Recovery['tick'] = async ({ patient, onSilent } = { patient: false }) => {
    const wanting = (await repository.jobs.wantingExecutor()).filter(({ jobId }) => jobId !== except);
    const jobIds = wanting.map(({ jobId }) => jobId);
    const watching = { repository, clock, observer };
    const silent = patient ? await awaitHeartbeats(jobIds, watching, { maxWaitMs: MAX_WAIT_MS, onSilent }) : [];
    const recovered: string[] = [];
    const stalled: Pick<SilentExecutor, 'jobId' | 'pid'>[] = [];
    const refused: { jobId: string; reason: string }[] = [];
    for (const job of await repository.jobs.wantingExecutor()) {
      const { jobId } = job;
      if (jobId === except || !(await isLost(jobId)) || launches.isBackingOff(jobId)) continue;
      const held = await repository.leases.get(jobId);
      const isThere = executorState(held) === 'alive';
      try {
        await launches.launch(job);
        reported.delete(jobId);
        recovered.push(jobId);
        if (held && isThere) stalled.push({ jobId, pid: held.pid });
      } catch (error) {
        if (!(error instanceof AbpError)) throw error;
        const { code, message: reason } = error;
        // Another process may have what is missing: reported once, not at every check.
        if (code !== 'environment' || reported.get(jobId) !== reason) refused.push({ jobId, reason });
        reported.set(jobId, reason);
      }
    }
    const orphans = await findOrphanedEnumerations({ repository, observer, clock }, patient);
    return {
      recovered,
      refused,
      deleted: await deleteOrphanedEnumerations(repository, orphans),
      ...(silent.length > 0 ? { silent } : {}),
      ...(stalled.length > 0 ? { stalled } : {}),
    };
  };

  return {
    tick,
    async watch(signal, onReport) {
      while (!signal.aborted) {
        // A store that is busy or full may be writable at the next check; a caller that needs it sooner gets the error
        // itself.
        const report = await tick().catch((): RecoveryReport => ({ recovered: [], refused: [], deleted: [] }));
        onReport?.(report);
        await clock.sleep(checkMs, signal);
      }
    },
  };
}

/** Launches executors; backs off from jobs whose executor cannot start (a broken installation). */
function createLaunches(launcher: Pick<Launcher, 'ensureExecutor'>, observer: LeaseObserver, clock: Clock) {
  const failed = new Map<string, { readonly times: number; readonly untilMs: number }>();
  return {
    isBackingOff: (jobId: string): boolean => (failed.get(jobId)?.untilMs ?? 0) > clock.monotonic(),
    async launch(job: Job): Promise<void> {
      try {
        await launcher.ensureExecutor(job, observer);
        failed.delete(job.jobId);
      } catch (error) {
        if (error instanceof AbpError && error.code === 'environment') throw error;
        const times = failed.get(job.jobId)?.times ?? 0;
        const waitMs = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** times);
        failed.set(job.jobId, { times: times + 1, untilMs: clock.monotonic() + waitMs });
        throw error;
      }
    },
  };
}
