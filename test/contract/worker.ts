import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import type { WorkerChoice } from '../../src/domain/job.ts';
import type { Assignment, SpawnRecord } from '../../src/ports/worker.ts';
import { getWorker, parseWorker } from '../../src/workers/index.ts';
import { identify } from '../../src/workers/process/processes.ts';
import { readPid } from '../../src/workers/process/run-directory.ts';
import { compileCache, installed } from '../helpers/installation.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { aborted, calm, livingProcesses, start, workerWith } from '../helpers/worker.ts';

/** What a worker must be able to be made to do for the suite. */
export interface Behaviours {
  /** Succeeds at once with the text `done`, or the JSON string. */
  readonly succeeds: Case;
  /** Succeeds with the text `done` once there is a file `go` in its output directory. */
  readonly takesAWhile: Case;
  /** Fails by the word of the agent or program, saying `the file is empty`. */
  readonly fails: Case;
  /** Runs until it is stopped. */
  readonly waits: Case;
  /** The same, and does not care for SIGTERM. */
  readonly ignoresTerm: Case;
  /** Gives its own environment as JSON. */
  readonly showsEnvironment: Case;
  /** Gives JSON that is not `{ n: number }`. */
  readonly wrongJson: Case;
  /** A config field that takes `{ NAME: value }` and one that takes names, as both workers have them. */
  readonly unknownField: WorkerChoice;
}

/** A choice of worker and what differs in the assignment. */
export interface Case {
  readonly choice: WorkerChoice;
  readonly parts: Partial<Assignment>;
}

const SCHEMA = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const;

/** The suite that every worker passes which runs a program. */
export function describeWorker(type: string, setUp: () => Behaviours): void {
  describe(`worker ${type}`, () => {
    const prepare = (pick: (behaviours: Behaviours) => Case, parts: Partial<Assignment> = {}) => {
      const { choice, parts: own } = pick(setUp());
      return workerWith(choice, { ...own, ...parts });
    };

    it('runs an attempt to a success that can be judged again from its files', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const onSpawn = vi.fn();
      const outcome = await worker.run(assignment, { signal: calm, onSpawn });
      expect(outcome).toMatchObject({ ok: true, result: { text: expect.stringContaining('done') } });
      expect(outcome.usage.durationMs).toBeGreaterThan(0);
      expect(onSpawn).toHaveBeenCalledOnce();
      expect(onSpawn.mock.calls[0]?.[0]).toMatchObject({ pid: expect.any(Number), startedAt: expect.any(String) });
      const judged = await worker.judge(assignment.runDirectory, assignment);
      expect(judged).toMatchObject({ ok: true });
      expect(judged?.ok && judged.result).toEqual(outcome.ok && outcome.result);
    });

    it('makes the files of an attempt readable by the user only', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      await worker.run(assignment, { signal: calm });
      for (const file of readdirSync(assignment.runDirectory)) {
        expect(statSync(path.join(assignment.runDirectory, file)).mode & 0o077, file).toBe(0);
      }
    });

    it('reports a failure with class and message, again from its files', async () => {
      const { worker, assignment } = await prepare((b) => b.fails);
      const outcome = await worker.run(assignment, { signal: calm });
      const message = expect.stringContaining('the file is empty');
      expect(outcome).toMatchObject({ ok: false, failureClass: 'agent_error', message });
      const judged = await worker.judge(assignment.runDirectory, assignment);
      expect(judged).toMatchObject({ ok: false, failureClass: 'agent_error' });
    });

    it('validates the result against the output schema', async () => {
      const { worker, assignment } = await prepare((b) => b.wrongJson, { outputSchema: SCHEMA });
      const outcome = await worker.run(assignment, { signal: calm });
      const message = expect.stringContaining('number');
      expect(outcome).toMatchObject({ ok: false, failureClass: 'invalid_output', message });
    });

    it.each(['cancelled', 'interrupted'] as const)('stops when it is %s and leaves no process', async (reason) => {
      const { worker, assignment } = await prepare((b) => b.waits);
      const controller = new AbortController();
      const { outcome, spawned } = start(worker, assignment, controller.signal);
      await spawned;
      controller.abort(reason);
      expect(await outcome).toMatchObject({ ok: false, failureClass: reason });
      expect(livingProcesses(assignment)).toEqual([]);
    });

    it('stops at its time limit although it ignores SIGTERM', async () => {
      const { worker, assignment } = await prepare((b) => b.ignoresTerm, { timeoutMs: 1000 });
      const outcome = await worker.run(assignment, { signal: calm });
      expect(outcome).toMatchObject({ ok: false, failureClass: 'timeout' });
      expect(livingProcesses(assignment)).toEqual([]);
    });

    it('refuses to start in a used run directory', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      await worker.run(assignment, { signal: calm });
      await expect(worker.run(assignment, { signal: calm })).rejects.toThrow('EEXIST');
    });

    it('adopts an attempt of a killed executor and waits for its success', async () => {
      const { worker, assignment } = await prepare((b) => b.takesAWhile);
      const record = await startAndKillExecutor(setUp().takesAWhile.choice, assignment);
      const adopted = worker.adopt(assignment, record, { signal: calm });
      letGo(assignment);
      const outcome = await adopted;
      expect(outcome).toMatchObject({ ok: true, result: { text: expect.stringContaining('done') } });
      expect(livingProcesses(assignment)).toEqual([]);
    });

    it('calls beforeJudging for an adopted attempt and does not judge if it throws', async () => {
      const { worker, assignment } = await prepare((b) => b.takesAWhile);
      const record = await startAndKillExecutor(setUp().takesAWhile.choice, assignment);
      const beforeJudging = () => Promise.reject(new Error('not again'));
      const adopted = worker.adopt(assignment, record, { signal: calm, beforeJudging });
      letGo(assignment);
      await expect(adopted).rejects.toThrow('not again');
    });

    it('adopts an unrecorded attempt by the id in its environment', async () => {
      const { worker, assignment } = await prepare((b) => b.takesAWhile);
      await startAndKillExecutor(setUp().takesAWhile.choice, assignment);
      const adopted = worker.adopt(assignment, null, { signal: calm });
      letGo(assignment);
      expect(await adopted).toMatchObject({ ok: true });
    });

    it('stops an adopted attempt at its deadline, and at once on abort', async () => {
      for (const [parts, signal, failureClass] of [
        [{ timeoutMs: 500 }, calm, 'timeout'],
        // The clock was set back since: nobody gets more than the limit.
        [{ deadlineAt: Date.now() + 3_600_000, timeoutMs: 500 }, calm, 'timeout'],
        [{}, aborted('cancelled'), 'cancelled'],
      ] as const) {
        const { worker, assignment } = await prepare((b) => b.waits);
        const record = await startAndKillExecutor(setUp().waits.choice, assignment);
        const outcome = await worker.adopt({ ...assignment, ...parts }, record, { signal });
        expect(outcome).toMatchObject({ ok: false, failureClass });
        expect(livingProcesses(assignment)).toEqual([]);
      }
    });

    it.each<[string, Partial<SpawnRecord>]>([
      ['started at another time', { startedAt: '1' }],
      ['of another boot', { bootId: 'another boot' }],
      ['of another machine', { machineId: 'another machine' }],
    ])('adopts nothing if no process is left, and spares a reused pid: %s', async (_, other) => {
      const { worker, assignment } = await prepare((b) => b.waits);
      const stranger = spawn('sleep', ['60'], { detached: true });
      onTestFinished(() => void stranger.kill('SIGKILL'));
      await once(stranger, 'spawn');
      const record = { ...identify(stranger.pid ?? 0), ...other };
      expect(await worker.adopt(assignment, record, { signal: aborted('interrupted') })).toBeNull();
      expect(stranger.exitCode).toBeNull();
      expect(stranger.signalCode).toBeNull();
    });

    it('has no outcome for an attempt that was cut off or never started', async () => {
      const { worker, assignment } = await prepare((b) => b.waits);
      expect(await worker.judge(assignment.runDirectory, assignment)).toBeNull();
      expect(await worker.usageSoFar(assignment.runDirectory)).toEqual({});
      const { outcome, spawned } = start(worker, assignment);
      const { pid } = await spawned;
      process.kill(-pid, 'SIGKILL');
      expect(await outcome).toMatchObject({ ok: false, failureClass: 'crashed' });
      expect(await worker.judge(assignment.runDirectory, assignment)).toBeNull();
    });

    it('passes its own variables to a program and none of the host', async () => {
      const { worker, assignment } = await prepare((b) => b.showsEnvironment);
      const environment = {
        ...assignment.environment,
        ABP_STORAGE_PATH: '/secret/store',
        CLAUDECODE: '1',
        CLAUDE_CODE_ENTRYPOINT: 'cli',
        SOME_TOKEN: 'hidden',
        WANTED: 'passed',
      };
      const config = { ...assignment.config, env: { GIVEN: 'value' }, pass_env: ['WANTED'] };
      const outcome = await worker.run({ ...assignment, environment, config }, { signal: calm });
      const seen = JSON.parse((outcome.ok && outcome.result.text) || '{}') as Record<string, string>;
      expect(seen).toMatchObject({
        ABP_JOB_ID: 'job-1',
        ABP_UNIT: '7',
        ABP_ATTEMPT: '1',
        ABP_OUTPUT_DIR: expect.stringMatching(`^(${assignment.outputDirectory}|${assignment.runDirectory}/output)$`),
        ABP_ATTEMPT_ID: assignment.attemptId,
        GIVEN: 'value',
        WANTED: 'passed',
      });
      for (const name of ['ABP_STORAGE_PATH', 'CLAUDECODE', 'CLAUDE_CODE_ENTRYPOINT', 'SOME_TOKEN']) {
        expect(seen).not.toHaveProperty(name);
      }
    });

    it('names missing pass_env variables in preflight and instead of starting', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const config = { ...assignment.config, pass_env: ['NOT_SET_ANYWHERE'] };
      expect(worker.requiredEnvironment(config)).toEqual(['NOT_SET_ANYWHERE']);
      const preflight = await worker.preflight(config, assignment.environment);
      expect(preflight).toMatchObject({ ok: false, message: expect.stringContaining('NOT_SET_ANYWHERE') });
      const outcome = await worker.run({ ...assignment, config }, { signal: calm });
      expect(outcome).toMatchObject({ ok: false, failureClass: 'worker_unavailable' });
    });

    it('refuses an unknown field of its config and describes every known one', async () => {
      await expect(parseWorker(setUp().unknownField)).rejects.toMatchObject({ code: 'invalid_input' });
      const schema = z.toJSONSchema((await getWorker(type)).configSchema, { io: 'input' });
      expect(schema.additionalProperties).toBe(false);
      for (const [name, field] of Object.entries(schema.properties ?? {})) {
        expect(field, name).toHaveProperty('description');
      }
    });
  });
}

/** Lets an attempt end that takes a while. */
const letGo = ({ workingDirectory }: Assignment) => writeFileSync(path.join(workingDirectory, 'go'), '');

/** Lets an executor of its own start the attempt, and kills it with SIGKILL as soon as the attempt has begun. */
async function startAndKillExecutor(choice: WorkerChoice, assignment: Assignment): Promise<SpawnRecord> {
  const file = path.join(path.dirname(assignment.runDirectory), 'assignment.json');
  writeFileSync(file, JSON.stringify({ choice, assignment }));
  const executor = spawn(process.execPath, [installed().program('attempt'), file], {
    env: { ...process.env, ...compileCache() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: executor.stdout }), 'line')) as [string];
  // One that has not begun when it is looked for never will.
  await vi.waitFor(() => expect(readPid(assignment.runDirectory)).not.toBeNull(), PATIENCE);
  executor.kill('SIGKILL');
  await once(executor, 'exit');
  return JSON.parse(line) as SpawnRecord;
}
