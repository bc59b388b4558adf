import type { Job } from '../domain/job.ts';
import { isDiskFull, isStoreBusy, isStoreGone } from '../supervision/disk.ts';
import { createAttemptLog } from './attempt-log.ts';
import { createAttempts } from './attempts.ts';
import { createBackgroundWork } from './background-work.ts';
import { conclude, type Next } from './conclude.ts';
import type { ExecutorContext, LoadedRevision } from './context.ts';
import { createFullDisk } from './full-disk.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { type Round, writeRound } from './round.ts';
import { withShortWaits } from './short-waits.ts';
import type { ExecutorParts, ExecutorState } from './state.ts';
import { createWakeUp } from './wake-up.ts';

/** Sleep of an idle executor: control changes are seen within 250 ms. */
const POLL_MS = 200;

/** Executor of one job, from its lease to the end of what its status asks for. */
export interface JobExecutor {
  /** Runs one round: heartbeat, settle, read the job, claim, start, finish. */
  tick(): Promise<Next>;
  /** Runs rounds until done. */
  run(): Promise<void>;
  /** Stops gracefully: interrupts agents and puts their units back, then releases the lease; the job can be recovered. */
  stop(): void;
}

/** Creates the executor of the job that `context.lease` is on. `firstRevision` was loaded before the lease was confirmed. */
export async function createJobExecutor(
  given: ExecutorContext,
  firstJob: Job,
  firstRevision: LoadedRevision,
): Promise<JobExecutor> {
  const context = { ...given, repository: withShortWaits(given.repository) };
  const state: ExecutorState = {
    loaded: firstRevision,
    health: { limit: { max: firstJob.maxWorkers, reduced: null }, refusedSinceMs: null },
    order: await context.repository.events.lastOrder(context.lease.jobId),
    phase: 'work',
    stopping: false,
    jobStepsError: null,
  };
  const { wake, wait, reset } = createWakeUp(context.clock);
  const fullDisk = createFullDisk(context);
  const attemptLog = createAttemptLog(context.log, context.clock);
  const attempts = createAttempts(context, state, firstJob, { fullDisk, attemptLog, wake });
  const parts = { context, state, fullDisk, attemptLog, attempts, background: createBackgroundWork(wake) };
  const heartbeat = createHeartbeat(context);

  async function tick(): Promise<Next> {
    try {
      const { lease } = context;
      const beating = () => fullDisk.write(state.order, (tx) => tx.leases.beat(lease));
      if ((await heartbeat.beat(beating)) === 'lost') return lost(parts);
      await attempts.adoptOrphans();
      reset();
      const news = attempts.news();
      const { finds } = fullDisk;
      const round = await fullDisk.write(state.order, (tx) => writeRound(parts, tx, news));
      attempts.committed(news);
      fullDisk.clear(finds);
      if (!round) return lost(parts);
      for (const claim of round.claims) attempts.start(round.job ?? firstJob, claim);
      return await goOn(parts, heartbeat, round);
    } catch (error) {
      return failed(parts, error);
    }
  }

  return {
    tick,
    async run() {
      for (let next = await tick(); next !== 'done'; next = await tick()) {
        if (next === 'wait') await wait(POLL_MS);
        // Attempts that end in the same turn of the event loop share one commit.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    stop() {
      state.stopping = true;
      wake();
    },
  };
}

/** Takes over what a committed round has found, stops what must not go on, and concludes when nothing runs. */
async function goOn(parts: ExecutorParts, heartbeat: Heartbeat, { job, phase, health }: Round): Promise<Next> {
  const { context, state, attempts, background, attemptLog } = parts;
  state.health = health;
  if (phase.kind !== state.phase) heartbeat.hurry();
  state.phase = phase.kind;
  attemptLog.job(job);
  const reason = state.stopping ? 'interrupted' : phase.kind === 'leave' ? phase.stop : null;
  if (reason) attempts.stopAll(reason);
  background.stopUnless(state.stopping ? 'none' : phase.kind);
  await attempts.stopTaken();
  if (job && job.revision !== state.loaded.revision.revision) {
    state.loaded = await context.load(job);
    return 'again';
  }
  // An attempt that ended meanwhile is settled before anything else is concluded.
  if (attempts.ended > 0) return 'again';
  return attempts.running.size > 0 || background.isBusy ? 'wait' : conclude(parts, job, phase);
}

/** Leaves the running attempts to the successor, which adopts them. */
function lost({ context, background }: ExecutorParts): 'done' {
  background.stop();
  context.log.logger.warn('the lease is lost');
  return 'done';
}

/** Handles a round that could not be written: a later one tries again, unless the store is gone. */
async function failed(
  { state, attempts, background, fullDisk, attemptLog }: ExecutorParts,
  error: unknown,
): Promise<'wait'> {
  if (isStoreGone(error)) {
    // Nothing can be recorded any more: all agents are stopped.
    background.stop();
    attempts.stopAll('interrupted');
    if (attempts.running.size === 0) throw error;
  } else if (isDiskFull(error)) await fullDisk.stopAlone(state.order);
  else if (!isStoreBusy(error)) throw error;
  // The queue of finished attempts and their files remain.
  attemptLog.writeFailed(error);
  return 'wait';
}
