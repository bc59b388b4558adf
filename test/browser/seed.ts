import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import type { Outcome } from '../../src/domain/attempt.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { LeaseToken } from '../../src/domain/lease.ts';
import { DEFAULT_LIMITS } from '../../src/domain/limits.ts';
import { decide } from '../../src/domain/rules/retry.ts';
import type { SourceNotes } from '../../src/orchestrator/queries/source-notes.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Claim, ClaimRequest } from '../../src/ports/dispatcher.ts';
import type { Tx } from '../../src/ports/repository.ts';
import { openStore, type Store } from '../../src/repository/index.ts';
import { identify } from '../../src/workers/process/processes.ts';
import { STEP } from '../helpers/store.ts';

/** A store that is filled by the ledger's own verbs, at moments of our choosing. */
export interface Seed {
  readonly store: Store;
  readonly root: string;
  /** Moves the clock that the store writes down. */
  at(epochMs: number): void;
}

/** Opens a store for seeding. */
export function openSeed(storagePath: string): Seed {
  let now = Date.now();
  const clock: Clock = { ...systemClock, now: () => now };
  const store = openStore(storagePath, clock);
  return {
    store,
    root: dirname(storagePath),
    at(epochMs) {
      now = epochMs;
    },
  };
}

/** A job that has been created with these items. */
export async function seedJob(
  { store, root }: Seed,
  job: {
    readonly jobId: string;
    readonly name: string;
    readonly intent: string;
    readonly template: string;
    readonly items: readonly { readonly key?: string; readonly payload: JsonObject }[];
    readonly worker?: JsonObject & { readonly type: string };
    readonly outputSchema?: JsonObject;
    readonly maxWorkers?: number;
    readonly budgetUsd?: number;
    /** What its source left out, as its first event says. */
    readonly notes?: SourceNotes;
  },
): Promise<void> {
  const { repository } = store;
  const { jobId, items } = job;
  const limits = { ...DEFAULT_LIMITS, max_workers: job.maxWorkers ?? 4, budget_usd: job.budgetUsd ?? null };
  await repository.transaction('store', async (tx) => {
    await tx.jobs.insert(
      {
        jobId,
        name: job.name,
        userIntent: job.intent,
        enumeratorType: 'csv',
        enumeratorConfig: { file_path: '/data/items.csv' },
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
        workingDirectory: root,
        outputDirectory: join(root, 'outputs', jobId),
        passEnv: [],
        createdAt: Date.now(),
      },
      {
        jobId,
        steps: [
          {
            ...STEP,
            template: job.template,
            outputSchema: job.outputSchema ?? null,
            worker: job.worker ?? { type: 'command', command: ['true'] },
          },
        ],
        limits,
        note: null,
      },
    );
  });
  for (let first = 0; first < items.length; first += 5000) {
    const chunk = items.slice(first, first + 5000);
    const keys = chunk.flatMap(({ key }, n) => (key === undefined ? [] : [{ key, index: first + n }]));
    await repository.transaction({ job: jobId }, async (tx) => {
      await tx.units.add(jobId, 'unit', first, chunk);
      await tx.units.addKeys(jobId, keys);
    });
  }
  const fields = [...new Set(items.slice(0, 100).flatMap(({ payload }) => Object.keys(payload)))];
  await repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.move(jobId, 'created', { patch: { totalUnits: items.length, fields } });
    await tx.events.add(jobId, { type: 'job:created', data: { units: items.length, ...job.notes } });
  });
}

/** Puts a job to work under a lease of this process, so that it looks alive for as long as this process lives. */
export function begin({ store }: Seed, jobId: string, startedAt: number) {
  const { repository } = store;
  return repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.move(jobId, 'running', { patch: { startedAt } });
    await tx.events.add(jobId, { type: 'job:started' });
    return holdLease(tx, jobId);
  });
}

async function holdLease(tx: Tx, jobId: string) {
  const wanted = { jobId, owner: randomUUID(), leaseMs: 3_600_000, ...identify(process.pid) };
  const lease = await tx.leases.acquire(wanted, null);
  if (!lease) throw new Error('somebody holds the lease');
  return lease;
}

/** The test of a job's first unit, approved by a person: the job is at work afterwards, under the lease that comes back. */
export async function testAndApprove(seed: Seed, jobId: string, outcome: Outcome, at: number, tookMs: number) {
  const { repository } = seed.store;
  const test = { state: 'running', units: [0], verdict: null, executorsLost: 0, startedAt: at, endedAt: null } as const;
  seed.at(at);
  const lease = await repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.move(jobId, 'testing', { patch: { test } });
    await tx.events.add(jobId, { type: 'job:test_started', data: { units: [0] } });
    return holdLease(tx, jobId);
  });
  const [claimed] = await claim(seed, lease, 1, { indexes: [0], purpose: 'test' });
  if (!claimed) throw new Error('the test unit cannot be claimed');
  seed.at(at + tookMs);
  await settle(seed, claimed, outcome, at + tookMs);
  await repository.transaction({ job: jobId }, async (tx) => {
    const passed = { ...test, state: 'passed', verdict: '1 test unit completed.', endedAt: at + tookMs } as const;
    await tx.jobs.patch(jobId, { test: passed });
    await tx.events.add(jobId, { type: 'job:test_passed' });
  });
  seed.at(at + tookMs + 40_000);
  await repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.move(jobId, 'running', { patch: { startedAt: at + tookMs + 40_000 } });
    await tx.events.add(jobId, { type: 'job:approved', data: { note: 'looks right' } });
    await tx.events.add(jobId, { type: 'job:started' });
  });
  return { lease, claimed };
}

/** Claims the next units as an executor would. */
export function claim(
  { store, root }: Seed,
  lease: LeaseToken,
  limit: number,
  request: Partial<Pick<ClaimRequest, 'indexes' | 'purpose'>> = {},
): Promise<readonly Claim[]> {
  return store.repository.transaction({ job: lease.jobId }, async (tx) => {
    const { claims } = await tx.dispatcher.claim({
      lease,
      scope: 'unit',
      purpose: 'batch',
      revision: 1,
      limit,
      budget: null,
      maxTotalWorkers: 64,
      ...request,
      runDirectory: (index, attempt) => join(root, 'runs', lease.jobId, 'main', `${index}.${attempt}`),
    });
    for (const { attempt } of claims) {
      const { jobId, index } = attempt;
      await tx.events.add(jobId, { type: 'attempt:started', index, attempt: attempt.attempt });
    }
    return claims;
  });
}

/** Ends a claimed attempt. */
export async function settle({ store }: Seed, claimed: Claim, outcome: Outcome, now: number): Promise<void> {
  const { jobId, index, attempt } = claimed.attempt;
  const decision = decide(claimed.unit, outcome, { maxRetries: 0, nextStep: null, now, random: 0 });
  await store.repository.transaction({ job: jobId }, async (tx) => {
    await tx.dispatcher.settle(claimed, { attemptStatus: outcome.ok ? 'succeeded' : 'failed', outcome, decision });
    await tx.events.add(jobId, { type: outcome.ok ? 'unit:completed' : 'unit:failed', index, attempt });
  });
}

/** What an agent left in its run directory: its stream, line by line; `ended` = with its exit status. */
export function writeRun(claimed: Claim, prompt: string, lines: readonly object[], ended: boolean): void {
  const { runDirectory } = claimed.attempt;
  mkdirSync(runDirectory, { recursive: true });
  writeFileSync(join(runDirectory, 'stdin'), prompt);
  writeFileSync(join(runDirectory, 'stdout'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(join(runDirectory, 'stderr'), '');
  if (ended) writeFileSync(join(runDirectory, 'exit'), '0\n');
}
