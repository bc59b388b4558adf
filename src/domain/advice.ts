import { type Hint, hint, type Mention, mention, partsOf, using } from './hint.ts';
import type { JobStatus } from './job.ts';

/** What to do about a failure or a pause: `fix` without its full stop, and how the work goes on afterwards. */
export interface Advice {
  readonly fix: Hint;
  readonly next?: 'resume' | 'retry';
  /** Whole advice where a test failed so: a test neither waits nor retries. */
  readonly inTest?: Hint;
}

/** Repeats a failed test. */
export const TEST_AGAIN = mention('start_job', { again: true });

/**
 * Words advice for a job with this status: a test is repeated, a running job is paused before it is changed. `unit` is the
 * one whose log is worth a look.
 */
export function advised({ fix, next, inTest }: Advice, status: JobStatus, unit?: number): Hint {
  if (status === 'testing' && inTest !== undefined) return inTest;
  const isRunning = status === 'running';
  const parts = partsOf(fix).flatMap((part) => (typeof part === 'string' ? part : placed(part, isRunning, unit)));
  if (next === undefined) return hint`${parts}.`;
  const goOn = next === 'resume' ? mention('resume_job') : 'retry';
  return hint`${parts}, then ${status === 'testing' ? TEST_AGAIN : goOn}.`;
}

function placed(named: Mention, isRunning: boolean, unit: number | undefined): readonly (string | Mention)[] {
  if (named.operation === 'get_unit' && unit !== undefined) return [{ ...named, input: { unit, cursor: 'end' } }];
  if (named.operation !== 'update_job' || !isRunning) return [named];
  return [using('pause_job'), ' and then ', named];
}
