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

declare const txBrand: unique symbol;
/** Proof of an open write transaction, required by every write; handed out by `Repository.transaction`. */
export interface Tx {
  readonly [txBrand]: true;
}

/** Number of failed units of one class. `example` is the first of them. */
export interface FailureCount {
  readonly failureClass: FailureClass;
  readonly count: number;
  readonly example: { readonly index: number; readonly message: string } | null;
}

/** Filter of units: all conditions must hold. */
export interface UnitFilter {
  readonly stage?: Stage;
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
  readonly unit: Pick<Unit, 'index' | 'key' | 'status' | 'payload' | 'attempt' | 'failureClass' | 'failureMessage'>;
  /** Result of the latest attempt. */
  readonly result: UnitResult | null;
  /** Sum over all attempts, so that units add up to their job; null = no worker reported it. */
  readonly used: { readonly costUsd: number | null; readonly durationMs: number | null };
}

/** Store of units. */
export interface UnitStore {
  /** Appends units as pending, from `firstIndex` on. Throws AbpError `already_exists` on a duplicate key. */
  add(tx: Tx, jobId: string, stage: Stage, firstIndex: number, items: readonly EnumeratedItem[]): void;
  /** Returns the index of each of these keys that is stored already. */
  indexesByKey(jobId: string, keys: readonly string[]): ReadonlyMap<string, number>;
  get(ref: UnitRef): Unit | null;
  counts(jobId: string, stage?: Stage): UnitCounts;
  failures(jobId: string): readonly FailureCount[];
  /** Replaces the payload of the post-processing unit, when the results have changed. */
  setPayload(tx: Tx, ref: UnitRef, payload: JsonObject): void;
  /** Number of pending units of stage main without a failed attempt. */
  untried(jobId: string): number;
  /** Number of units by the failure class of their latest attempt, whether failed for good or not. */
  classCounts(jobId: string): Readonly<Partial<Record<FailureClass, number>>>;
  list(jobId: string, filter: UnitFilter, limit: number): readonly UnitWithAttempt[];
  /** Units of stage main with their results, in index order, page by page. */
  results(jobId: string, filter: Pick<UnitFilter, 'statuses' | 'after'>, limit: number): readonly UnitWithResult[];
  /**
   * Moves up to `limit` matching units to another status where the transition table allows it, in index order. `last`
   * is the cursor for the next call; null = none left.
   */
  moveMany(
    tx: Tx,
    jobId: string,
    filter: UnitFilter,
    to: UnitStatus,
    limit: number,
  ): { readonly changed: number; readonly last: number | null };
  /** Counts the units in a status (and failure class), and returns the indexes of one page of them. */
  slice(
    jobId: string,
    filter: { readonly status: UnitStatus; readonly failureClass?: FailureClass },
    offset: number,
    limit: number,
  ): { readonly total: number; readonly indexes: readonly number[] };
  /** The first failed units of stage main, with class and message. */
  failed(jobId: string, limit: number): readonly FailedUnit[];
  /** Earliest `notBefore` of pending units, epoch ms; null = none waits. */
  nextDue(jobId: string, stage: Stage): number | null;
}

/** Store of attempts, append-only: a row changes only from running to its end. */
export interface AttemptStore {
  get(ref: AttemptRef): Attempt | null;
  ofUnit(ref: UnitRef): readonly Attempt[];
  /** Running attempts of a job, whichever executor runs them. */
  running(jobId: string): readonly Attempt[];
  /** The latest ended attempts, newest first, that ended after `since` (epoch ms). */
  recent(
    jobId: string,
    since: number,
    limit: number,
  ): readonly Pick<Attempt, 'stage' | 'index' | 'status' | 'failureClass' | 'endedAt' | 'purpose'>[];
  /**
   * Counts the attempts that ended after `since` (epoch ms), at most the newest `limit`; `first` is when the first of
   * these ended.
   */
  recentThroughput(
    jobId: string,
    since: number,
    limit: number,
  ): { readonly ended: number; readonly first: number | null };
  /** Time at which the first and the last attempt ended; null = none has. */
  endedSpan(jobId: string): { readonly first: number; readonly last: number } | null;
  /** Totals of the attempts that ended from `from` up to `to` (epoch ms). */
  endedBetween(
    jobId: string,
    from: number,
    to: number,
  ): { readonly succeeded: number; readonly failed: number; readonly costUsd: number };
  recordSpawn(tx: Tx, ref: AttemptRef, process: ProcessIdentity, deadlineAt: number): Noted;
  /** Counts an executor that begins to judge the output of an adopted attempt. */
  recordJudge(tx: Tx, ref: AttemptRef): Noted;
}

/** Store of events, in order. */
export interface EventStore {
  add(tx: Tx, jobId: string, event: NewEvent): number;
  list(jobId: string, afterSeq: number, limit: number): readonly JobEvent[];
  /** Events about the job itself (none about single units), newest first, before a seq. */
  ofJob(jobId: string, beforeSeq: number, limit: number): readonly JobEvent[];
  /** `seq` of the newest event that started or resumed the job; 0 = none. */
  lastOrder(jobId: string): number;
  /** `seq` of the newest event; null = no such job. */
  lastSeq(jobId: string): number | null;
  /** `seq` of the newest event of every job; jobs still being enumerated are left out. */
  lastSeqs(): ReadonlyMap<string, number>;
}

/** Store of leases. */
export interface LeaseStore {
  get(jobId: string): Lease | null;
  /** All leases not released. */
  held(): readonly Lease[];
  /**
   * Claims a job whose lease is free or over. `over` is the lease that the caller saw end; it must not have moved
   * since. Null = another process holds it.
   */
  acquire(
    tx: Tx,
    claim: { jobId: string; owner: string; leaseMs: number } & ProcessIdentity,
    over: Lease | null,
  ): LeaseToken | null;
  /** Writes a heartbeat. */
  beat(token: LeaseToken): LeaseState;
  /** Tells whether the lease is still held, inside a transaction: the guard of what an executor writes about its job. */
  holds(tx: Tx, token: LeaseToken): boolean;
  release(tx: Tx, token: LeaseToken): Released;
}

/** A closed quota window; it counts for all jobs with this worker type. */
export interface Quota {
  readonly type: string;
  readonly closedUntil: number;
  readonly reason: string;
}

export interface QuotaStore {
  /** null = open. */
  get(type: string): Quota | null;
  /** Closes the window until the later of the stored and the given time. */
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
 * The port of the repository: what is true. Synchronous, so that no transaction spans an await. Write transactions are
 * immediate and shorter than 100 ms; callers work in chunks.
 */
export interface Repository {
  /** Absolute path of the database; run directories are in the same folder. */
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
   * Runs `work` in one immediate transaction: commits all of it, or nothing when it throws. Does not nest. Blocks while
   * another process writes: `await turn()` first.
   */
  transaction<T>(work: (tx: Tx) => T): T;
  /**
   * Waits for this process's turn to write. null = the turn is now: a transaction before the event loop continues does
   * not block. Else resolves when it is; rejects with AbpError `busy` after `maxWaitMs` (default 30 s). Throws when the
   * store cannot be written at all.
   */
  turn(maxWaitMs?: number): Promise<void> | null;
  /** Number that changes with every commit of another connection: a cheap check before an expensive query. */
  changeCounter(): number;
  close(): void;
}
