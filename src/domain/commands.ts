import type { Mention, NamedOperation } from './hint.ts';

type Input = NonNullable<Mention['input']>;

/** The command of each operation on a terminal, with the job as its first argument; other interfaces name some of them, too. */
const COMMANDS: Readonly<Record<NamedOperation, string | ((input: Input) => string)>> = {
  list_enumerators: 'abp enumerators',
  preview_items: 'abp preview',
  create_job: 'abp create',
  update_job: 'abp update JOB',
  start_job: ({ approve, again, skip_test }) => {
    if (approve !== undefined) return approve === true ? 'abp approve JOB' : 'abp reject JOB';
    return `abp start JOB${again === true ? ' --again' : ''}${skip_test === true ? ' --skip-test' : ''}`;
  },
  get_job_status: ({ wait_seconds }) => (wait_seconds === undefined ? 'abp status JOB' : 'abp watch JOB'),
  get_job: 'abp show JOB',
  list_jobs: 'abp status',
  list_units: 'abp units JOB',
  get_unit: ({ unit = '<unit>' }) => `abp logs JOB ${unit}`,
  pause_job: ({ hard }) => `abp pause JOB${hard === true ? ' --hard' : ''}`,
  resume_job: ({ max_workers }) => `abp resume JOB${max_workers === undefined ? '' : ` --max-workers ${max_workers}`}`,
  cancel_job: 'abp cancel JOB',
  manage_units: ({ action = 'retry', unit }) => `abp ${action} JOB${unit === undefined ? '' : ` ${unit}`}`,
  export_results: 'abp export JOB',
  delete_job: 'abp delete JOB',
  allow_job: ({ job_id = 'JOB' }) => `abp approvals allow ${job_id}`,
  allow_source: ({ definition = '<definition>' }) => `abp approvals allow ${definition}`,
  list_approvals: 'abp approvals',
};

/** The command for an operation on a terminal: `abp resume job-7f3k2m`. Without a job, it is left out. */
export function commandOf({ operation, input = {} }: Mention, jobId?: string): string {
  const command = COMMANDS[operation];
  const text = typeof command === 'string' ? command : command(input);
  return text.replace(' JOB', jobId === undefined ? '' : ` ${jobId}`);
}
