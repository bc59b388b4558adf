import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import type { Outcome } from '../../src/domain/attempt.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { DEFAULT_LIMITS } from '../../src/domain/limits.ts';
import { decide } from '../../src/domain/retry.ts';
import type { SourceNotes } from '../../src/orchestrator/source-notes.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Claim, ClaimRequest } from '../../src/ports/dispatcher.ts';
import type { Tx } from '../../src/ports/repository.ts';
import { openStore, type Store } from '../../src/repository/index.ts';
import { identify } from '../../src/workers/process/processes.ts';

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
export function seedJob(
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
): void {
  const { repository } = store;
  const { jobId, items } = job;
  const limits = { ...DEFAULT_LIMITS, max_workers: job.maxWorkers ?? 4, budget_usd: job.budgetUsd ?? null };
  repository.transaction((tx) => {
    repository.jobs.insert(
      tx,
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
        postProcessing: null,
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
        template: job.template,
        outputSchema: job.outputSchema ?? null,
        worker: job.worker ?? { type: 'command', command: ['true'] },
        limits,
        note: null,
      },
    );
  });
  for (let first = 0; first < items.length; first += 5000) {
    const chunk = items.slice(first, first + 5000);
    const keys = chunk.flatMap(({ key }, n) => (key === undefined ? [] : [{ key, index: first + n }]));
    repository.transaction((tx) => {
      repository.units.add(tx, jobId, 'main', first, chunk);
      repository.units.addKeys(tx, jobId, keys);
    });
  }
  const fields = [...new Set(items.slice(0, 100).flatMap(({ payload }) => Object.keys(payload)))];
  repository.transaction((tx) => {
    repository.jobs.move(tx, jobId, 'created', { patch: { totalUnits: items.length, fields } });
    repository.events.add(tx, jobId, { type: 'job:created', data: { units: items.length, ...job.notes } });
  });
}

/** Puts a job to work under a lease of this process, so that it looks alive for as long as this process lives. */
export function begin({ store }: Seed, jobId: string, startedAt: number) {
  const { repository } = store;
  return repository.transaction((tx) => {
    repository.jobs.move(tx, jobId, 'running', { patch: { startedAt } });
    repository.events.add(tx, jobId, { type: 'job:started' });
    return holdLease({ store }, tx, jobId);
  });
}

function holdLease({ store }: Pick<Seed, 'store'>, tx: Tx, jobId: string) {
  const wanted = { jobId, owner: randomUUID(), leaseMs: 3_600_000, ...identify(process.pid) };
  const lease = store.repository.leases.acquire(tx, wanted, null);
  if (!lease) throw new Error('somebody holds the lease');
  return lease;
}

/** The test of a job's first unit, approved by a person: the job is at work afterwards, under the lease that comes back. */
export function testAndApprove(seed: Seed, jobId: string, outcome: Outcome, at: number, tookMs: number) {
  const { repository } = seed.store;
  const test = { state: 'running', units: [0], verdict: null, executorsLost: 0, startedAt: at, endedAt: null } as const;
  seed.at(at);
  const lease = repository.transaction((tx) => {
    repository.jobs.move(tx, jobId, 'testing', { patch: { test } });
    repository.events.add(tx, jobId, { type: 'job:test_started', data: { units: [0] } });
    return holdLease(seed, tx, jobId);
  });
  const [claimed] = claim(seed, lease, 1, { indexes: [0], purpose: 'test' });
  if (!claimed) throw new Error('the test unit cannot be claimed');
  seed.at(at + tookMs);
  settle(seed, claimed, outcome, at + tookMs);
  repository.transaction((tx) => {
    const passed = { ...test, state: 'passed', verdict: '1 test unit completed.', endedAt: at + tookMs } as const;
    repository.jobs.patch(tx, jobId, { test: passed });
    repository.events.add(tx, jobId, { type: 'job:test_passed' });
  });
  seed.at(at + tookMs + 40_000);
  repository.transaction((tx) => {
    repository.jobs.move(tx, jobId, 'running', { patch: { startedAt: at + tookMs + 40_000 } });
    repository.events.add(tx, jobId, { type: 'job:approved', data: { note: 'looks right' } });
    repository.events.add(tx, jobId, { type: 'job:started' });
  });
  return { lease, claimed };
}

/** Claims the next units as an executor would. */
export function claim(
  { store, root }: Seed,
  lease: ReturnType<typeof begin>,
  limit: number,
  request: Partial<Pick<ClaimRequest, 'indexes' | 'purpose'>> = {},
): readonly Claim[] {
  const { repository, dispatcher } = store;
  return repository.transaction((tx) => {
    const claims = dispatcher.claim(tx, {
      lease,
      stage: 'main',
      purpose: 'batch',
      revision: 1,
      limit,
      reservationUsd: 0,
      maxTotalWorkers: 64,
      ...request,
      runDirectory: (index, attempt) => join(root, 'runs', lease.jobId, 'main', `${index}.${attempt}`),
    });
    for (const { attempt } of claims) {
      const { jobId, index } = attempt;
      repository.events.add(tx, jobId, { type: 'attempt:started', index, attempt: attempt.attempt });
    }
    return claims;
  });
}

/** Ends a claimed attempt. */
export function settle({ store }: Seed, claimed: Claim, outcome: Outcome, now: number): void {
  const { repository, dispatcher } = store;
  const decision = decide(claimed.unit, outcome, { maxRetries: 0, now, random: 0 });
  repository.transaction((tx) => {
    dispatcher.settle(tx, claimed, { attemptStatus: outcome.ok ? 'succeeded' : 'failed', outcome, decision });
    const { jobId, index, attempt } = claimed.attempt;
    repository.events.add(tx, jobId, { type: outcome.ok ? 'unit:completed' : 'unit:failed', index, attempt });
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
