import type { FailureClass } from './failure.ts';
import type { JsonObject } from './json.ts';

/** Unit status → the statuses that may follow it. Back to pending only while the job is not cancelled. */
export const UNIT_TRANSITIONS = {
  pending: ['running', 'skipped', 'cancelled'],
  running: ['completed', 'failed', 'pending', 'cancelled'],
  completed: ['pending'],
  failed: ['pending'],
  skipped: ['pending'],
  cancelled: ['pending'],
} as const satisfies Record<string, readonly string[]>;

export type UnitStatus = keyof typeof UNIT_TRANSITIONS;
export const UNIT_STATUSES = Object.keys(UNIT_TRANSITIONS) as readonly UnitStatus[];

/** Meaning of each status for users: source of the README's table. */
export const UNIT_STATUS_MEANING: Readonly<Record<UnitStatus, string>> = {
  pending: 'waits for a slot or for the end of a back-off',
  running: 'an attempt is running',
  completed: 'an attempt succeeded and its result is stored',
  failed: 'failed after its last retry, or in a way that no retry can fix',
  skipped: 'skipped by a person',
  cancelled: 'cancelled by a person while pending or running',
};

/** Tells whether a unit may move from one status to another. */
export function canMoveUnit(from: UnitStatus, to: UnitStatus): boolean {
  return (UNIT_TRANSITIONS[from] as readonly UnitStatus[]).includes(to);
}

/** Returns the statuses from which `to` may be reached: the compare half of a compare-and-set. */
export function unitStatusesBefore(to: UnitStatus): readonly UnitStatus[] {
  return UNIT_STATUSES.filter((from) => canMoveUnit(from, to));
}

/** Scope of a unit: `unit` = an item of the source, `job` = the one that passes the steps over all results, not counted in `units`. */
export type Scope = 'unit' | 'job';

/** Address of one unit. */
export interface UnitRef {
  readonly jobId: string;
  readonly scope: Scope;
  readonly index: number;
}

/** A unit as stored. */
export interface Unit extends UnitRef {
  /** Unique within the job's scope; the index as text when the source has no keys. */
  readonly key: string;
  readonly payload: JsonObject;
  /** Number of the step that it is at, or passed last: from 0 on, among those of its scope. */
  readonly step: number;
  readonly status: UnitStatus;
  /** Number of the latest attempt, 0 before the first: the fencing token of every write to a running unit. */
  readonly attempt: number;
  readonly retriesUsed: number;
  /** Times it was put back because the service was rate limited or overloaded. */
  readonly deferrals: number;
  /** Times its attempt was lost with its executor or machine. */
  readonly interruptions: number;
  /** Not claimed before this time (epoch ms); 0 = at once. */
  readonly notBefore: number;
  readonly failureClass: FailureClass | null;
  readonly failureMessage: string | null;
}

/** Number of units of the source by status; `total` is their sum. */
export type UnitCounts = Readonly<Record<UnitStatus | 'total', number>>;

/** Counts the units that need no more work; cancelled ones are not counted. */
export function unitsDone({ completed, failed, skipped }: UnitCounts): number {
  return completed + failed + skipped;
}
