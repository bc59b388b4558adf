import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Outcome } from '../../src/domain/attempt.ts';
import type { FailureClass } from '../../src/domain/failure.ts';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import type { Attachment, Ending, Run, Worker } from '../../src/ports/worker.ts';
import { checkResult } from '../../src/workers/schema/check.ts';

const configSchema = z.strictObject({
  says: z.string().exactOptional().describe('Its answer; without it or `fails` it waits until it is stopped.'),
  fails: z.string().exactOptional().describe('Why it fails.'),
  variables: z.array(z.string()).default([]).describe('Names of variables that it needs.'),
}) as unknown as z.ZodType<JsonObject>;

type Config = { readonly says?: string; readonly fails?: string; readonly variables: readonly string[] };
const configOf = (config: JsonObject) => config as unknown as Config;

/**
 * A worker without processes: a run is a request that lives in its executor, and two files: that it was made, and the
 * response. It takes several attempts in one run, and gives each the same answer.
 */
export function fileWorker(): Worker {
  const open = new Set<string>();
  const missing = (config: JsonObject, environment: Run['environment']) =>
    configOf(config).variables.filter((name) => environment[name] === undefined);
  return {
    type: 'file',
    description: 'Answers what its config says.',
    reach: 'anywhere',
    configSchema,
    policy: (config) => ({
      attemptCap: null,
      timeoutMs: null,
      idleTimeoutMs: null,
      model: null,
      variables: configOf(config).variables,
    }),
    powers: () => [],
    definingFiles: () => [],
    resolve: (config) => config,
    preflight: (config, environment) => {
      const names = missing(config, environment).join();
      if (names === '') return { ok: true, summary: 'ready' };
      return { ok: false, failureClass: 'worker_unavailable', message: `${names} is not set`, hint: 'Set it.' };
    },
    needs: (config) => ({ program: null, variables: configOf(config).variables }),
    start: async (run) => {
      const names = missing(run.config, run.environment).join();
      if (names !== '') return ended(run.attempts.map(() => failure('worker_unavailable', `${names} is not set`)));
      await writeFile(fileOf(run, 'request'), '', { flag: 'wx' });
      open.add(run.runDirectory);
      return { is: 'started', handle: {} };
    },
    attach: async (run, _handle, attachment) => {
      if (open.delete(run.runDirectory)) return respond(run, attachment);
      mkdirSync(run.runDirectory, { recursive: true });
      writeFileSync(fileOf(run, 'request'), '', { flag: 'a' });
      const cutOff: Ending = { is: 'cut_off', usages: run.attempts.map(() => ({})) };
      if (attachment.signal.aborted && attachment.signal.reason === 'cancelled') return cutOff;
      await attachment.beforeJudging?.();
      if (!existsSync(fileOf(run, 'response'))) return cutOff;
      return ended(JSON.parse(readFileSync(fileOf(run, 'response'), 'utf8')) as Outcome[]);
    },
    async *conversation() {},
    latestStep: () => null,
    resumeCommand: () => null,
  };
}

/** Waits for the answer under the limits of a run, and writes it down. */
async function respond(run: Run, { signal }: Attachment): Promise<Ending> {
  const startedAt = performance.now();
  const { says, fails } = configOf(run.config);
  const runsFor = () => performance.now() - startedAt;
  while (says === undefined && fails === undefined && !signal.aborted && runsFor() < run.timeoutMs) await sleep(5);
  const answer = async (schema: JsonObject | null): Promise<Outcome> => {
    if (fails !== undefined) return failure('agent_error', fails);
    if (says === undefined)
      return failure(signal.aborted ? (signal.reason as FailureClass) : 'timeout', 'it was stopped');
    const problem = schema && (await checkResult(schema, JSON.parse(says) as Json));
    if (problem) return failure('invalid_output', problem);
    return { ok: true, result: { text: says }, usage: { durationMs: Math.ceil(runsFor()) } };
  };
  const outcomes = await Promise.all(run.attempts.map(({ outputSchema }) => answer(outputSchema)));
  writeFileSync(fileOf(run, 'response'), JSON.stringify(outcomes));
  return ended(outcomes);
}

function ended(outcomes: readonly Outcome[]) {
  return { is: 'ended', outcomes } as const;
}

function failure(failureClass: FailureClass, message: string): Outcome {
  return { ok: false, failureClass, message, usage: {} };
}

const fileOf = ({ runDirectory }: Run, name: 'request' | 'response') => path.join(runDirectory, name);
