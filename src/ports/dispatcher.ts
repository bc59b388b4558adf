import type { Settled } from '../domain/answers.ts';
import type { Attempt, AttemptPurpose, AttemptStatus, Outcome } from '../domain/attempt.ts';
import type { LeaseToken } from '../domain/lease.ts';
import type { UnitDecision } from '../domain/retry.ts';
import type { Stage, Unit } from '../domain/unit.ts';
import type { Tx } from './repository.ts';

/** The right to perform one attempt. `unit.attempt` equals `attempt.attempt`: the fencing token. */
export interface Claim {
  readonly unit: Unit;
  readonly attempt: Attempt;
}

/** What an executor asks for. */
export interface ClaimRequest {
  readonly lease: LeaseToken;
  readonly stage: Stage;
  readonly purpose: AttemptPurpose;
  readonly revision: number;
  /** Free slots: at most this many are claimed. */
  readonly limit: number;
  /** Only these units (a test); absent = any that are due. */
  readonly indexes?: readonly number[];
  /** Units that were interrupted twice: these run alone, so they are asked for by themselves. */
  readonly alone?: boolean;
  readonly reservationUsd: number;
  /** Bound on running attempts of all jobs of this store. */
  readonly maxTotalWorkers: number;
  /** Run directory of an attempt, made from its names. */
  readonly runDirectory: (index: number, attempt: number) => string;
}

/** How an attempt is written down: the row of history, and what becomes of the unit. */
export interface Settlement {
  readonly attemptStatus: Exclude<AttemptStatus, 'running'>;
  readonly outcome: Outcome;
  readonly decision: UnitDecision;
}

/** The port that says who may run what now. Embedded it uses the file and transactions of the repository. */
export interface Dispatcher {
  /**
   * Claims due units and records their attempts, before anything is spawned. A unit that was put back while its last
   * attempt is still being stopped is not due: one unit never runs twice at a time. [] when nothing is due, the other jobs
   * of this store have a right to the free slots, or the lease is lost.
   */
  claim(tx: Tx, request: ClaimRequest): readonly Claim[];
  /** Of these claims, those whose unit has been taken away (cancelled, or settled by a successor): stop their workers. */
  lost(claims: readonly Claim[]): readonly Claim[];
  /** Ends an attempt. */
  settle(tx: Tx, claim: Claim, settlement: Settlement): Settled;
  /** Takes up to `limit` pending units of a cancelled job out of the queue; how many it took. */
  withdraw(tx: Tx, jobId: string, limit: number): number;
}
