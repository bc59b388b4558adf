import type { LeaseState, Noted, Released } from '../domain/answers.ts';
import type { Attempt, AttemptRef, UnitResult } from '../domain/attempt.ts';
import type { JobEvent, NewEvent } from '../domain/event.ts';
import type { FailureClass } from '../domain/failure.ts';
import type { FailedUnit } from '../domain/failure-clusters.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Lease, LeaseToken, ProcessIdentity } from '../domain/lease.ts';
import type { Stage, Unit, UnitCounts, UnitRef, UnitStatus } from '../domain/unit.ts';
import type { ApprovalStore } from './approval-store.ts';
import type { EnumeratedItem } from './enumerator.ts';
import type { JobStore } from './job-store.ts';
import type { Maintenance } from './maintenance.ts';
import type { SourceKeys, UnitKey } from './source-keys.ts';

declare const txBrand: unique symbol;
/** Proof of an open write transaction: every writing method wants one, `Repository.transaction` hands it out. */
export interface Tx {
  readonly [txBrand]: true;
}

/** Failed units of one class. `example` is the first of them. */
export interface FailureCount {
  readonly failureClass: FailureClass;
  readonly count: number;
  readonly example: { readonly index: number; readonly message: string } | null;
}

/** Which units: all conditions must hold. */
export interface UnitFilter {
  readonly stage?: Stage;
  readonly statuses?: readonly UnitStatus[];
  readonly failureClass?: FailureClass;
  readonly indexes?: readonly number[];
  /** Part of key or payload, case-insensitive. */
  readonly text?: string;
  /** Only indexes beyond this one: the cursor. */
  readonly after?: number;
  /** Only indexes up to this one: bounds how much a search looks at. */
  readonly upTo?: number;
}

/** A unit with what its latest attempt left, for lists and exports. */
export interface UnitWithAttempt {
  readonly unit: Unit;
  readonly attempt: Attempt | null;
}

/** A unit with its result, for exports: less of both than lists have, since it is read a million times. */
export interface UnitWithResult {
  readonly unit: Pick<Unit, 'index' | 'key' | 'status' | 'payload' | 'attempt' | 'failureClass' | 'failureMessage'>;
  /** Of the latest attempt. */
  readonly result: UnitResult | null;
  /** By all attempts together, so that what units cost adds up to what their job did; null where no worker told. */
  readonly used: { readonly costUsd: number | null; readonly durationMs: number | null };
}

/** The store of units. */
export interface UnitStore {
  /** Appends units as pending, from `firstIndex` on. `addKeys` adds their keys to the index, later for a large source. */
  add(tx: Tx, jobId: string, stage: Stage, firstIndex: number, items: readonly EnumeratedItem[]): void;
  /** Adds keys of units to the index, fastest in its order. Throws AbpError `already_exists` on a duplicate key. */
  addKeys(tx: Tx, jobId: string, keys: readonly UnitKey[]): void;
  /** Opens an empty set for the keys of a source, on a temporary file: to find duplicates, then to add in order. */
  sourceKeys(): SourceKeys;
  /** Finds units by key: the index of each of these keys that `addKeys` added. */
  indexesByKey(jobId: string, keys: readonly string[]): ReadonlyMap<string, number>;
  get(ref: UnitRef): Unit | null;
  counts(jobId: string, stage?: Stage): UnitCounts;
  failures(jobId: string): readonly FailureCount[];
  /** Replaces what describes a unit: of post-processing, whose results have changed. */
  setPayload(tx: Tx, ref: UnitRef, payload: JsonObject): void;
  /** Pending units of stage main on which no attempt has failed. */
  untried(jobId: string): number;
  /** Units whose latest attempt ended in each class, given up or not. */
  classCounts(jobId: string): Readonly<Partial<Record<FailureClass, number>>>;
  list(jobId: string, filter: UnitFilter, limit: number): readonly UnitWithAttempt[];
  /** Units of stage main with their results, in index order, for going through all of them page by page. */
  results(jobId: string, filter: Pick<UnitFilter, 'statuses' | 'after'>, limit: number): readonly UnitWithResult[];
  /**
   * Moves up to `limit` units that match to another status where the transition table allows it, in index order.
   * `last` is the cursor for the next call, null when none is left.
   */
  moveMany(
    tx: Tx,
    jobId: string,
    filter: UnitFilter,
    to: UnitStatus,
    limit: number,
  ): { readonly changed: number; readonly last: number | null };
  /** How many units are in a status (and failure class), and the indexes of any page of them. */
  slice(
    jobId: string,
    filter: { readonly status: UnitStatus; readonly failureClass?: FailureClass },
    offset: number,
    limit: number,
  ): { readonly total: number; readonly indexes: readonly number[] };
  /** The first failed units of stage main, with why. */
  failed(jobId: string, limit: number): readonly FailedUnit[];
  /** Earliest `notBefore` among pending units; null when none waits. */
  nextDue(jobId: string, stage: Stage): number | null;
}

/** The store of attempts: append-only; a row changes only from running to its end. */
export interface AttemptStore {
  get(ref: AttemptRef): Attempt | null;
  ofUnit(ref: UnitRef): readonly Attempt[];
  /** Attempts of a job whose row says running, whichever process runs them. */
  running(jobId: string): readonly Attempt[];
  /** The last attempts to end, newest first, that ended after a time. */
  recent(
    jobId: string,
    since: number,
    limit: number,
  ): readonly Pick<Attempt, 'stage' | 'index' | 'status' | 'failureClass' | 'endedAt' | 'purpose'>[];
  /** Of the attempts that ended after a time the newest, at most `limit`: how many, and when the first of them did. */
  recentThroughput(
    jobId: string,
    since: number,
    limit: number,
  ): { readonly ended: number; readonly first: number | null };
  /** When the first and the last attempt of a job ended; null when none has. */
  endedSpan(jobId: string): { readonly first: number; readonly last: number } | null;
  /** What ended from one time up to another. */
  endedBetween(
    jobId: string,
    from: number,
    to: number,
  ): { readonly succeeded: number; readonly failed: number; readonly costUsd: number };
  recordSpawn(tx: Tx, ref: AttemptRef, process: ProcessIdentity, deadlineAt: number): Noted;
  /** Counts an executor that begins to judge the output of a running attempt that it took over. */
  recordJudge(tx: Tx, ref: AttemptRef): Noted;
}

/** The record of what happened, in order. */
export interface EventStore {
  add(tx: Tx, jobId: string, event: NewEvent): number;
  list(jobId: string, afterSeq: number, limit: number): readonly JobEvent[];
  /** Events about the job itself and none about single units, newest first, from before a seq. */
  ofJob(jobId: string, beforeSeq: number, limit: number): readonly JobEvent[];
  /** Number of the newest event that started or resumed the job; 0 = it was never started. */
  lastOrder(jobId: string): number;
  /** Number of the newest event; null when there is no such job. */
  lastSeq(jobId: string): number | null;
  /** The same of all jobs; one that is still being enumerated is not among them. */
  lastSeqs(): ReadonlyMap<string, number>;
}

/** Who holds which job. */
export interface LeaseStore {
  get(jobId: string): Lease | null;
  /** All that are not released. */
  held(): readonly Lease[];
  /**
   * Claims a job whose lease is free, or over: `over` is the lease that the caller saw end, and must not have moved since.
   * null = another process holds it.
   */
  acquire(
    tx: Tx,
    claim: { jobId: string; owner: string; leaseMs: number } & ProcessIdentity,
    over: Lease | null,
  ): LeaseToken | null;
  /** Records a heartbeat. */
  beat(token: LeaseToken): LeaseState;
  /** Whether it is still held, inside a transaction: the guard of what an executor writes about its job. */
  holds(tx: Tx, token: LeaseToken): boolean;
  release(tx: Tx, token: LeaseToken): Released;
}

/** A quota window that is closed for all jobs with this worker type. */
export interface Quota {
  readonly type: string;
  readonly closedUntil: number;
  readonly reason: string;
}

export interface QuotaStore {
  /** null = open. */
  get(type: string): Quota | null;
  /** Closes until the later of what is there and what is given. */
  close(tx: Tx, quota: Quota): void;
  open(tx: Tx, type: string): void;
}

/** Sums over all jobs of the store. */
export interface StoreTotals {
  readonly jobsByStatus: Readonly<Record<string, number>>;
  readonly unitsByStatus: Readonly<Record<string, number>>;
  readonly failedByClass: Readonly<Record<string, number>>;
  readonly perJob: readonly {
    readonly jobId: string;
    readonly unitsTried: number;
    readonly costUsd: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
  }[];
}

/**
 * The repository port: what is true. Synchronous, so that no transaction can be held across an await: write
 * transactions are immediate and stay below 100 ms, callers work in chunks.
 */
export interface Repository {
  /** Absolute path of the database; run directories lie beside it. */
  readonly path: string;
  readonly jobs: JobStore;
  readonly units: UnitStore;
  readonly attempts: AttemptStore;
  readonly events: EventStore;
  readonly leases: LeaseStore;
  readonly quotas: QuotaStore;
  readonly approvals: ApprovalStore;
  readonly maintenance: Maintenance;
  /** For metrics and diagnostics. */
  totals(): StoreTotals;
  /**
   * Runs `work` in one immediate transaction: all of it is committed, or nothing if it throws. Does not nest. Blocks while
   * another process writes: `await turn()` first.
   */
  transaction<T>(work: (tx: Tx) => T): T;
  /**
   * null = it is this process's turn to write: a transaction that is made before the event loop goes on waits for nobody.
   * Else resolves when that is so; rejects with AbpError `busy` after `maxWaitMs` (default 30 s). Throws where the store
   * cannot be written at all.
   */
  turn(maxWaitMs?: number): Promise<void> | null;
  /** A number that changes whenever another connection has committed: a cheap check before an expensive read. */
  changeCounter(): number;
  close(): void;
}
