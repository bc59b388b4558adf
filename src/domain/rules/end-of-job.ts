import type { Job } from '../job.ts';
import type { OutputState } from '../job-output.ts';
import { counted, sentences } from '../sentences.ts';
import { clampedEnd } from '../time.ts';
import type { Stage, Unit, UnitCounts } from '../unit.ts';
import { NOT_PAUSED } from './pause.ts';
import { endedTest } from './test.ts';

/** What is known about a job at the end of a stage. */
export interface EndFacts {
  readonly job: Pick<Job, 'postProcessing' | 'startedAt' | 'createdAt' | 'output' | 'outputState'>;
  /** Stage that has ended. */
  readonly stage: Stage;
  readonly counts: Pick<UnitCounts, 'failed' | 'total'>;
  /** Unit of post-processing; null = none was made. */
  readonly post: Pick<Unit, 'status' | 'failureMessage'> | null;
  /** Reason why post-processing could not start; null = it could, or was not wanted. */
  readonly error: string | null;
}

/** End of a job: its status, a message for a person (null = nothing failed), and the fields to write with it. */
export interface JobEnd {
  readonly to: 'completed' | 'failed';
  readonly message: string | null;
  readonly patch: Pick<Job, 'statusMessage' | 'endedAt'> & Partial<Pick<Job, 'outputState' | 'executorsLost'>>;
}

/** Tells whether post-processing follows the units, which have all ended. */
export function wantsPostProcessing(
  { postProcessing, afterUnits }: Pick<Job, 'postProcessing' | 'afterUnits'>,
  { failed }: Pick<UnitCounts, 'failed'>,
): boolean {
  return postProcessing !== null && (failed === 0 || postProcessing.onFailures === 'run' || afterUnits === 'due');
}

/** Decides how a job ends when nothing of its last stage is left; `now` in epoch ms. */
export function endOfJob(facts: EndFacts, now: number): JobEnd {
  const { job } = facts;
  const message = sentences(...problems(facts)) || null;
  return {
    to: message === null ? 'completed' : 'failed',
    message,
    patch: {
      statusMessage: message,
      endedAt: endOf(job, now),
      ...(job.output && { outputState: dueAfter(job.outputState), executorsLost: 0 }),
    },
  };
}

function* problems({ job, stage, counts: { failed, total }, post, error }: EndFacts): Iterable<string> {
  if (failed > 0) yield `${failed} of ${counted(total, 'unit')} failed.`;
  if (stage === 'main') {
    if (failed > 0 && job.postProcessing && !error) yield 'Post-processing was skipped.';
    if (error) yield error;
  } else if (post?.status !== 'completed') {
    const reason = post?.failureMessage ? `: ${post.failureMessage}` : '';
    yield `Post-processing ${post?.status ?? 'is missing'}${reason}`;
  }
}

/** Returns the state of an output that is due; an announced and unrecorded file stays known as the job's own. */
function dueAfter(before: OutputState | null): OutputState {
  return { state: 'due', sha256: before?.state === 'due' ? before.sha256 : null };
}

/** Returns the fields of a job that is cancelled now (epoch ms): its test, if one runs, fails. */
export function cancelledFields(job: Pick<Job, 'test' | 'startedAt' | 'createdAt'>, now: number) {
  const verdict = { state: 'failed', verdict: 'The job was cancelled.' } as const;
  const test = job.test?.state === 'running' ? endedTest(job.test, verdict, now) : job.test;
  return { ...NOT_PAUSED, test, endedAt: endOf(job, now) };
}

/** Fields of an ended job that gets work again. */
export const NOT_ENDED = { statusMessage: null, endedAt: null } as const;

function endOf({ startedAt, createdAt }: Pick<Job, 'startedAt' | 'createdAt'>, now: number): number {
  return clampedEnd(startedAt ?? createdAt, now);
}
