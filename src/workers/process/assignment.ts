import { AbpError } from '../../domain/error.ts';
import type { AttemptToRun, Run } from '../../ports/worker.ts';

/** A run of one attempt, as a program performs it. */
export type Assignment = Omit<Run, 'attempts'> & AttemptToRun;

/** Returns a run as an assignment. Throws AbpError `internal` for several attempts, which a program cannot perform. */
export function assignmentOf({ attempts, ...run }: Run): Assignment {
  const [attempt] = attempts;
  if (attempt === undefined || attempts.length > 1)
    throw new AbpError('internal', `A program performs one attempt per run, found ${attempts.length}.`);
  return { ...run, ...attempt };
}
