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
