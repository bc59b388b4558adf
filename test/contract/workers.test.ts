import { beforeEach, expect, test } from 'vitest';
import { fileWorker } from '../helpers/file-worker.ts';
import { assignmentFor, binWithClaude, calm, fixtureProgram, workerEnvironmentFor } from '../helpers/worker.ts';
import { describeProcessWorker } from './process-worker.ts';
import { type Case, describeWorker } from './worker.ts';

const program = fixtureProgram('command.mjs');
const command = (...args: string[]): Case => ({ config: { command: [process.execPath, program, ...args] } });

describeProcessWorker('command', () => ({
  succeeds: command('says', '"done"'),
  takesAWhile: command('takes_a_while'),
  fails: command('fails'),
  waits: command('waits'),
  ignoresTerm: command('ignores_term'),
  showsEnvironment: command('environment'),
  wrongJson: command('says', '{"n":"one"}'),
  unknownField: { command: ['true'], comand: ['false'] },
}));

let environment: Record<string, string>;
beforeEach(() => {
  environment = { ...workerEnvironmentFor(binWithClaude(fixtureProgram('claude.mjs'))), ANTHROPIC_API_KEY: 'sk-dummy' };
});
const claude = (play: string): Case => ({
  config: {},
  parts: { prompt: { system: 'Be brief.', user: `PLAY ${play}` }, environment },
});

describeProcessWorker('claude', () => ({
  succeeds: claude('success'),
  takesAWhile: claude('takes_a_while'),
  fails: claude('fails'),
  waits: claude('waits'),
  ignoresTerm: claude('ignores_term'),
  showsEnvironment: claude('environment'),
  wrongJson: claude('wrong_schema'),
  unknownField: { permision: 'read_only' },
}));

// The contract asks for no process.
describeWorker(
  'file',
  () => Promise.resolve(fileWorker()),
  () => ({
    succeeds: { config: { says: 'done' } },
    fails: { config: { fails: 'the file is empty' } },
    waits: { config: {} },
    wrongJson: { config: { says: '{"n":"one"}' } },
    needsVariable: (name) => ({ says: 'done', variables: [name] }),
    unknownField: { sais: 'done' },
    startElsewhere: async (run) => {
      const started = await fileWorker().start(run);
      if (started.is === 'ended') throw new Error(JSON.stringify(started));
      return started.handle;
    },
  }),
);

test('a run of several attempts has an outcome for each, in their order', async () => {
  const worker = fileWorker();
  const first = assignmentFor({ config: worker.configSchema.parse({ says: '{"n":1}' }) });
  const text = { ...first, index: 8, outputSchema: { type: 'string' } };
  const run = { ...first, attempts: [first, text] };
  const started = await worker.start(run);
  expect(started.is).toBe('started');
  const ending = await worker.attach(run, null, { signal: calm });
  expect(ending).toMatchObject({
    is: 'ended',
    outcomes: [{ ok: true }, { ok: false, failureClass: 'invalid_output' }],
  });
  expect(await fileWorker().attach(run, null, { signal: calm })).toEqual(ending);
});
