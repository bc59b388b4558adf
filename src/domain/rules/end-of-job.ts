import type { Job } from '../job.ts';
import type { OutputState } from '../job-output.ts';
import { counted, sentences } from '../sentences.ts';
import type { Step } from '../step.ts';
import { clampedEnd } from '../time.ts';
import type { Scope, Unit, UnitCounts } from '../unit.ts';
import { NOT_PAUSED } from './pause.ts';
import { endedTest } from './test.ts';

/** What is known about a job at the end of a scope. */
export interface EndFacts {
  readonly job: Pick<Job, 'startedAt' | 'createdAt' | 'output' | 'outputState'>;
  /** Scope that has ended. */
  readonly scope: Scope;
  readonly counts: Pick<UnitCounts, 'failed' | 'total'>;
  /** Its steps of scope job. */
  readonly jobSteps: readonly Pick<Step, 'name'>[];
  /** Unit that passes them; null = none was made. */
  readonly last: Pick<Unit, 'status' | 'step' | 'failureMessage'> | null;
  /** Reason why they could not begin; null = they could, or were not due. */
  readonly error: string | null;
}

/** End of a job: its status, a message for a person (null = nothing failed), and the fields to write with it. */
export interface JobEnd {
  readonly to: 'completed' | 'failed';
  readonly message: string | null;
  readonly patch: Pick<Job, 'statusMessage' | 'endedAt'> & Partial<Pick<Job, 'outputState' | 'executorsLost'>>;
}

/** Decides how a job ends when nothing of its last scope is left; `now` in epoch ms. */
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

function* problems({ scope, counts: { failed, total }, jobSteps, last, error }: EndFacts): Iterable<string> {
  if (failed > 0) yield `${failed} of ${counted(total, 'unit')} failed.`;
  if (scope === 'unit') {
    const names = jobSteps.map(({ name }) => name).join(', ');
    if (error) yield error;
    else if (failed > 0 && names)
      yield jobSteps.length === 1 ? `Step ${names} was skipped.` : `Steps ${names} were skipped.`;
  } else if (last?.status !== 'completed') {
    const reason = last?.failureMessage ? `: ${last.failureMessage}` : '';
    yield `Step ${jobSteps[last?.step ?? 0]?.name} ${last?.status ?? 'is missing'}${reason}`;
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
