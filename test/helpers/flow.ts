import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect } from 'vitest';
import { steadyClock } from '../../src/clock.ts';
import type { Attempt } from '../../src/domain/attempt.ts';
import type { Awaitable } from '../../src/domain/awaitable.ts';
import type { EventType, JobEvent } from '../../src/domain/event.ts';
import type { Job } from '../../src/domain/job.ts';
import type { LeaseToken } from '../../src/domain/lease.ts';
import type { Limits } from '../../src/domain/limits.ts';
import { refuseRecursion } from '../../src/domain/rules/recursion.ts';
import type { Scope, Unit } from '../../src/domain/unit.ts';
import { acquireJob } from '../../src/executor/acquire-job.ts';
import type { Next } from '../../src/executor/conclude.ts';
import type { ExecutorContext } from '../../src/executor/context.ts';
import { createJobExecutor, type JobExecutor } from '../../src/executor/job-executor.ts';
import { createRevisionLoader } from '../../src/executor/load-revision.ts';
import {
  type ComposedOrchestrator,
  createOrchestrator,
  type InputOf,
  type OutputOf,
} from '../../src/orchestrator/index.ts';
import type { Call, Defaults } from '../../src/orchestrator/operation.ts';
import type { OperationName } from '../../src/orchestrator/operations.ts';
import type { Workers } from '../../src/ports/worker.ts';
import type { Store } from '../../src/repository/index.ts';
import { type Launcher, requireEnvironment, requireNeeds } from '../../src/supervision/launch.ts';
import { createLeaseObserver } from '../../src/supervision/lease.ts';
import { createRecovery } from '../../src/supervision/recovery.ts';
import { storePaths } from '../../src/supervision/store-paths.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { type ScriptedWorker, scriptedWorker } from './scripted-worker.ts';
import { temporaryStore } from './store.ts';
import { temporaryDirectory } from './temporary.ts';

export const LEASE_MS = 15_000;
/** Duration of a round: a waiting executor polls this often. */
const ROUND_MS = 200;

/** Options of a flow. */
export interface FlowOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly maxTotalWorkers?: number;
  readonly defaults?: Partial<Defaults>;
  /** Folder of its files; another program at the same store uses the same. */
  readonly directory?: string;
  /** Real workers instead of the scripted one. */
  readonly workers?: Workers;
  /** Replaces parts of the executors' context. */
  readonly context?: (context: ExecutorContext) => ExecutorContext;
}

/** Options of a job of a flow. */
export type FlowJob = Partial<Omit<InputOf<'create_job'>, 'limits'>> & {
  readonly units?: number;
  readonly limits?: Partial<Limits>;
};

/** Orchestrator, store and executors in one process, with a scripted worker and a clock that the test moves. */
export interface Flow {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly worker: ScriptedWorker;
  readonly orchestrator: ComposedOrchestrator;
  readonly directory: string;
  call<Name extends OperationName>(name: Name, input: InputOf<Name>, call?: Partial<Call>): Promise<OutputOf<Name>>;
  /** Creates a job; returns its id. */
  create(job?: FlowJob): Promise<string>;
  /** Creates a job and starts it without a test. */
  begin(job?: FlowJob): Promise<string>;
  job(jobId: string): Promise<Job>;
  unit(jobId: string, index: number, scope?: Scope): Promise<Unit>;
  attempts(jobId: string, index: number, scope?: Scope): Promise<readonly Attempt[]>;
  statuses(jobId: string): Promise<string>;
  events(jobId: string, ...types: readonly EventType[]): Promise<readonly JobEvent[]>;
  /** Runs one round of every executor, then advances the clock by the sleep of an executor. */
  tick(rounds?: number): Promise<void>;
  /** Runs rounds until a condition holds. */
  until(what: () => Awaitable<boolean>, rounds?: number): Promise<void>;
  /** Advances the clock, then runs a round. */
  after(ms: number): Promise<void>;
  /** Tells whether a job has an executor here. */
  hasExecutor(jobId: string): boolean;
  executor(jobId: string): JobExecutor;
  /** Removes the executor of a job as a crash does; its lease runs out. */
  killExecutor(jobId: string): Promise<void>;
  /** Recovers a job: a new executor for one whose last executor was lost. */
  recover(jobId: string): Promise<void>;
}

/** Creates a flow with its own store, in memory unless the test wants a file. */
export function flow(options: FlowOptions & { readonly path?: string } = {}): Flow {
  const clock = fakeClock();
  const store = temporaryStore({ path: options.path ?? ':memory:', clock: steadyClock(clock) });
  return flowOn(store, clock, options);
}

/** Creates another program at the same store, with its own executors and worker. */
export function flowOn(store: Store, clock: FakeClock, options: FlowOptions = {}): Flow {
  const { repository } = store;
  const worker = scriptedWorker();
  const workers = options.workers ?? worker.workers;
  const directory = options.directory ?? temporaryDirectory('flow');
  const places = storePaths(join(directory, 'batch.db'));
  const environment = options.environment ?? {};
  const executors = new Map<string, JobExecutor>();
  const observer = createLeaseObserver(clock);

  async function startExecutor(jobId: string): Promise<void> {
    const load = createRevisionLoader(repository, workers, { places, environment });
    const job = await repository.jobs.get(jobId);
    if (!job) throw new Error(`no job ${jobId}`);
    const loaded = await load(job);
    const taken = await acquireJob(jobId, { repository, clock, observer, leaseMs: LEASE_MS });
    if (!taken) throw new Error(`${jobId} cannot be taken`);
    const context = contextOf(taken.lease, load);
    executors.set(jobId, await createJobExecutor(options.context?.(context) ?? context, taken.job, loaded));
  }

  function contextOf(lease: LeaseToken, load: ExecutorContext['load']): ExecutorContext {
    return {
      ...store,
      clock: steadyClock(clock),
      places,
      lease,
      leaseMs: LEASE_MS,
      maxTotalWorkers: options.maxTotalWorkers ?? 16,
      random: () => 0.5,
      log: { logger: pino({ level: 'silent' }), rotate() {} },
      load,
    };
  }

  const launcher: Launcher = {
    async ensureExecutor({ jobId, passEnv }) {
      if (executors.has(jobId)) return;
      refuseRecursion(environment);
      requireEnvironment({ jobId, passEnv }, environment);
      const job = await repository.jobs.get(jobId);
      const needs = (await repository.jobs.revision(jobId, job?.revision ?? 0))?.needs ?? {};
      for (const each of Object.values(needs)) requireNeeds({ jobId }, each, environment);
      await startExecutor(jobId);
    },
    confirm: () => Promise.resolve('alive'),
    async ensureReleased() {},
  };
  const orchestrator = createOrchestrator({
    ...store,
    workers,
    launcher,
    recovery: createRecovery({
      repository: store.repository,
      launcher,
      observer: createLeaseObserver(clock),
      clock,
      leaseMs: LEASE_MS,
    }),
    clock,
    places,
    defaults: { maxWorkers: 4, maxRetries: 3, skipTest: false, leaseMs: LEASE_MS, ...options.defaults },
    environment,
  });

  async function round(jobId: string, executor: JobExecutor): Promise<Next> {
    const next = await executor.tick();
    if (next === 'done') executors.delete(jobId);
    return next;
  }

  const self: Flow = {
    store,
    clock,
    worker,
    orchestrator,
    directory,
    call: (name, input, call = {}) =>
      orchestrator.call(name, input, {
        interface: 'cli',
        workingDirectory: directory,
        home: directory,
        human: null,
        maxWaitMs: 1e9,
        ...call,
      }),
    async create({ units = 5, limits, ...job } = {}) {
      const source = join(directory, `items-${units}.json`);
      writeFileSync(source, JSON.stringify(Array.from({ length: units }, (_, n) => ({ name: `item ${n}` }))));
      const { job_id } = await self.call('create_job', {
        name: 'Flow',
        intent: 'Look at it.',
        source: { type: 'json', file_path: source },
        worker: { type: 'scripted' },
        ...(limits ? { limits } : {}),
        ...job,
      });
      return job_id;
    },
    async begin(job) {
      const jobId = await self.create(job);
      await self.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 });
      return jobId;
    },
    async job(jobId) {
      const job = await repository.jobs.get(jobId);
      if (!job) throw new Error(`no job ${jobId}`);
      return job;
    },
    async unit(jobId, index, scope = 'unit') {
      const unit = await repository.units.get({ jobId, scope, index });
      if (!unit) throw new Error(`no unit ${index}`);
      return unit;
    },
    attempts: (jobId, index, scope = 'unit') => repository.attempts.ofUnit({ jobId, scope, index }),
    statuses: async (jobId) => (await repository.units.list(jobId, {}, 1000)).map(({ unit }) => unit.status).join(' '),
    events: async (jobId, ...types) =>
      (await repository.events.list(jobId, 0, 10_000)).filter(({ type }) => types.length === 0 || types.includes(type)),
    async tick(rounds = 1) {
      for (let n = 0; n < rounds; n++) {
        // Attempts that the test has just ended, or that end by themselves, end within a turn of the event loop.
        await new Promise((resolve) => setTimeout(resolve));
        for (const [jobId, executor] of executors) await round(jobId, executor);
        await new Promise((resolve) => setTimeout(resolve));
        clock.advance(ROUND_MS);
      }
    },
    async until(what, rounds = 100) {
      for (let n = 0; n < rounds; n++) {
        if (await what()) return;
        await self.tick();
      }
      expect.fail(`it did not come to this in ${rounds} rounds: ${String(what)}`);
    },
    async after(ms) {
      clock.advance(ms);
      await self.tick();
    },
    hasExecutor: (jobId) => executors.has(jobId),
    executor(jobId) {
      const executor = executors.get(jobId);
      if (!executor) throw new Error(`${jobId} has no executor`);
      return executor;
    },
    async killExecutor(jobId) {
      executors.delete(jobId);
      worker.abandon();
      const lease = await repository.leases.get(jobId);
      if (lease) observer.isOver(lease);
      clock.advance(LEASE_MS);
      return Promise.resolve();
    },
    async recover(jobId) {
      if (!executors.has(jobId)) await startExecutor(jobId);
    },
  };
  return self;
}
