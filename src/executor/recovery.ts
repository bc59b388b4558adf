import type { Clock } from '../domain/clock.ts';
import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import type { Repository } from '../domain/repository.ts';
import type { Launcher } from './launch.ts';
import type { LeaseObserver } from './lease.ts';
import { findOrphans, removeOrphans } from './orphans.ts';

/** Between two looks at the store. */
const ROUND_MS = 10_000;
/** A launch that failed is tried again after a growing time, up to this. */
const LONGEST_WAIT_MS = 10 * 60_000;

/** What one look found and did. */
export interface RecoveryReport {
  /** Jobs that got a new executor. */
  readonly recovered: readonly string[];
  /** Jobs that need one and could not get it here, with the reason. */
  readonly refused: readonly { readonly jobId: string; readonly reason: string }[];
  /** Enumerations whose creator died: taken apart. */
  readonly deleted: readonly string[];
}

/** Looks for jobs whose process is gone. */
export interface Recovery {
  /**
   * One look: gives lost jobs a new executor and takes orphaned enumerations apart; `patient` waits up to a lease to find
   * those whose process lives.
   */
  tick(options?: { readonly patient: boolean }): Promise<RecoveryReport>;
  /** Looks at once and every 10 s until the signal; for processes that live long. */
  watch(signal: AbortSignal, onReport?: (report: RecoveryReport) => void): Promise<void>;
}

/** Makes a recovery; its observer must live as long as the process, since a heartbeat is watched over time. */
export function createRecovery(options: {
  readonly repository: Repository;
  readonly launcher: Launcher;
  readonly observer: LeaseObserver;
  readonly clock: Clock;
  /** The caller's own job: not its affair. */
  readonly except?: string;
}): Recovery {
  const { repository, launcher, observer, clock, except } = options;
  const failed = new Map<string, { readonly times: number; readonly untilMs: number }>();

  const isLost = (jobId: string) => {
    const lease = repository.leases.get(jobId);
    return !lease || observer.isOver(lease);
  };

  async function tick({ patient } = { patient: false }): Promise<RecoveryReport> {
    const recovered: string[] = [];
    const refused: { jobId: string; reason: string }[] = [];
    for (const job of repository.jobs.wantingExecutor()) {
      const { jobId } = job;
      if (jobId === except || !isLost(jobId) || (failed.get(jobId)?.untilMs ?? 0) > clock.monotonic()) continue;
      try {
        await launchWatched(job);
        recovered.push(jobId);
      } catch (error) {
        if (!(error instanceof AbpError)) throw error;
        refused.push({ jobId, reason: error.message });
      }
    }
    const orphans = await findOrphans({ repository, observer, clock }, patient);
    return { recovered, refused, deleted: await removeOrphans(repository, orphans) };
  }

  /** An executor that cannot even start (a broken installation) is not started anew every few seconds. */
  async function launchWatched(job: Job): Promise<void> {
    try {
      await launcher.ensureExecutor(job, observer);
      failed.delete(job.jobId);
    } catch (error) {
      const times = failed.get(job.jobId)?.times ?? 0;
      const waitMs = Math.min(LONGEST_WAIT_MS, ROUND_MS * 2 ** times);
      failed.set(job.jobId, { times: times + 1, untilMs: clock.monotonic() + waitMs });
      throw error;
    }
  }

  return {
    tick,
    async watch(signal, onReport) {
      while (!signal.aborted) {
        // A store that is busy or full now may not be in 10 s; whoever needs it sooner hears of it at once.
        const report = await tick().catch((): RecoveryReport => ({ recovered: [], refused: [], deleted: [] }));
        onReport?.(report);
        await clock.sleep(ROUND_MS, signal);
      }
    },
  };
}
