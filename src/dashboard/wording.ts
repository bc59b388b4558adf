import { sentences } from '../domain/sentences.ts';

/** What the page offers for what a tool does: advice and refusals name tools, since most of their readers are models. */
const PLACE_OF: Readonly<Record<string, string>> = {
  list_jobs: 'the list of jobs',
  get_job_status: 'its overview',
  get_unit: 'the page of the unit',
  start_job: 'its Test view',
  pause_job: 'Pause',
  resume_job: 'Resume',
  cancel_job: 'Cancel',
  manage_units: 'Retry or Run again',
  export_results: 'Export',
  delete_job: 'Delete',
  create_job: 'abp create',
  update_job: 'abp update',
};

const TOOLS = new RegExp(`\\b(${Object.keys(PLACE_OF).join('|')})\\b`, 'g');

/** A message in the words of this page, as a sentence. */
export function inWords(text: string): string {
  const said = text
    .replace(/\bwith get_unit \(unit=(\d+), cursor=end\)/g, 'on the page of unit $1')
    .replace(/\bwith get_unit\b/g, 'on the page of the unit')
    .replace(/\bprompt with update_job\b/g, 'prompt under Prompt & settings')
    .replace(/ \(approve=(?:true|false)\)/g, '')
    .replace(/\bstart_job with again=true\b/g, '“Test again”')
    .replace(TOOLS, (name) => PLACE_OF[name] ?? name);
  return sentences(said.charAt(0).toUpperCase() + said.slice(1));
}

/** What whoever does a unit is called, by type of worker: a program is no agent, it is given its item and says what it does in a log. */
export function workerWords(type: string) {
  return type === 'command' ? PROGRAM : AGENT;
}

const AGENT = {
  one: 'agent',
  several: 'agents',
  told: 'What the agent was told',
  doing: 'What the agent is doing',
  did: 'What the agent did',
} as const;

const PROGRAM = {
  one: 'program',
  several: 'programs',
  told: 'What the program was given',
  doing: 'The log of the program',
  did: 'The log of the program',
} as const;
