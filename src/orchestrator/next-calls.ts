import { type Job, needsPerson, type PauseReason } from '../domain/job.ts';
import type { Unit, UnitCounts } from '../domain/unit.ts';
import { shownOf } from './approval.ts';
import { truncate } from './truncate.ts';

/** A call that would make sense now, with its arguments and why. */
export interface NextCall {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  readonly why: string;
  /**
   * Set where a person has to agree: the host's dialog asks them, and without one they decide on the dashboard or with this
   * command. A call that they have agreed to beforehand is accepted as well.
   */
  readonly person?: string;
}

/** At most three calls that make sense in this state: facts for whoever decides, not orders. */
export function nextCalls(job: Job, units: UnitCounts, executor: 'none' | 'alive' | 'lost'): readonly NextCall[] {
  const call = (tool: string, why: string, more: Record<string, unknown> = {}): NextCall => ({
    tool,
    arguments: { job_id: job.jobId, ...more },
    why,
  });
  const asked = (next: NextCall, command: string) => asking(job, next, command);
  // What it runs may have changed since it was allowed.
  const mayAsk = (next: NextCall): NextCall => (needsPerson(job) ? { ...next, person: allow } : next);
  const allow = `abp approvals allow ${job.jobId}`;
  const exported = call('export_results', ...exportOf(job));
  const wait = call('get_job_status', 'waits for news', { wait_seconds: 30 });
  const retry = call('manage_units', 'tries the failed units again', { action: 'retry', status: 'failed' });
  switch (job.status) {
    case 'enumerating':
      return [wait];
    case 'created':
      return [
        asked(
          call(
            'start_job',
            `tries ${job.testUnits === 1 ? 'one unit' : `${job.testUnits} units`} first and shows the result`,
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
              : [
                  asked(
                    call('start_job', 'tries the test again, once what it needs was fixed', { again: true }),
                    allow,
                  ),
                ]),
            call('start_job', 'puts the test back, with a note that says why: its units are pending again', {
              approve: false,
            }),
            call('update_job', 'changes prompt, schema, worker or limits, to be tested again'),
          ];
    case 'running':
    case 'post_processing':
      return executor === 'lost'
        ? [mayAsk(call('resume_job', 'its executor is gone: starts a new one'))]
        : [wait, call('pause_job', 'stops starting units; nothing is lost')];
    case 'paused':
      return [
        job.pauseReason === 'approval'
          ? asked(call('resume_job', 'goes on'), allow)
          : mayAsk(call('resume_job', 'goes on')),
        ...(job.pauseReason && NOTHING_TO_CHANGE.includes(job.pauseReason)
          ? []
          : [call('update_job', 'changes what made it stop')]),
        exported,
      ];
    case 'completed':
      return job.outputState?.state === 'written'
        ? [call('list_units', 'shows the results'), exported]
        : [exported, call('list_units', 'shows the results')];
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
        exported,
      ].slice(0, 3);
    case 'cancelled':
      return [exported, call('delete_job', 'removes the job and its run directories')];
  }
}

/**
 * Why an export makes sense, and its arguments: to the job's own output, unless that was refused and would be again, or is
 * being written at this moment.
 */
function exportOf({ output, outputState, outputDirectory }: Job): [string, Record<string, unknown>] {
  const elsewhere = { format: 'csv', path: `${outputDirectory}/results.csv` };
  if (output === null) return ['writes the results to a file', elsewhere];
  switch (outputState?.state) {
    case 'written':
      return [`writes the results once more: they are in ${truncate(output.path, 300)}`, {}];
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

/** Pauses that no change of the job ends. */
const NOTHING_TO_CHANGE: readonly PauseReason[] = ['user', 'usage_limit', 'approval'];

/** What a job does next; where a person has to agree to it first, with the command by which they do. */
function asking(job: Job, next: NextCall, command: string): NextCall {
  if (!needsPerson(job)) return next;
  const why = `asks the user, where the host has dialogs; otherwise they decide on a terminal: ${command}. Then it ${next.why}`;
  return { ...next, why, person: command };
}

/** A list of jobs leads to its first job and to its next page; an empty one to what jobs are made of. */
export function nextOfJobs(first: string | undefined, cursor: string | null, filter: object): NextCall[] {
  if (first === undefined) {
    return [{ tool: 'list_enumerators', arguments: {}, why: 'shows the kinds of sources that a job can be made from' }];
  }
  return [
    { tool: 'get_job_status', arguments: { job_id: first }, why: 'tells how the first of them is doing' },
    ...more('list_jobs', filter, cursor),
  ];
}

/** A list of units leads to one of them, a failed one first, and to its next page. */
export function nextOfUnits(
  jobId: string,
  page: readonly Readonly<{ unit: number; status: string }>[],
  cursor: string | null,
  filter: object,
): NextCall[] {
  const shown = page.find(({ status }) => status === 'failed') ?? page[0];
  if (!shown) return [statusOf(jobId)];
  const why = shown.status === 'failed' ? 'shows why one of them failed' : 'shows one of them in full';
  return [
    { tool: 'get_unit', arguments: { job_id: jobId, unit: shown.unit }, why },
    ...more('list_units', { job_id: jobId, ...filter }, cursor),
  ];
}

/**
 * A unit leads to its conversation, or to more of it (`cursor`: undefined = it has not been asked for), to another try
 * where that is possible, and back to its job.
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
  const again: NextCall = { tool: 'manage_units', arguments: retry, why: 'tries it again' };
  return [
    ...(attempt !== undefined && cursor === undefined
      ? [{ tool: 'get_unit', arguments: here, why: 'shows what it said and did' }]
      : more('get_unit', here, cursor ?? null)),
    ...(canRetry ? [asking(job, again, `abp retry ${jobId} ${index}`)] : []),
    statusOf(jobId),
  ];
}

function more(tool: string, filter: object, cursor: string | null): NextCall[] {
  return cursor === null ? [] : [{ tool, arguments: { ...filter, cursor }, why: 'shows more' }];
}

function statusOf(jobId: string): NextCall {
  return { tool: 'get_job_status', arguments: { job_id: jobId }, why: 'tells how the job is doing' };
}
