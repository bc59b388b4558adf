import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import type { Clock } from '../ports/clock.ts';
import type { Repository } from '../ports/repository.ts';
import { awaitHeartbeats, type SilentExecutor } from './await-heartbeats.ts';
import type { Launcher } from './launch.ts';
import { executorState, type LeaseObserver } from './lease.ts';
import { findOrphans, removeOrphans } from './orphaned-files.ts';

/**
 * A store is looked at more often than a heartbeat comes, so that a job has an executor again within its lease and five
 * seconds, however the looks fall.
 */
const LOOKS_PER_LEASE = 4;
/** However long leases are: an executor that is provably dead need not be waited for. */
const LONGEST_LOOK_MS = 5_000;
/** A launch that failed is tried again after a growing time, from the one up to the other. */
const SHORTEST_WAIT_MS = 10_000;
const LONGEST_WAIT_MS = 10 * 60_000;
/** Leases may be an hour long; nobody waits for so long. */
const PATIENCE_MS = 60_000;

/** What one look found and did. */
export interface RecoveryReport {
  /** Jobs that got a new executor. */
  readonly recovered: readonly string[];
  /** Jobs that need one and could not get it here, with the reason; what is missing here is said once by each recovery. */
  readonly refused: readonly { readonly jobId: string; readonly reason: string }[];
  /** Enumerations whose creator died: taken apart. */
  readonly deleted: readonly string[];
  /** Of a patient look: executors whose process is there and which may be frozen; absent where there are none. */
  readonly silent?: readonly SilentExecutor[];
  /** Of those that got a new executor: what stood in its way and was ended, by its pid; absent where nothing did. */
  readonly stoodStill?: readonly Pick<SilentExecutor, 'jobId' | 'pid'>[];
}

/** Looks for jobs whose process is gone. */
export interface Recovery {
  /**
   * One look: gives lost jobs a new executor and takes orphaned enumerations apart; `patient` waits up to a lease, but no
   * longer than a minute, to find those whose process lives and does nothing.
   */
  tick(options?: {
    readonly patient: boolean;
    readonly onSilent?: (silent: SilentExecutor) => void;
  }): Promise<RecoveryReport>;
  /** Looks at once, and then several times a lease until the signal; for processes that live long. */
  watch(signal: AbortSignal, onReport?: (report: RecoveryReport) => void): Promise<void>;
}

/** Makes a recovery; its observer must live as long as the process, since a heartbeat is watched over time. */
export function createRecovery(options: {
  readonly repository: Repository;
  readonly launcher: Pick<Launcher, 'ensureExecutor'>;
  readonly observer: LeaseObserver;
  readonly clock: Clock;
  /** Of this program's executors. */
  readonly leaseMs: number;
  /** The caller's own job: not its affair. */
  readonly except?: string;
}): Recovery {
  const { repository, launcher, observer, clock, leaseMs, except } = options;
  const lookMs = Math.min(LONGEST_LOOK_MS, leaseMs / LOOKS_PER_LEASE);
  /** What each job was last refused for. */
  const told = new Map<string, string>();
  const failed = new Map<string, { readonly times: number; readonly untilMs: number }>();

  const isLost = (jobId: string) => {
    const lease = repository.leases.get(jobId);
    return !lease || observer.isOver(lease);
  };

  const tick: Recovery['tick'] = async ({ patient, onSilent } = { patient: false }) => {
    const wanting = repository.jobs.wantingExecutor().filter(({ jobId }) => jobId !== except);
    const jobIds = wanting.map(({ jobId }) => jobId);
    const watching = { repository, clock, observer };
    const silent = patient ? await awaitHeartbeats(jobIds, watching, { maxWaitMs: PATIENCE_MS, onSilent }) : [];
    const recovered: string[] = [];
    const stoodStill: Pick<SilentExecutor, 'jobId' | 'pid'>[] = [];
    const refused: { jobId: string; reason: string }[] = [];
    for (const job of repository.jobs.wantingExecutor()) {
      const { jobId } = job;
      if (jobId === except || !isLost(jobId) || (failed.get(jobId)?.untilMs ?? 0) > clock.monotonic()) continue;
      const held = repository.leases.get(jobId);
      const isThere = executorState(held) === 'alive';
      try {
        await launchWatched(job);
        told.delete(jobId);
        recovered.push(jobId);
        if (held && isThere) stoodStill.push({ jobId, pid: held.pid });
      } catch (error) {
        if (!(error instanceof AbpError)) throw error;
        const { code, message: reason } = error;
        // Somebody who has what is missing may come: nobody wants to read of it at each look until then.
        if (code !== 'environment' || told.get(jobId) !== reason) refused.push({ jobId, reason });
        told.set(jobId, reason);
      }
    }
    const orphans = await findOrphans({ repository, observer, clock }, patient);
    return {
      recovered,
      refused,
      deleted: await removeOrphans(repository, orphans),
      ...(silent.length > 0 ? { silent } : {}),
      ...(stoodStill.length > 0 ? { stoodStill } : {}),
    };
  };

  /** An executor that cannot even start (a broken installation) is not started again every few seconds. */
  async function launchWatched(job: Job): Promise<void> {
    try {
      await launcher.ensureExecutor(job, observer);
      failed.delete(job.jobId);
    } catch (error) {
      if (error instanceof AbpError && error.code === 'environment') throw error;
      const times = failed.get(job.jobId)?.times ?? 0;
      const waitMs = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** times);
      failed.set(job.jobId, { times: times + 1, untilMs: clock.monotonic() + waitMs });
      throw error;
    }
  }

  return {
    tick,
    async watch(signal, onReport) {
      while (!signal.aborted) {
        // A store that is busy or full now may not be at the next look; whoever needs it sooner hears of it at once.
        const report = await tick().catch((): RecoveryReport => ({ recovered: [], refused: [], deleted: [] }));
        onReport?.(report);
        await clock.sleep(lookMs, signal);
      }
    },
  };
}
