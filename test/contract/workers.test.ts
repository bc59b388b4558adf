import { beforeEach } from 'vitest';
import { binWithClaude, fixtureProgram, workerEnvironmentFor } from '../helpers/worker.ts';
import { type Case, describeWorker } from './worker.ts';

const program = fixtureProgram('command.mjs');
const command = (...args: string[]): Case => ({
  choice: { type: 'command', command: [process.execPath, program, ...args] },
  parts: {},
});

describeWorker('command', () => ({
  succeeds: command('says', '"done"'),
  takesAWhile: command('takes_a_while'),
  fails: command('fails'),
  waits: command('waits'),
  ignoresTerm: command('ignores_term'),
  showsEnvironment: command('environment'),
  wrongJson: command('says', '{"n":"one"}'),
  unknownField: { type: 'command', command: ['true'], comand: ['false'] },
}));

let environment: Record<string, string>;
beforeEach(() => {
  environment = { ...workerEnvironmentFor(binWithClaude(fixtureProgram('claude.mjs'))), ANTHROPIC_API_KEY: 'sk-dummy' };
});
const claude = (play: string): Case => ({
  choice: { type: 'claude' },
  parts: { prompt: { system: 'Be brief.', user: `PLAY ${play}` }, environment },
});

describeWorker('claude', () => ({
  succeeds: claude('success'),
  takesAWhile: claude('takes_a_while'),
  fails: claude('fails'),
  waits: claude('waits'),
  ignoresTerm: claude('ignores_term'),
  showsEnvironment: claude('environment'),
  wrongJson: claude('wrong_schema'),
  unknownField: { type: 'claude', permision: 'read_only' },
}));
