import type { EventType } from '../event.ts';
import type { JobStatus } from '../job.ts';
import type { UnitStatus } from '../unit.ts';

/** What an action does to units. */
export interface UnitActionRule {
  /** Unit statuses that it takes. */
  readonly from: readonly UnitStatus[];
  readonly to: UnitStatus;
  /** Job statuses in which it works. */
  readonly jobs: readonly JobStatus[];
  readonly event: EventType;
}

export type UnitAction = 'retry' | 'skip' | 'reopen' | 'cancel';

/** Actions of a person on units. */
export const UNIT_ACTIONS: Readonly<Record<UnitAction, UnitActionRule>> = {
  retry: {
    from: ['failed'],
    to: 'pending',
    jobs: ['running', 'paused', 'completed', 'failed'],
    event: 'units:retried',
  },
  skip: { from: ['pending'], to: 'skipped', jobs: ['created', 'running', 'paused'], event: 'units:skipped' },
  reopen: {
    from: ['completed', 'failed', 'skipped', 'cancelled'],
    to: 'pending',
    jobs: ['created', 'running', 'paused', 'completed', 'failed'],
    event: 'units:reopened',
  },
  cancel: {
    from: ['pending', 'running'],
    to: 'cancelled',
    jobs: ['created', 'running', 'paused'],
    event: 'units:cancelled',
  },
};
