import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Handle } from '../../src/domain/attempt.ts';
import type { WorkerChoice } from '../../src/domain/job.ts';
import type { ProcessIdentity } from '../../src/domain/lease.ts';
import type { Run } from '../../src/ports/worker.ts';
import { getWorker } from '../../src/workers/index.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { handleOf, isGone, leaderOf } from '../../src/workers/process/handle.ts';
import { identify } from '../../src/workers/process/processes.ts';
import { readPid } from '../../src/workers/process/run-directory.ts';
import { compileCache, installed } from '../helpers/installation.ts';
import { PATIENCE } from '../helpers/patience.ts';
import {
  aborted,
  attach,
  calm,
  livingProcesses,
  outcomeOf,
  perform,
  runOf,
  start,
  workerWith,
} from '../helpers/worker.ts';
import { type Behaviours, type Case, describeWorker } from './worker.ts';

/** What a worker that runs a program must be able to be made to do beside what any worker must. */
export interface ProcessBehaviours extends Omit<Behaviours, 'needsVariable' | 'startElsewhere'> {
  /** Succeeds with the text `done` once there is a file `go` in its output directory. */
  readonly takesAWhile: Case;
  /** Runs until it is stopped, and does not care for SIGTERM. */
  readonly ignoresTerm: Case;
  /** Gives its own environment as JSON. */
  readonly showsEnvironment: Case;
}

/** The suite that every worker passes which runs a program, with that of any worker. */
export function describeProcessWorker(type: string, setUp: () => ProcessBehaviours): void {
  describeWorker(
    type,
    () => getWorker(type),
    () => {
      const behaviours = setUp();
      return {
        ...behaviours,
        needsVariable: (name) => ({ ...behaviours.succeeds.config, pass_env: [name] }),
        startElsewhere: (run) => startAndKillExecutor(type, run),
      };
    },
  );

  describe(`worker ${type}, which runs a program`, () => {
    const prepare = (pick: (behaviours: ProcessBehaviours) => Case, parts: Partial<Assignment> = {}) => {
      const { config, parts: own } = pick(setUp());
      const choice: WorkerChoice = { type, ...config };
      return workerWith(choice, { ...own, ...parts });
    };
    /** Starts an attempt in an executor that is dead by now. */
    const orphaned = async (pick: (behaviours: ProcessBehaviours) => Case, parts: Partial<Assignment> = {}) => {
      const { worker, assignment } = await prepare(pick, parts);
      return { worker, assignment, handle: await startAndKillExecutor(type, runOf(assignment)) };
    };

    it('has the identity of its leader as handle, which tells when the run is certainly gone', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const onStarted = vi.fn<(handle: Handle) => void>();
      await perform(worker, assignment, { onStarted });
      expect(onStarted).toHaveBeenCalledOnce();
      const [handle = {}] = onStarted.mock.calls[0] ?? [];
      expect(handle).toMatchObject({ pid: expect.any(Number), startedAt: expect.any(String) });
      expect(isGone(handle)).toBe(true);
      expect(isGone(handleOf(identify(process.pid)))).toBe(false);
      // Of a leader that is not known nothing is certain.
      expect(isGone(handleOf(null))).toBe(false);
      expect(worker.reach).toBe('machine');
    });

    it('makes the files of an attempt readable by the user only', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      await perform(worker, assignment);
      for (const file of readdirSync(assignment.runDirectory)) {
        expect(statSync(path.join(assignment.runDirectory, file)).mode & 0o077, file).toBe(0);
      }
    });

    it.each(['cancelled', 'interrupted'] as const)('leaves no process when it is %s', async (reason) => {
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
      expect(await perform(worker, assignment)).toMatchObject({ ok: false, failureClass: 'timeout' });
      expect(livingProcesses(assignment)).toEqual([]);
    });

    it('refuses a run of several attempts', async () => {
      const { worker, assignment } = await prepare((b) => b.succeeds);
      const run = { ...assignment, attempts: [assignment, assignment] };
      await expect(worker.start(run)).rejects.toMatchObject({ code: 'internal' });
      await expect(worker.attach(run, null, { signal: calm })).rejects.toMatchObject({ code: 'internal' });
      expect(readdirSync(assignment.runDirectory)).toEqual([]);
    });

    it('adopts an attempt of a killed executor and waits for its success', async () => {
      const { worker, assignment, handle } = await orphaned((b) => b.takesAWhile);
      const onFound = vi.fn();
      const adopted = attach(worker, assignment, handle, { onFound });
      letGo(assignment);
      const outcome = outcomeOf(await adopted);
      expect(outcome).toMatchObject({ ok: true, result: { text: expect.stringContaining('done') } });
      expect(onFound.mock.calls).toEqual([[handle]]);
      expect(livingProcesses(assignment)).toEqual([]);
    });

    it('calls beforeJudging for an adopted attempt and does not judge if it throws', async () => {
      const { worker, assignment, handle } = await orphaned((b) => b.takesAWhile);
      const beforeJudging = () => Promise.reject(new Error('not again'));
      const adopted = attach(worker, assignment, handle, { beforeJudging });
      letGo(assignment);
      await expect(adopted).rejects.toThrow('not again');
    });

    it('adopts an unrecorded attempt by the id in its environment, and tells its handle', async () => {
      const { worker, assignment, handle } = await orphaned((b) => b.takesAWhile);
      const onFound = vi.fn();
      const adopted = attach(worker, assignment, null, { onFound });
      letGo(assignment);
      expect(outcomeOf(await adopted)).toMatchObject({ ok: true });
      expect(onFound.mock.calls).toEqual([[handle]]);
    });

    it('stops an adopted attempt at its deadline, and at once on abort', async () => {
      for (const [parts, signal, failureClass] of [
        [{ timeoutMs: 500 }, calm, 'timeout'],
        // The clock was set back since: nobody gets more than the limit.
        [{ deadlineAt: Date.now() + 3_600_000, timeoutMs: 500 }, calm, 'timeout'],
        [{}, aborted('cancelled'), 'cancelled'],
      ] as const) {
        const { worker, assignment, handle } = await orphaned((b) => b.waits);
        const outcome = outcomeOf(await attach(worker, { ...assignment, ...parts }, handle, { signal }));
        expect(outcome).toMatchObject({ ok: false, failureClass });
        expect(livingProcesses(assignment)).toEqual([]);
      }
    });

    it.each<[string, Partial<ProcessIdentity>]>([
      ['started at another time', { startedAt: '1' }],
      ['of another boot', { bootId: 'another boot' }],
      ['of another machine', { machineId: 'another machine' }],
    ])('adopts nothing if no process is left, and spares a reused pid: %s', async (_, other) => {
      const { worker, assignment } = await prepare((b) => b.waits);
      const stranger = spawn('sleep', ['60'], { detached: true });
      onTestFinished(() => void stranger.kill('SIGKILL'));
      await once(stranger, 'spawn');
      const handle = handleOf({ ...identify(stranger.pid ?? 0), ...other });
      const onFound = vi.fn();
      const ending = await attach(worker, assignment, handle, { signal: aborted('interrupted'), onFound });
      expect(ending).toMatchObject({ is: 'cut_off' });
      expect(onFound).not.toHaveBeenCalled();
      expect(stranger.exitCode).toBeNull();
      expect(stranger.signalCode).toBeNull();
    });

    it('is crashed when it is killed while someone waits, and cut off when nobody does', async () => {
      const { worker, assignment } = await prepare((b) => b.waits);
      const { outcome, spawned } = start(worker, assignment);
      const { pid } = await spawned;
      process.kill(-pid, 'SIGKILL');
      expect(await outcome).toMatchObject({ ok: false, failureClass: 'crashed' });
      expect(await attach(worker, assignment)).toMatchObject({ is: 'cut_off', usages: [expect.any(Object)] });
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
      const outcome = await perform(worker, { ...assignment, environment, config });
      const seen = JSON.parse((outcome.ok && outcome.result.text) || '{}') as Record<string, string>;
      expect(seen).toMatchObject({
        ABP_JOB_ID: 'job-1',
        ABP_UNIT: '7',
        ABP_STEP: 'main',
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
  });
}

/** Lets an attempt end that takes a while. */
const letGo = ({ workingDirectory }: Assignment) => writeFileSync(path.join(workingDirectory, 'go'), '');

/** Lets an executor of its own start a run, and kills it with SIGKILL as soon as the program has begun. */
async function startAndKillExecutor(type: string, run: Run): Promise<Handle> {
  const file = path.join(path.dirname(run.runDirectory), 'run.json');
  writeFileSync(file, JSON.stringify({ type, run }));
  const executor = spawn(process.execPath, [installed().program('attempt'), file], {
    env: { ...process.env, ...compileCache() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: executor.stdout }), 'line')) as [string];
  // One that has not begun when it is looked for never will.
  await vi.waitFor(() => expect(readPid(run.runDirectory)).not.toBeNull(), PATIENCE);
  executor.kill('SIGKILL');
  await once(executor, 'exit');
  const handle = JSON.parse(line) as Handle;
  expect(leaderOf(handle)).not.toBeNull();
  return handle;
}
