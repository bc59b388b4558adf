import { type Job, needsPerson, type PauseReason } from '../domain/job.ts';
import type { Unit, UnitCounts } from '../domain/unit.ts';
import { shownOf } from './queries/approval-state.ts';
import { truncate } from './truncate.ts';

/** A sensible next call, with its arguments and its reason. */
export interface NextCall {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  readonly why: string;
  /**
   * Command with which a person agrees; set where one has to. A dialog of the host asks them; without one they decide on the
   * dashboard or with this command. A call that they agreed to before is accepted, too.
   */
  readonly person?: string;
}

/** Lists at most three sensible calls in this state: options for the caller, not orders. */
export function nextCalls(job: Job, units: UnitCounts, executor: 'none' | 'alive' | 'lost'): readonly NextCall[] {
  const call = (tool: string, why: string, more: Record<string, unknown> = {}): NextCall => ({
    tool,
    arguments: { job_id: job.jobId, ...more },
    why,
  });
  const asked = (next: NextCall, command: string) => asking(job, next, command);
  // The definition may have changed since it was allowed.
  const mayAsk = (next: NextCall): NextCall => (needsPerson(job) ? { ...next, person: allow } : next);
  const allow = `abp approvals allow ${job.jobId}`;
  const exporting = call('export_results', ...exportOf(job));
  const wait = call('get_job_status', 'waits for news', { wait_seconds: 30 });
  const retry = call('manage_units', 'retries the failed units', { action: 'retry', status: 'failed' });
  switch (job.status) {
    case 'enumerating':
      return [wait];
    case 'created':
      return [
        asked(
          call(
            'start_job',
            `runs ${job.testUnits === 1 ? 'one unit' : `${job.testUnits} units`} as a test and shows the result`,
          ),
          allow,
        ),
        call('get_job', 'shows the prompt template and the settings'),
      ];
    case 'testing':
      return job.test?.state === 'running'
        ? [call('start_job', 'waits for the test', { wait_seconds: 30 })]
        : [
            ...(job.test?.state === 'passed'
              ? [
                  asked(
                    call('start_job', `runs all other units${needsPerson(job) ? '' : ', once the user has agreed'}`, {
                      approve: true,
                      shown: shownOf(job, job.approvedDefinition),
                    }),
                    `abp approve ${job.jobId}`,
                  ),
                ]
              : [asked(call('start_job', 'runs the test again, once the cause is fixed', { again: true }), allow)]),
            call('start_job', 'rejects the test, with a note that says why: its units are pending again', {
              approve: false,
            }),
            call('update_job', 'changes prompt, schema, worker or limits, to be tested again'),
          ];
    case 'running':
    case 'post_processing':
      return executor === 'lost'
        ? [mayAsk(call('resume_job', 'its executor died: starts a new one'))]
        : [wait, call('pause_job', 'stops starting units; nothing is lost')];
    case 'paused':
      return [
        job.pauseReason === 'approval'
          ? asked(call('resume_job', 'continues the job'), allow)
          : mayAsk(call('resume_job', 'continues the job')),
        ...(job.pauseReason && NO_CHANGE_HELPS.includes(job.pauseReason)
          ? []
          : [call('update_job', 'changes what stopped it')]),
        exporting,
      ];
    case 'completed':
      return job.outputState?.state === 'written'
        ? [call('list_units', 'shows the results'), exporting]
        : [exporting, call('list_units', 'shows the results')];
    case 'failed':
      return [
        ...(units.failed > 0 ? [asked(retry, `abp retry ${job.jobId}`)] : []),
        ...(job.postProcessing
          ? [
              asked(
                call('manage_units', 'runs post-processing (again)', { action: 'post_process' }),
                `abp retry ${job.jobId} --post-processing`,
              ),
            ]
          : []),
        exporting,
      ].slice(0, 3);
    case 'cancelled':
      return [exporting, call('delete_job', 'removes the job and its run directories')];
  }
}

/**
 * Reason and arguments of an export: to the job's own output, unless that was refused and would be again, or is being
 * written now.
 */
function exportOf({ output, outputState, outputDirectory }: Job): [string, Record<string, unknown>] {
  const elsewhere = { format: 'csv', path: `${outputDirectory}/results.csv` };
  if (output === null) return ['writes the results to a file', elsewhere];
  switch (outputState?.state) {
    case 'written':
      return [`writes the results again: they are in ${truncate(output.path, 300)}`, {}];
    case 'due':
      return [
        `writes the results to another file: those of ${truncate(output.path, 300)} are being written`,
        elsewhere,
      ];
    case 'failed':
      return outputState.error.code === 'environment'
        ? [`writes the results to ${truncate(output.path, 300)}, once that is possible`, {}]
        : [`writes the results elsewhere: ${truncate(output.path, 300)} was refused`, elsewhere];
    default:
      return [`writes the results so far to ${truncate(output.path, 300)}`, {}];
  }
}

/** Pause reasons that no change of the job removes. */
const NO_CHANGE_HELPS: readonly PauseReason[] = ['user', 'usage_limit', 'approval'];

/** Adds to a next call of a job that needs a person the command with which they agree. */
function asking(job: Job, next: NextCall, command: string): NextCall {
  if (!needsPerson(job)) return next;
  const why = `asks the user, where the host has dialogs; otherwise they decide on a terminal: ${command}. Then it ${next.why}`;
  return { ...next, why, person: command };
}

/** Next calls of a list of jobs: its first job and its next page; of an empty list: the kinds of sources. */
export function nextOfJobs(first: string | undefined, cursor: string | null, filter: object): NextCall[] {
  if (first === undefined) {
    return [{ tool: 'list_enumerators', arguments: {}, why: 'shows the kinds of sources that a job can be made from' }];
  }
  return [
    { tool: 'get_job_status', arguments: { job_id: first }, why: 'shows the status of the first one' },
    ...more('list_jobs', filter, cursor),
  ];
}

/** Next calls of a list of units: one of them, a failed one first, and its next page. */
export function nextOfUnits(
  jobId: string,
  page: readonly Readonly<{ unit: number; status: string }>[],
  cursor: string | null,
  filter: object,
): NextCall[] {
  const shown = page.find(({ status }) => status === 'failed') ?? page[0];
  if (!shown) return [statusOf(jobId)];
  const why = shown.status === 'failed' ? 'shows why one of them failed' : 'shows one of them in detail';
  return [
    { tool: 'get_unit', arguments: { job_id: jobId, unit: shown.unit }, why },
    ...more('list_units', { job_id: jobId, ...filter }, cursor),
  ];
}

/**
 * Next calls of a unit: its conversation or the next page of it (`cursor`: undefined = not requested), a retry where that
 * is possible, and its job.
 */
export function nextOfUnit(
  job: Job,
  { jobId, stage, index }: Pick<Unit, 'jobId' | 'stage' | 'index'>,
  attempt: number | undefined,
  canRetry: boolean,
  cursor: string | null | undefined,
): NextCall[] {
  const here = { job_id: jobId, unit: index, ...(stage === 'post' ? { stage } : {}), attempt, conversation: true };
  const retry = { job_id: jobId, action: 'retry', units: [index] };
  const again: NextCall = { tool: 'manage_units', arguments: retry, why: 'retries it' };
  return [
    ...(attempt !== undefined && cursor === undefined
      ? [{ tool: 'get_unit', arguments: here, why: 'shows its conversation' }]
      : more('get_unit', here, cursor ?? null)),
    ...(canRetry ? [asking(job, again, `abp retry ${jobId} ${index}`)] : []),
    statusOf(jobId),
  ];
}

function more(tool: string, filter: object, cursor: string | null): NextCall[] {
  return cursor === null ? [] : [{ tool, arguments: { ...filter, cursor }, why: 'shows more' }];
}

function statusOf(jobId: string): NextCall {
  return { tool: 'get_job_status', arguments: { job_id: jobId }, why: 'shows the status of the job' };
}
