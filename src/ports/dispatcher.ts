import type { Settled } from '../domain/answers.ts';
import type { Attempt, AttemptPurpose } from '../domain/attempt.ts';
import type { LeaseToken } from '../domain/lease.ts';
import type { BudgetRoom } from '../domain/rules/budget.ts';
import type { Settlement } from '../domain/rules/settle.ts';
import type { Scope, Unit } from '../domain/unit.ts';

/** The right to perform one attempt. `unit.attempt` equals `attempt.attempt`: the fencing token. */
export interface Claim {
  readonly unit: Unit;
  readonly attempt: Attempt;
}

/** Request of an executor for units. */
export interface ClaimRequest {
  readonly lease: LeaseToken;
  readonly scope: Scope;
  readonly purpose: AttemptPurpose;
  readonly revision: number;
  /** Free slots: at most this many are claimed. */
  readonly limit: number;
  /** Indexes of the units (a test); absent = all that are due. */
  readonly indexes?: readonly number[];
  /** Asks only for units that were interrupted twice, which run alone. */
  readonly alone?: boolean;
  /** Room in the budget, by step; null = no budget. */
  readonly budget: BudgetRoom | null;
  /** Most running attempts of all jobs of this store. */
  readonly maxTotalWorkers: number;
  /** Returns the run directory of an attempt. */
  readonly runDirectory: (index: number, attempt: number) => string;
}

/** Answer to a request for units. */
export interface Claimed {
  readonly claims: readonly Claim[];
  /** Step of the first unit that the budget does not cover, which nothing comes before; null = all were covered. */
  readonly unaffordable: number | null;
}

/** Tells which claims are lost. */
export interface DispatcherReads {
  /**
   * Returns the claims whose unit was taken away (cancelled, or settled by a successor): their workers are to be
   * stopped.
   */
  lost(claims: readonly Claim[]): Promise<readonly Claim[]>;
}

/** The port that decides who may run what now. On SQLite it shares file and transaction of the repository. */
export interface Dispatcher extends DispatcherReads {
  /**
   * Claims units and records their attempts before anything is spawned: first those whose back-off is over, then those at
   * a later step, then those at the first. Stops at the first one that the budget does not cover. A unit that was put back
   * while its last attempt is still being stopped is not due: a unit never runs twice at the same time. Claims nothing
   * when nothing is due, other jobs of this store have a right to the free slots, or the lease is lost.
   */
  claim(request: ClaimRequest): Promise<Claimed>;
  /** Ends an attempt. */
  settle(claim: Claim, settlement: Settlement): Promise<Settled>;
  /** Cancels up to `limit` pending units of a cancelled job; returns how many. */
  withdraw(jobId: string, limit: number): Promise<number>;
}
