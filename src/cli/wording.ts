/** The command that does what a tool does: errors and advice name tools, since most of their readers are models. */
const COMMAND_OF: Readonly<Record<string, string>> = {
  list_enumerators: 'abp enumerators',
  preview_items: 'abp preview',
  create_job: 'abp create',
  update_job: 'abp update',
  start_job: 'abp start',
  get_job_status: 'abp status',
  get_job: 'abp show',
  list_jobs: 'abp status',
  list_units: 'abp units',
  get_unit: 'abp show',
  pause_job: 'abp pause',
  resume_job: 'abp resume',
  cancel_job: 'abp cancel',
  manage_units: 'abp retry, skip or reopen',
  export_results: 'abp export',
  delete_job: 'abp delete',
};

/** Longer words that tools are told and people type another way. */
const OPTION_OF: readonly (readonly [RegExp, string])[] = [
  [/\blist_jobs \(abp status\)/g, 'abp status'],
  [/\bstart_job without (?:approve|skip_test)\b/g, 'abp start'],
  [
    /\bShow the user what it would do\. They decide in the dialog of this host, on the dashboard, or on a terminal: /g,
    'Look at it and decide: ',
  ],
  [/\bThey decide in the dialog of this host, on the dashboard, or on a terminal: /g, 'On a terminal, or with --yes: '],
  [/\(approve=false\)/g, '(abp reject)'],
  [/\bapprove=true\b/g, 'abp approve'],
  [/\bapprove=false\b/g, 'abp reject'],
  [/\bforce to replace it\b/g, '--force to replace it'],
];

const TOOLS = new RegExp(`\\b(?:abp )?(${Object.keys(COMMAND_OF).join('|')})\\b`, 'g');

/** A message in the words of this door. */
export function inCommands(text: string): string {
  const options = OPTION_OF.reduce((said, [find, replace]) => said.replace(find, replace), text);
  return options.replace(TOOLS, (name, tool: string) => COMMAND_OF[tool] ?? name);
}
