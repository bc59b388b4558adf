import type { Phase } from '../domain/rules/phase.ts';
import type { ServiceHealth } from '../domain/rules/settle.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { Attempts } from './attempts.ts';
import type { BackgroundWork } from './background-work.ts';
import type { ExecutorContext, LoadedRevision } from './context.ts';
import type { FullDisk } from './full-disk.ts';

/** What an executor remembers between rounds. All else is in the rows. */
export interface ExecutorState {
  /** The current revision. */
  loaded: LoadedRevision;
  /** As of the last committed round. */
  health: ServiceHealth;
  /** `seq` of the event that last started or resumed the job. */
  order: number;
  phase: Phase['kind'];
  /** True = this executor is to leave: nothing starts any more. */
  stopping: boolean;
  /** Reason why its steps of scope job could not begin. */
  jobStepsError: string | null;
}

/** The parts of an executor, which its rounds work with. */
export interface ExecutorParts {
  readonly context: ExecutorContext;
  readonly state: ExecutorState;
  readonly attempts: Attempts;
  readonly fullDisk: FullDisk;
  /** Writes files of results. */
  readonly background: BackgroundWork;
  readonly attemptLog: AttemptLog;
}
