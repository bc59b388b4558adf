import type { LeaseState } from '../domain/answers.ts';
import type { Handle } from '../domain/attempt.ts';
import type { Job } from '../domain/job.ts';
import { slotsOf, withMax } from '../domain/rules/concurrency-limit.ts';
import { wantsPostProcessing } from '../domain/rules/end-of-job.ts';
import { type Phase, phaseOf, type Work } from '../domain/rules/phase.ts';
import type { ServiceHealth } from '../domain/rules/settle.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Tx } from '../ports/repository.ts';
import { isDiskFull, isStoreBusy, isStoreGone, usageOf } from '../supervision/disk.ts';
import { BEATS_PER_LEASE } from '../supervision/lease.ts';
import { createAttemptLog } from './attempt-log.ts';
import { createBackgroundWork } from './background-work.ts';
import { claimUnits } from './claim-units.ts';
import type { ExecutorContext, LoadedRevision } from './context.ts';
import { finishStage, finishTest } from './finish.ts';
import { createFullDisk } from './full-disk.ts';
import { findOrphanedAttempts, interruptedOutcome } from './orphaned-attempts.ts';
import { beginPostProcessing } from './post-processing.ts';
import { applyQuota } from './quota.ts';
import { recordRun, recordStart, type StartedRun } from './record-start.ts';
import { type Origin, runAttempt } from './run-attempt.ts';
import { settleAttempt } from './settle.ts';
import { createJudgingQueue } from './settle-orphan.ts';
import { withShortWaits } from './short-waits.ts';
import { createWakeUp } from './wake-up.ts';
import { createWorkerPool, type Finished, type Running } from './worker-pool.ts';
import { writeOutput } from './write-output.ts';

/** Sleep of an idle executor: control changes are seen within 250 ms. */
const POLL_MS = 200;
/** Units of a cancelled job cancelled in one transaction. */
const WITHDRAW_CHUNK = 5000;

/** Next step after a round: repeat at once, wait for an end or for time to pass, or leave the loop (the lease is gone). */
export type Next = 'again' | 'wait' | 'done';

/** Executor of one job, from its lease to the end of what its status asks for. */
export interface JobExecutor {
  /** Runs one round: heartbeat, settle, read the job, claim, start, finish. */
  tick(): Promise<Next>;
  /** Runs rounds until done. */
  run(): Promise<void>;
  /** Stops gracefully: interrupts agents and puts their units back, then releases the lease; the job can be recovered. */
  stop(): void;
}

/** Result of one round's transaction; null = the lease is lost. */
interface Round {
  readonly job: Job | null;
  readonly phase: Phase;
  readonly claims: readonly Claim[];
  /** Health of the service, once this is committed. */
  readonly health: ServiceHealth;
}

/** What has happened since the last round; `orphaned`: adopted attempts that have not ended yet. */
type News = { readonly started: StartedRun[]; readonly finished: Finished[]; readonly orphaned: number };

/** Creates the executor of the job that `context.lease` is on. `firstRevision` was loaded before the lease was confirmed. */
export async function createJobExecutor(
  given: ExecutorContext,
  firstJob: Job,
  firstRevision: LoadedRevision,
): Promise<JobExecutor> {
  const context = { ...given, repository: withShortWaits(given.repository) };
  const { repository, clock, lease, log } = context;
  const { jobId } = lease;
  const attemptLog = createAttemptLog(log, clock);
  let health: ServiceHealth = { limit: { max: firstJob.maxWorkers, reduced: null }, refusedSinceMs: null };
  // The round that commits both queues empties them, never earlier.
  const finished: Finished[] = [];
  const started: StartedRun[] = [];
  const orphaned = new Set<Claim>();
  const judging = createJudgingQueue();
  let loaded = firstRevision;
  let lastBeatMs = Number.NEGATIVE_INFINITY;
  let lastPollMs = Number.NEGATIVE_INFINITY;
  let lastPhase: Phase['kind'] = 'work';
  let hasAdopted = false;
  let stopping = false;
  const fullDisk = createFullDisk(context);
  /** `seq` of the event that last started or resumed the job. */
  let order = await repository.events.lastOrder(jobId);
  /** Reason why post-processing could not start. */
  let postProcessingError: string | null = null;
  const wakeUp = createWakeUp(clock);
  /** Writes files of results. */
  const background = createBackgroundWork(wakeUp.wake);

  const pool = createWorkerPool(firstJob.maxWorkers, (entry) => {
    finished.push(entry);
    orphaned.delete(entry.running.claim);
    wakeUp.wake();
  });

  async function tick(): Promise<Next> {
    try {
      if ((await beat()) === 'lost') return lost();
      await adoptOrphans();
      wakeUp.reset();
      // What arrives while this is committed belongs to the next round: both queues only grow at their end.
      const news = { started: [...started], finished: [...finished], orphaned: orphaned.size };
      const { finds } = fullDisk;
      const decided = await fullDisk.write(order, (tx) => round(tx, news));
      for (const { claim, handle } of started.splice(0, news.started.length)) attemptLog.started(claim, handle);
      for (const entry of finished.splice(0, news.finished.length)) {
        attemptLog.ended(entry);
        judging.end(entry.running.claim);
        context.compressor?.add(entry.running.claim.attempt.runDirectory);
      }
      fullDisk.clear(finds);
      if (!decided) return lost();
      const { job, phase, claims } = decided;
      health = decided.health;
      // A beat at once shows a person who paused or cancelled the job that this executor has reacted.
      if (phase.kind !== lastPhase) lastBeatMs = Number.NEGATIVE_INFINITY;
      lastPhase = phase.kind;
      attemptLog.job(job);
      for (const claim of claims) start(job ?? firstJob, claim, 'new');
      await stopUnwanted(phase);
      if (job && job.revision !== loaded.revision.revision) {
        loaded = await context.load(job);
        return 'again';
      }
      // An attempt that ended meanwhile is settled before anything else is concluded.
      if (finished.length > 0) return 'again';
      return pool.running.size > 0 || background.isBusy ? 'wait' : await finish(job, phase);
    } catch (error) {
      if (isStoreGone(error)) return storeGone(error);
      if (isDiskFull(error)) await fullDisk.stopAlone(order);
      else if (!isStoreBusy(error)) throw error;
      // The queue of finished attempts and their files remain: a later round tries again.
      attemptLog.writeFailed(error);
      return 'wait';
    }
  }

  async function beat(): Promise<LeaseState> {
    const now = clock.monotonic();
    if (now - lastBeatMs < context.leaseMs / BEATS_PER_LEASE) return 'held';
    if ((await fullDisk.write(order, (tx) => tx.leases.beat(lease))) === 'lost') return 'lost';
    lastBeatMs = now;
    log.rotate();
    return 'held';
  }

  /** Leaves the running attempts to the successor, which adopts them. */
  function lost(): 'done' {
    background.stop();
    log.logger.warn('the lease is lost');
    return 'done';
  }

  /** Stops all agents, since nothing can be recorded any more. Throws when all have ended. */
  function storeGone(error: unknown): 'wait' {
    background.stop();
    for (const running of pool.running) running.stop('interrupted');
    if (pool.running.size === 0) throw error;
    attemptLog.writeFailed(error);
    return 'wait';
  }

  /** Adopts, once, the attempts of earlier executors, alive or not, into the pool. */
  async function adoptOrphans(): Promise<void> {
    if (hasAdopted) return;
    const found = await findOrphanedAttempts(context);
    hasAdopted = true;
    for (const { claim, orphan } of found) {
      orphaned.add(claim);
      const running = start(firstJob, claim, judging);
      if (orphan) running.stop('cancelled');
    }
    if (found.length > 0) log.logger.info({ attempts: found.length }, 'adopted orphaned attempts');
  }

  /** Writes everything of a round in one transaction: attempts finished in several slots share a commit with new claims. */
  async function round(tx: Tx, news: News): Promise<Round | null> {
    for (const entry of news.started) await recordRun(tx, entry);
    let after = health;
    for (const entry of news.finished) after = await settleAttempt(context, tx, loaded, after, entry);
    if (!(await tx.leases.holds(lease))) return null;
    order = await tx.events.lastOrder(jobId);
    await fullDisk.stop(tx, order);
    const before = await tx.jobs.get(jobId);
    if (before) await applyQuota(context, tx, before, loaded.worker.type);
    if (before?.status === 'testing') {
      await finishTest(context, tx, before, news.orphaned);
    }
    const job = await tx.jobs.get(jobId);
    const phase = phaseOf(job);
    if (phase.kind !== 'work') after = { ...after, refusedSinceMs: null };
    if (job) after = { ...after, limit: withMax(after.limit, job.maxWorkers, clock.monotonic()) };
    if (job?.status === 'cancelled') await tx.dispatcher.withdraw(jobId, WITHDRAW_CHUNK);
    // A new revision is loaded after this round; until then no attempt starts with the old one.
    const ready = job?.revision === loaded.revision.revision && !stopping;
    return {
      job,
      phase,
      health: after,
      claims: job && ready && phase.kind === 'work' ? await claim(tx, news, job, phase, after) : [],
    };
  }

  async function claim(tx: Tx, news: News, job: Job, phase: Work, { limit }: ServiceHealth): Promise<readonly Claim[]> {
    const slots = slotsOf(limit, clock.monotonic());
    // An attempt that ended since the round began has left the pool, and its cost is not known to the rows yet.
    const unsettled = finished.length - news.finished.length;
    const capacity = { loaded, pool, slots, unsettled, orphaned: news.orphaned };
    const claims = await claimUnits(context, tx, job, phase, capacity);
    for (const each of claims) await recordStart(tx, 'attempt:started', each);
    return claims;
  }

  function start(job: Job, claim: Claim, origin: Origin): Running {
    const under = order;
    return pool.start(claim, clock.monotonic(), async (running, signal) => {
      const onStarted = (handle: Handle, deadlineAt: number) => {
        started.push({ claim, origin, handle, deadlineAt });
      };
      try {
        const outcome = await runAttempt(context, job, claim, origin, signal, onStarted);
        fullDisk.rejectDoubtful(claim, running.startedMs, outcome);
        return outcome;
      } catch (error) {
        // Only a full disk gets here: the unit is put back, and nothing counts against it.
        fullDisk.found(under);
        running.stop('interrupted');
        return interruptedOutcome(`the disk is full: ${(error as Error).message}`, usageOf(error));
      }
    });
  }

  /**
   * Stops attempts that must not go on: of units taken away, in a hard pause, of a cancelled job, when this executor
   * stops.
   */
  async function stopUnwanted(phase: Phase): Promise<void> {
    const reason = stopping ? 'interrupted' : phase.kind === 'leave' ? phase.stop : null;
    if (reason) for (const running of pool.running) running.stop(reason);
    background.stopUnless(stopping ? 'none' : phase.kind);
    const now = clock.monotonic();
    if (now - lastPollMs < POLL_MS) return;
    lastPollMs = now;
    const taken = new Set(await repository.dispatcher.lost([...pool.running].map((running) => running.claim)));
    for (const running of pool.running) if (taken.has(running.claim)) running.stop('cancelled');
  }

  /** Releases the job, or ends its stage, when nothing runs any more. */
  async function finish(job: Job | null, phase: Phase): Promise<Next> {
    if (phase.kind === 'leave' || stopping) return release();
    if (job && phase.kind === 'export') {
      background.start('export', (signal) => writeOutput(context, job, signal), attemptLog.writeFailed);
    }
    if (!job || phase.kind !== 'work' || phase.purpose === 'test') return 'wait';
    const counts = await repository.units.counts(jobId, phase.stage);
    if (counts.pending + counts.running > 0) return 'wait';
    const isDue = phase.stage === 'main' && postProcessingError === null && wantsPostProcessing(job, counts);
    if (isDue) startPostProcessing(job);
    else await finishStage(context, job, phase.stage, postProcessingError);
    postProcessingError = null;
    return 'again';
  }

  function startPostProcessing(job: Job): void {
    const begin = (signal: AbortSignal) => beginPostProcessing(context, job, { from: ['running'], lease, signal });
    background.start('work', begin, (error) => {
      if (isDiskFull(error)) fullDisk.found(order);
      else if (isStoreBusy(error)) attemptLog.writeFailed(error);
      else postProcessingError = `Post-processing could not start: ${(error as Error).message}`;
    });
  }

  /** Releases the job, unless it has just been given new work. */
  function release(): Promise<'done' | 'again'> {
    return fullDisk.write(order, async (tx) => {
      const job = await tx.jobs.get(jobId);
      if (!stopping && phaseOf(job).kind !== 'leave') return 'again';
      if (job?.status === 'cancelled' && (await tx.dispatcher.withdraw(jobId, WITHDRAW_CHUNK)) > 0) return 'again';
      if (job) await tx.events.add(jobId, { type: 'executor:stopped', data: { epoch: lease.epoch } });
      await tx.leases.release(lease);
      return 'done';
    });
  }

  return {
    tick,
    async run() {
      for (let next = await tick(); next !== 'done'; next = await tick()) {
        if (next === 'wait') await wakeUp.wait(POLL_MS);
        // Attempts that end in the same turn of the event loop share one commit.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    stop() {
      stopping = true;
      wakeUp.wake();
    },
  };
}
