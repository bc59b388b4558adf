import { sentences } from '../domain/sentences.ts';

/** Controls of the page that correspond to tools: advice and errors name tools, since models read them too. */
const CONTROL_OF: Readonly<Record<string, string>> = {
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

const TOOLS = new RegExp(`\\b(${Object.keys(CONTROL_OF).join('|')})\\b`, 'g');

/** Rewrites a message in terms of this page, as sentences. */
export function pageWording(text: string): string {
  const said = text
    .replace(/\bwith get_unit \(unit=(\d+), cursor=end\)/g, 'on the page of unit $1')
    .replace(/\bwith get_unit\b/g, 'on the page of the unit')
    .replace(/\bprompt with update_job\b/g, 'prompt under Prompt & settings')
    .replace(/ \(approve=(?:true|false)\)/g, '')
    .replace(/\bstart_job with again=true\b/g, '“Test again”')
    .replace(TOOLS, (name) => CONTROL_OF[name] ?? name);
  return sentences(said.charAt(0).toUpperCase() + said.slice(1));
}

/** Words for the worker of a unit, by type: a program receives input and writes a log, an agent has a conversation. */
export function workerWords(type: string) {
  return type === 'command' ? PROGRAM : AGENT;
}

const AGENT = {
  one: 'agent',
  several: 'agents',
  told: 'Prompt of the agent',
  doing: 'What the agent is doing',
  did: 'What the agent did',
} as const;

const PROGRAM = {
  one: 'program',
  several: 'programs',
  told: 'Input of the program',
  doing: 'The log of the program',
  did: 'The log of the program',
} as const;
