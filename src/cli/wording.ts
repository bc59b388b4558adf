/** The command for each tool: errors and advice name tools, since most of their readers are models. */
const COMMAND_OF: Readonly<Record<string, string>> = {
  list_enumerators: 'abp enumerators',
  preview_items: 'abp preview',
  create_job: 'abp create',
  update_job: 'abp update <job>',
  start_job: 'abp start <job>',
  get_job_status: 'abp status <job>',
  get_job: 'abp show <job>',
  list_jobs: 'abp status',
  list_units: 'abp units <job>',
  get_unit: 'abp show <job> <unit>',
  pause_job: 'abp pause <job>',
  resume_job: 'abp resume <job>',
  cancel_job: 'abp cancel <job>',
  manage_units: 'abp retry, skip or reopen',
  export_results: 'abp export <job>',
  delete_job: 'abp delete <job>',
};

/** Phrases about arguments of tools, with their form on the command line. */
const OPTION_OF: readonly (readonly [RegExp, string])[] = [
  [/\blist_jobs \(abp status\)/g, 'abp status'],
  [/\bstart_job without (?:approve|skip_test)\b/g, 'abp start <job>'],
  [/\bstart_job with again=true\b/g, 'abp start <job> --again'],
  [/\bpause_job with hard=true\b/g, 'abp pause <job> --hard'],
  [/\bmanage_units retries or reopens its units\b/g, 'abp retry <job> or abp reopen <job> runs its units again'],
  [/\bget_unit \(unit=(\d+), cursor=end\)/g, 'abp logs <job> $1'],
  [/\bwith get_unit\b/g, 'with abp logs <job> <unit>'],
  [/\bwith manage_units\b/g, 'with abp reopen <job>'],
  [
    /\bShow the user what it would do\. They decide in the dialog of this host, on the dashboard, or on a terminal: /g,
    'Look at it and decide: ',
  ],
  [/\bThey decide in the dialog of this host, on the dashboard, or on a terminal: /g, 'On a terminal, or with --yes: '],
  [/\(approve=false\)/g, '(abp reject <job>)'],
  [/\(approve=true\)/g, '(abp approve <job>)'],
  [/\bapprove=true\b/g, 'abp approve <job>'],
  [/\bapprove=false\b/g, 'abp reject <job>'],
  [/\bforce to replace it\b/g, '--force to replace it'],
];

const TOOLS = new RegExp(`\\b(?:abp )?(${Object.keys(COMMAND_OF).join('|')})\\b`, 'g');

/** Commands that run a job. */
const RUNS = /\babp (start|approve|resume|retry|reopen) job-[a-z0-9]+( --again)?/g;

/**
 * Adds the approval that a command needs without a terminal: --yes allows what the job can do. Before the first run it is a
 * command of its own, since --yes of `abp start` would approve the test as well.
 */
function allowing(jobId: string, command: string, verb: string, again = ''): string {
  const isFirst = verb === 'start' && again === '';
  return isFirst ? `abp approvals allow ${jobId} --yes, then ${command}` : `${command} --yes`;
}

/**
 * Replaces names of tools in a message by commands, with the id of the job if it is known. `mustAllow`: the job needs approval
 * and there is no terminal to ask on, so commands that run it are given in the form that approves it.
 */
export function inCommands(text: string, jobId?: string, mustAllow = false): string {
  const options = OPTION_OF.reduce((said, [find, replace]) => said.replace(find, replace), text);
  const commands = options.replace(TOOLS, (name, tool: string) => COMMAND_OF[tool] ?? name);
  const whole = commands.replaceAll(' <job>', jobId === undefined ? '' : ` ${jobId}`);
  if (!mustAllow || jobId === undefined) return whole;
  return whole.replace(RUNS, (command, verb: string, again?: string) => allowing(jobId, command, verb, again));
}
