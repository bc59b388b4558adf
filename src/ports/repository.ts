import type { LeaseState, Noted, Released } from '../domain/answers.ts';
import type { Attempt, AttemptRef, UnitResult } from '../domain/attempt.ts';
import type { JobEvent, NewEvent } from '../domain/event.ts';
import type { FailureClass } from '../domain/failure.ts';
import type { FailedUnit } from '../domain/failure-clusters.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Lease, LeaseToken, ProcessIdentity } from '../domain/lease.ts';
import type { UnitsAtStep } from '../domain/rules/circuit-breaker.ts';
import type { Scope, Unit, UnitCounts, UnitRef, UnitStatus } from '../domain/unit.ts';
import type { ApprovalReads, ApprovalStore } from './approval-store.ts';
import type { Dispatcher, DispatcherReads } from './dispatcher.ts';
import type { EnumeratedItem } from './enumerator.ts';
import type { JobReads, JobStore } from './job-store.ts';
import type { Maintenance } from './maintenance.ts';
import type { SourceKeys, UnitKey } from './source-keys.ts';

/**
 * What a transaction locks. `{ job }`: that job's row, so that everything about a job stays serial. `store`: what no job
 * owns (quotas, approvals). `none`: compare-and-set on rows of its own (leases, attempts). SQLite has one writer whatever
 * the scope.
 */
export type TransactionScope = { readonly job: string } | 'store' | 'none';

/** Reads and writes of one open transaction: only these may be awaited in it. */
export interface Tx {
  readonly jobs: JobStore;
  readonly units: UnitStore;
  readonly attempts: AttemptStore;
  readonly events: EventStore;
  readonly leases: LeaseStore;
  readonly quotas: QuotaStore;
  readonly approvals: ApprovalStore;
  readonly dispatcher: Dispatcher;
}

/** Number of failed units of one class. `example` is the first of them. */
export interface FailureCount {
  readonly failureClass: FailureClass;
  readonly count: number;
  readonly example: { readonly index: number; readonly message: string } | null;
}

/** Filter of units: all conditions must hold. */
export interface UnitFilter {
  readonly scope?: Scope;
  readonly statuses?: readonly UnitStatus[];
  readonly failureClass?: FailureClass;
  readonly indexes?: readonly number[];
  /** Substring of key or payload, case-insensitive. */
  readonly text?: string;
  /** Indexes above this one only: the cursor. */
  readonly after?: number;
  /** Indexes up to this one only: bounds the work of a search. */
  readonly upTo?: number;
}

/** A unit with its latest attempt, for lists and exports. */
export interface UnitWithAttempt {
  readonly unit: Unit;
  readonly attempt: Attempt | null;
}

/** Fields of a unit in an export: fewer than in lists, since exports read millions of them. */
export interface UnitWithResult {
  readonly unit: Pick<
    Unit,
    'index' | 'key' | 'step' | 'status' | 'payload' | 'attempt' | 'failureClass' | 'failureMessage'
  >;
  /** Its present results, by step. */
  readonly results: ReadonlyMap<number, UnitResult>;
  /** Sum over all attempts, so that units add up to their job; null = no worker reported it. */
  readonly used: { readonly costUsd: number | null; readonly durationMs: number | null };
}

/** Reads units. */
export interface UnitReads {
  /** Finds units by key: the index of each of these keys that `addKeys` added. */
  indexesByKey(jobId: string, keys: readonly string[]): Promise<ReadonlyMap<string, number>>;
  get(ref: UnitRef): Promise<Unit | null>;
  counts(jobId: string, scope?: Scope): Promise<UnitCounts>;
  failures(jobId: string): Promise<readonly FailureCount[]>;
  /** Counts units by step, status and failure class; no count is 0. */
  stepCounts(jobId: string, scope?: Scope): Promise<readonly UnitsAtStep[]>;
  /** Present results of a unit, by step. */
  resultsOf(ref: UnitRef): Promise<ReadonlyMap<number, UnitResult>>;
  list(jobId: string, filter: UnitFilter, limit: number): Promise<readonly UnitWithAttempt[]>;
  /** Units of the source with their results, in index order, page by page. */
  results(
    jobId: string,
    filter: Pick<UnitFilter, 'statuses' | 'after'>,
    limit: number,
  ): Promise<readonly UnitWithResult[]>;
  /** Counts the units in a status (and failure class), and returns the indexes of one page of them. */
  slice(
    jobId: string,
    filter: { readonly status: UnitStatus; readonly failureClass?: FailureClass },
    offset: number,
    limit: number,
  ): Promise<{ readonly total: number; readonly indexes: readonly number[] }>;
  /** The first failed units of the source, with class and message. */
  failed(jobId: string, limit: number): Promise<readonly FailedUnit[]>;
}

/** Store of units. */
export interface UnitStore extends UnitReads {
  /** Appends units as pending, from `firstIndex` on. `addKeys` adds their keys to the index, later for a large source. */
  add(jobId: string, scope: Scope, firstIndex: number, items: readonly EnumeratedItem[]): Promise<void>;
  /** Adds keys of units to the index, fastest in its order. Throws AbpError `already_exists` on a duplicate key. */
  addKeys(jobId: string, keys: readonly UnitKey[]): Promise<void>;
  /** Replaces the payload of the unit of scope job, when the results have changed. */
  setPayload(ref: UnitRef, payload: JsonObject): Promise<void>;
  /**
   * Moves up to `limit` matching units to another status where the transition table allows it, in index order. A completed
   * unit that is put back begins again with its first step, without results; another one goes on where it stopped. `last`
   * is the cursor for the next call; null = none left.
   */
  moveMany(
    jobId: string,
    filter: UnitFilter,
    to: UnitStatus,
    limit: number,
  ): Promise<{ readonly changed: number; readonly last: number | null }>;
  /** Puts units back to pending at their first step, whatever their status, without results: a test that is discarded. */
  restart(jobId: string, scope: Scope, indexes: readonly number[], step: number): Promise<void>;
}

/** Reads attempts. */
export interface AttemptReads {
  get(ref: AttemptRef): Promise<Attempt | null>;
  ofUnit(ref: UnitRef): Promise<readonly Attempt[]>;
  /** Running attempts of a job, whichever executor runs them. */
  running(jobId: string): Promise<readonly Attempt[]>;
  /** The latest ended attempts, newest first, that ended after `since` (epoch ms). */
  recent(
    jobId: string,
    since: number,
    limit: number,
  ): Promise<readonly Pick<Attempt, 'scope' | 'index' | 'step' | 'status' | 'failureClass' | 'endedAt' | 'purpose'>[]>;
  /**
   * Counts the attempts that ended after `since` (epoch ms), at most the newest `limit`; `first` is when the first of
   * these ended.
   */
  recentThroughput(
    jobId: string,
    since: number,
    limit: number,
  ): Promise<{ readonly ended: number; readonly first: number | null }>;
  /** Time at which the first and the last attempt ended; null = none has. */
  endedSpan(jobId: string): Promise<{ readonly first: number; readonly last: number } | null>;
  /** Totals of the attempts that ended from `from` up to `to` (epoch ms). */
  endedBetween(
    jobId: string,
    from: number,
    to: number,
  ): Promise<{ readonly succeeded: number; readonly failed: number; readonly costUsd: number }>;
}

/** Record of an attempt's run. */
export type RunRecord = { readonly [Field in 'machineId' | 'handle' | 'deadlineAt']: NonNullable<Attempt[Field]> };

/** Store of attempts, append-only: a row changes only from running to its end. */
export interface AttemptStore extends AttemptReads {
  /** Records the run of a running attempt: where it is performed, its handle and its time limit (epoch ms). */
  recordRun(ref: AttemptRef, run: RunRecord): Promise<Noted>;
  /** Counts an executor that begins to judge the output of an adopted attempt. */
  recordJudge(ref: AttemptRef): Promise<Noted>;
}

/** Reads events, in order. */
export interface EventReads {
  list(jobId: string, afterSeq: number, limit: number): Promise<readonly JobEvent[]>;
  /** Events about the job itself (none about single units), newest first, before a seq. */
  ofJob(jobId: string, beforeSeq: number, limit: number): Promise<readonly JobEvent[]>;
  /** `seq` of the newest event that started or resumed the job; 0 = none. */
  lastOrder(jobId: string): Promise<number>;
  /** `seq` of the newest event; null = no such job. */
  lastSeq(jobId: string): Promise<number | null>;
  /** `seq` of the newest event of every job; jobs still being enumerated are left out. */
  lastSeqs(): Promise<ReadonlyMap<string, number>>;
}

/** Store of events, in order. */
export interface EventStore extends EventReads {
  add(jobId: string, event: NewEvent): Promise<number>;
}

/** Reads leases. */
export interface LeaseReads {
  get(jobId: string): Promise<Lease | null>;
  /** All leases not released. */
  held(): Promise<readonly Lease[]>;
}

/** Store of leases. */
export interface LeaseStore extends LeaseReads {
  /**
   * Claims a job whose lease is free or over. `over` is the lease that the caller saw end; it must not have moved
   * since. Null = another process holds it.
   */
  acquire(
    claim: { jobId: string; owner: string; leaseMs: number } & ProcessIdentity,
    over: Lease | null,
  ): Promise<LeaseToken | null>;
  /** Writes a heartbeat. */
  beat(token: LeaseToken): Promise<LeaseState>;
  /** Tells whether the lease is still held, inside a transaction: the guard of what an executor writes about its job. */
  holds(token: LeaseToken): Promise<boolean>;
  release(token: LeaseToken): Promise<Released>;
}

/** A closed quota window; it counts for all jobs with this worker type. */
export interface Quota {
  readonly type: string;
  readonly closedUntil: number;
  readonly reason: string;
}

/** Reads quota windows. */
export interface QuotaReads {
  /** null = open. */
  get(type: string): Promise<Quota | null>;
}

export interface QuotaStore extends QuotaReads {
  /** Closes the window until the later of the stored and the given time. */
  close(quota: Quota): Promise<void>;
  open(type: string): Promise<void>;
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

/** How a transaction waits for another process that writes. */
export interface TransactionOptions {
  /** ms until it is given up with AbpError `busy`; 30 s unless set. */
  readonly maxWaitMs?: number;
}

/** The port to what is true. Reads see what is committed; writes exist only inside a transaction. */
export interface Repository {
  /** Absolute path of the database; run directories are in the same folder. */
  readonly path: string;
  readonly jobs: JobReads;
  readonly units: UnitReads;
  readonly attempts: AttemptReads;
  readonly events: EventReads;
  readonly leases: LeaseReads;
  readonly quotas: QuotaReads;
  readonly approvals: ApprovalReads;
  readonly dispatcher: DispatcherReads;
  readonly maintenance: Maintenance;
  /** For metrics and diagnostics. */
  totals(): Promise<StoreTotals>;
  /**
   * Runs `work` in one transaction: all of it is committed, or nothing if it throws. Transactions of one process follow one
   * another; one inside another is refused (AbpError `internal`). `work` awaits nothing but `tx`, and may run again: what it
   * changes in memory follows the commit. Throws AbpError `busy` when other processes write for longer than `maxWaitMs`.
   */
  transaction<T>(scope: TransactionScope, work: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Opens an empty set for the keys of a source, on a temporary file: to find duplicates, then to add in order. */
  sourceKeys(): SourceKeys;
  close(): void;
}
