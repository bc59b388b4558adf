import type { JsonObject } from './json.ts';
import type { Scope } from './unit.ts';

/**
 * Every event type, `noun:verb` in the past tense. `attempt:failed` = one try failed, `unit:failed` = the unit failed
 * for good.
 */
export const EVENT_TYPES = [
  'job:created',
  'job:updated',
  'job:test_started',
  'job:test_passed',
  'job:test_failed',
  'job:allowed',
  'job:approved',
  'job:rejected',
  'job:started',
  'job:paused',
  'job:resumed',
  'job:step_started',
  'job:completed',
  'job:failed',
  'job:cancelled',
  'job:slots_changed',
  'executor:started',
  'executor:stopped',
  'executor:lost',
  'attempt:started',
  'attempt:adopted',
  'attempt:failed',
  'attempt:interrupted',
  'unit:step_completed',
  'unit:completed',
  'unit:failed',
  'unit:cancelled',
  'units:retried',
  'units:skipped',
  'units:reopened',
  'units:cancelled',
  'quota:closed',
  'results:exported',
  'results:export_failed',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** A recorded fact. `seq` grows by one per job; `data` is small JSON. */
export interface JobEvent {
  readonly jobId: string;
  readonly seq: number;
  readonly at: number;
  readonly type: EventType;
  readonly scope: Scope | null;
  readonly index: number | null;
  readonly attempt: number | null;
  readonly data: JsonObject;
}

/** An event as written; the store adds `seq` and `at`. */
export type NewEvent = Pick<JobEvent, 'type'> & Partial<Pick<JobEvent, 'scope' | 'index' | 'attempt' | 'data'>>;
