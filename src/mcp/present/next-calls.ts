import { z } from 'zod';
import { commandOf } from '../../domain/commands.ts';
import { type Mention, mention } from '../../domain/hint.ts';
import type { JobStatusOutput } from '../../orchestrator/shapes.ts';
import { truncate } from '../../orchestrator/truncate.ts';

/** Shape of a sensible next call as it is sent; `person` is the command with which a person agrees. */
export const nextCall = z.object({
  tool: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  why: z.string(),
  person: z.string().optional(),
});

/** A next call as it is sent. */
export type SentCall = z.infer<typeof nextCall>;

/** A sensible next call, with its arguments and its reason. */
export interface NextCall {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  readonly why: string;
  /**
   * Operation by which a person agrees; set where one has to. A dialog of the host asks them; without one they decide on the
   * dashboard or with its command. A call that they agreed to before is accepted, too.
   */
  readonly decision?: Mention;
  /** Set where they are asked only if the definition has changed since they allowed it: the reason does not speak of it. */
  readonly asksAfterChange?: true;
}

/** What the next calls of a job depend on. */
export type NextOf = Pick<
  JobStatusOutput,
  'job_id' | 'status' | 'pause_reason' | 'test' | 'test_units' | 'approval' | 'executor' | 'units' | 'output'
> & {
  readonly steps?:
    | readonly { readonly name: string; readonly scope: string; readonly status?: string | undefined }[]
    | undefined;
};

const ALLOW = mention('allow_job');

/** Lists at most three sensible calls in this state: options for the caller, not orders. */
export function nextCalls(job: NextOf): readonly NextCall[] {
  const { job_id, test, executor, units } = job;
  const call = (tool: string, why: string, more: Record<string, unknown> = {}): NextCall => ({
    tool,
    arguments: { job_id, ...more },
    why,
  });
  const asked = (next: NextCall, decision: Mention) => asking(job, next, decision);
  // The definition may have changed since it was allowed.
  const mayAsk = (next: NextCall): NextCall =>
    needsPerson(job) ? { ...next, decision: ALLOW, asksAfterChange: true } : next;
  const exporting = call('export_results', ...exportOf(job));
  const wait = call('get_job_status', 'waits for news', { wait_seconds: 30 });
  const retry = call('manage_units', 'retries the failed units', { action: 'retry', status: 'failed' });
  switch (job.status) {
    case 'enumerating':
      return [wait];
    case 'created': {
      const first = job.test_units === 1 ? 'one unit' : `${job.test_units} units`;
      const start =
        job.test_units === 0
          ? asked(call('start_job', 'runs all units without a test'), mention('start_job', { skip_test: true }))
          : asked(call('start_job', `runs ${first} as a test and shows the result`), ALLOW);
      return [start, call('get_job', 'shows the prompt template and the settings')];
    }
    case 'testing':
      return test?.state === 'running'
        ? [call('start_job', 'waits for the test', { wait_seconds: 30 })]
        : [
            ...(test?.state === 'passed'
              ? [
                  asked(
                    call('start_job', `runs all other units${needsPerson(job) ? '' : ', once the user has agreed'}`, {
                      approve: true,
                      shown: job.approval?.shown,
                    }),
                    mention('start_job', { approve: true }),
                  ),
                ]
              : [asked(call('start_job', 'runs the test again, once the cause is fixed', { again: true }), ALLOW)]),
            call('start_job', 'rejects the test, with a note that says why: its units are pending again', {
              approve: false,
            }),
            call('update_job', 'changes prompt, schema, worker or limits, to be tested again'),
          ];
    case 'paused': {
      const resume = call('resume_job', 'continues the job');
      return [
        job.pause_reason === 'approval' ? asked(resume, ALLOW) : mayAsk(resume),
        ...(job.pause_reason !== undefined && NO_CHANGE_HELPS.includes(job.pause_reason)
          ? []
          : [call('update_job', 'changes what stopped it')]),
        exporting,
      ];
    }
    case 'completed':
      return job.output.state === 'written'
        ? [call('list_units', 'shows the results'), exporting]
        : [exporting, call('list_units', 'shows the results')];
    case 'failed': {
      const jobSteps = (job.steps ?? []).filter(({ scope }) => scope === 'job');
      const step = (jobSteps.find(({ status }) => status === 'failed') ?? jobSteps[0])?.name;
      const rerun = call('manage_units', `runs step ${step} (again)`, { action: 'rerun', step });
      return [
        ...(units.failed > 0 ? [asked(retry, mention('manage_units', { action: 'retry' }))] : []),
        ...(step === undefined ? [] : [asked(rerun, mention('manage_units', { action: 'rerun' }))]),
        exporting,
      ].slice(0, 3);
    }
    case 'cancelled':
      return [exporting, call('delete_job', 'removes the job and its run directories')];
    case 'running':
      return executor.state === 'lost'
        ? [mayAsk(call('resume_job', 'its executor died: starts a new one'))]
        : [wait, call('pause_job', 'stops starting units; nothing is lost')];
  }
}

/** A job of which a person may have to be asked. */
interface Asked {
  readonly job_id: string;
  readonly approval?: { readonly person: boolean } | undefined;
}

function needsPerson({ approval }: Pick<Asked, 'approval'>): boolean {
  return approval?.person === true;
}

/**
 * Reason and arguments of an export: to the job's own output, unless that was refused and would be again, or is being
 * written now.
 */
function exportOf({ output }: NextOf): [string, Record<string, unknown>] {
  const elsewhere = { format: 'csv', path: `${output.directory}/results.csv` };
  if (output.path === undefined) return ['writes the results to a file', elsewhere];
  const path = truncate(output.path, 300);
  switch (output.state) {
    case 'written':
      return [`writes the results again: they are in ${path}`, {}];
    case 'writing':
      return [`writes the results to another file: those of ${path} are being written`, elsewhere];
    case 'failed':
      return output.error?.code === 'environment'
        ? [`writes the results to ${path}, once that is possible`, {}]
        : [`writes the results elsewhere: ${path} was refused`, elsewhere];
    default:
      return [`writes the results so far to ${path}`, {}];
  }
}

/** Pause reasons that no change of the job removes. */
const NO_CHANGE_HELPS: readonly string[] = ['user', 'usage_limit', 'approval'];

/** Adds to a next call of a job that needs a person the operation by which they agree. */
export function asking(job: Pick<NextOf, 'approval'>, next: NextCall, decision: Mention): NextCall {
  return needsPerson(job) ? { ...next, decision } : next;
}

/** The command with which a person agrees to a next call; undefined where none has to. */
export function commandOfDecision({ decision, arguments: { job_id } }: NextCall): string | undefined {
  return decision && commandOf(decision, String(job_id));
}

/** Words a next call as it is sent, for a host that may have dialogs. */
export function worded(next: NextCall): SentCall {
  const { decision: _, asksAfterChange, ...call } = next;
  const person = commandOfDecision(next);
  if (person === undefined) return call;
  if (asksAfterChange) return { ...call, person };
  const why = `asks the user, where the host has dialogs; otherwise they decide on a terminal: ${person}. Then it ${call.why}`;
  return { ...call, why, person };
}

/** The next page of a list; none after the last one. */
export function more(tool: string, filter: object, cursor: string | null): NextCall[] {
  return cursor === null ? [] : [{ tool, arguments: { ...filter, cursor }, why: 'shows more' }];
}

/** The call that shows the status of a job. */
export function statusOf(jobId: string): NextCall {
  return { tool: 'get_job_status', arguments: { job_id: jobId }, why: 'shows the status of the job' };
}
