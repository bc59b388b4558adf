import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Settled } from '../../src/domain/answers.ts';
import { attemptStatusOf, type Handle, type Outcome, type Usage } from '../../src/domain/attempt.ts';
import type { FailureClass } from '../../src/domain/failure.ts';
import type { Job, JobStatus } from '../../src/domain/job.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { LeaseToken, ProcessIdentity } from '../../src/domain/lease.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/domain/limits.ts';
import type { UnitDecision } from '../../src/domain/rules/retry.ts';
import type { Step } from '../../src/domain/step.ts';
import type { Unit } from '../../src/domain/unit.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Claim, Claimed, ClaimRequest } from '../../src/ports/dispatcher.ts';
import type { JobPatch, NewJob, NewRevision } from '../../src/ports/job-store.ts';
import { openStore, type Store } from '../../src/repository/index.ts';
import { fakeClock } from './clock.ts';
import { expectLedger } from './ledger.ts';
import { temporaryDirectory } from './temporary.ts';

/** Opens a store for this test, in its own file unless it is `:memory:`. After the test, checks and closes it. */
export function temporaryStore(
  options: {
    readonly path?: string;
    readonly clock?: Clock;
    readonly isDead?: (process: ProcessIdentity) => boolean;
    readonly isGone?: (handle: Handle) => boolean;
  } = {},
): Store {
  const path = options.path ?? join(temporaryDirectory('store'), 'batch.db');
  const store = openStore(path, options.clock ?? fakeClock(), options.isDead, options.isGone);
  onTestFinished(async () => {
    try {
      await expectLedger(store.repository);
    } finally {
      store.repository.close();
    }
  });
  return store;
}

/** Options of a seeded job. */
export interface JobSeed {
  readonly jobId?: string;
  /** Number of units, or their payloads. */
  readonly units?: number | readonly JsonObject[];
  readonly keys?: readonly string[];
  readonly status?: JobStatus;
  readonly limits?: Partial<Limits>;
  readonly job?: Partial<NewJob>;
  readonly revision?: Partial<NewRevision>;
  /** Parts of its only step. */
  readonly step?: Partial<Step>;
  readonly patch?: JobPatch;
}

let seeds = 0;

/** The only step of a seeded job. */
export const STEP: Step = {
  name: 'main',
  scope: 'unit',
  intent: null,
  template: 'Look at {name}.',
  outputSchema: null,
  worker: { type: 'scripted' },
  onFailures: 'skip',
};

/** Writes a job with its units to the store. */
export function seedJob({ repository }: Pick<Store, 'repository'>, seed: JobSeed = {}): Promise<Job> {
  const jobId = seed.jobId ?? `job-seed${++seeds}`;
  const limits = { ...DEFAULT_LIMITS, ...seed.limits };
  const { units = 3, status = 'running' } = seed;
  const payloads = typeof units === 'number' ? Array.from({ length: units }, (_, n) => ({ name: `item ${n}` })) : units;
  return repository.transaction('store', async (tx) => {
    await tx.jobs.insert(
      {
        jobId,
        name: `Job ${jobId}`,
        userIntent: 'Look at it.',
        enumeratorType: 'file',
        enumeratorConfig: { base_directory: '/nowhere' },
        maxWorkers: limits.max_workers,
        testUnits: 1,
        requireHumanApproval: false,
        powers: [],
        home: null,
        redactResults: true,
        output: null,
        request: null,
        batchFile: null,
        carriedOutBy: null,
        workingDirectory: '/',
        outputDirectory: '/nowhere/out',
        passEnv: [],
        createdAt: 1_000 + seeds,
        ...seed.job,
      },
      {
        jobId,
        steps: [{ ...STEP, ...seed.step }],
        limits,
        note: null,
        ...seed.revision,
      },
    );
    const items = payloads.map((payload, n) => ({ payload, ...(seed.keys?.[n] ? { key: seed.keys[n] } : {}) }));
    await tx.units.add(jobId, 'unit', 0, items);
    await tx.units.addKeys(
      jobId,
      items.flatMap(({ key }, index) => (key ? [{ key, index }] : [])),
    );
    const fields = [...new Set(payloads.flatMap((payload) => Object.keys(payload)))];
    if (status !== 'enumerating') {
      await tx.jobs.move(jobId, 'created', { patch: { totalUnits: payloads.length, fields } });
    }
    for (const next of WAYS[status]) await tx.jobs.move(jobId, next);
    if (seed.patch) await tx.jobs.patch(jobId, seed.patch);
    const job = await tx.jobs.get(jobId);
    if (!job) throw new Error(`${jobId} was not stored`);
    return job;
  });
}

/** Moves from `created` to each status. */
const WAYS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  enumerating: [],
  created: [],
  testing: ['testing'],
  running: ['running'],
  paused: ['running', 'paused'],
  completed: ['running', 'completed'],
  failed: ['running', 'failed'],
  cancelled: ['cancelled'],
};

/** A pid that no process has. */
export const DEAD_PID = 2 ** 22 + 1;

/** Claims a job's lease for a process, by default this one. */
export async function holdLease(
  { repository }: Pick<Store, 'repository'>,
  jobId: string,
  pid = process.pid,
): Promise<LeaseToken> {
  const claim = {
    jobId,
    owner: `owner-${++seeds}`,
    leaseMs: 15_000,
    pid,
    startedAt: null,
    bootId: null,
    machineId: null,
  };
  const token = await repository.transaction({ job: jobId }, async (tx) =>
    tx.leases.acquire(claim, await tx.leases.get(jobId)),
  );
  if (!token) throw new Error(`${jobId} has a lease that moved`);
  return token;
}

/** Returns a unit, which must exist. */
export async function unitIn({ repository }: Pick<Store, 'repository'>, jobId: string, index: number): Promise<Unit> {
  const unit = await repository.units.get({ jobId, scope: 'unit', index });
  if (!unit) throw new Error(`${jobId} has no unit ${index}`);
  return unit;
}

/** Claims one unit of the main scope for a batch attempt. */
export async function claimOne(store: Store, lease: LeaseToken, index: number): Promise<Claim> {
  const [claim] = await claimUnits(store, lease, { indexes: [index], limit: 1 });
  if (!claim) throw new Error(`unit ${index} of ${lease.jobId} cannot be claimed`);
  return claim;
}

/** Claims what a dispatcher returns: up to 100 slots by default. */
export async function claimUnits(
  store: Store,
  lease: LeaseToken,
  request: Partial<ClaimRequest> = {},
): Promise<readonly Claim[]> {
  return (await claimed(store, lease, request)).claims;
}

/** The same, with what the budget did not cover. */
export function claimed(store: Store, lease: LeaseToken, request: Partial<ClaimRequest> = {}): Promise<Claimed> {
  return store.repository.transaction('store', async (tx) =>
    tx.dispatcher.claim({
      lease,
      scope: 'unit',
      purpose: 'batch',
      revision: 1,
      limit: 100,
      budget: null,
      maxTotalWorkers: 1000,
      runDirectory: (unit, attempt) => `/runs/${unit}.${attempt}`,
      ...request,
    }),
  );
}

/** Settles a claimed attempt, in a failure class or successfully (null), and its unit in a status. */
export function settleAs(
  store: Store,
  claim: Claim,
  failureClass: FailureClass | null,
  status: UnitDecision['status'],
  change: { readonly usage?: Usage } & Partial<UnitDecision> = {},
): Promise<Settled> {
  const { usage = {}, ...decision } = change;
  const message = `${failureClass} of unit ${claim.attempt.index}`;
  const outcome: Outcome = failureClass
    ? { ok: false, failureClass, message, usage }
    : { ok: true, result: { text: 'done' }, usage };
  return store.repository.transaction('store', async (tx) =>
    tx.dispatcher.settle(claim, {
      attemptStatus: failureClass ? attemptStatusOf(failureClass) : 'succeeded',
      outcome,
      decision: {
        status,
        step: claim.unit.step,
        retriesUsed: 0,
        deferrals: 0,
        interruptions: 0,
        notBefore: 0,
        failureClass,
        failureMessage: failureClass ? message : null,
        ...decision,
      },
    }),
  );
}
