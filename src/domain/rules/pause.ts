import type { FailureClass } from '../failure.ts';
import type { Job, PauseReason } from '../job.ts';

/**
 * A pause to make: its reason, what happened, the failure class that caused it if one did (what to do follows from it), and
 * the time at which the job resumes by itself (epoch ms).
 */
export interface Pause {
  readonly reason: PauseReason;
  readonly message: string;
  readonly failureClass?: FailureClass;
  readonly resumeAt?: number;
}

type PauseFields = Pick<Job, 'pauseReason' | 'pauseClass' | 'pauseMode' | 'statusMessage' | 'resumeAt'>;

/** What a job that is not paused has in the fields of a pause. */
export const NOT_PAUSED: PauseFields = {
  pauseReason: null,
  pauseClass: null,
  pauseMode: null,
  statusMessage: null,
  resumeAt: null,
};

/** Returns the fields of a job that its executor pauses: running attempts may finish. */
export function pausedFields({
  reason,
  message,
  failureClass = null,
  resumeAt = null,
}: Omit<Pause, 'resumeAt' | 'failureClass'> & {
  failureClass?: FailureClass | null;
  resumeAt?: number | null;
}): PauseFields {
  return { pauseReason: reason, pauseClass: failureClass, pauseMode: 'soft', statusMessage: message, resumeAt };
}

/**
 * Returns the fields of a job that a person pauses; null = nothing changes. A pause with another reason becomes one by a
 * person; a hard pause stays hard.
 */
export function pausedByUser(
  { pauseReason, pauseMode }: Pick<Job, 'pauseReason' | 'pauseMode'>,
  hard: boolean,
): PauseFields | null {
  if (pauseReason === 'user' && (pauseMode === 'hard' || !hard)) return null;
  return { ...NOT_PAUSED, pauseReason: 'user', pauseMode: hard ? 'hard' : 'soft' };
}
