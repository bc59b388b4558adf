import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { NODE_OPTIONS, programPath } from '../../../src/package-root.ts';
import type { Assignment } from '../../../src/workers/process/assignment.ts';
import { readPid, readTimeLeft, runFile } from '../../../src/workers/process/run-directory.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { assignmentFor, livingProcesses } from '../../helpers/worker.ts';

/** A keeper whose executor has asked it to start an attempt, and is gone since. */
async function keeperAlone(script: string, assignment: Assignment): Promise<ChildProcess> {
  const { attemptId, runDirectory, workingDirectory: cwd, timeoutMs } = assignment;
  writeFileSync(runFile(runDirectory, 'stdin'), '');
  const keeper = spawn(process.execPath, [...NODE_OPTIONS, programPath('workers/process/keeper-main')], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  onTestFinished(() => void keeper.kill('SIGKILL'));
  const env = { PATH: '/usr/bin:/bin', ABP_ATTEMPT_ID: attemptId };
  const argv = ['/bin/sh', '-c', script];
  keeper.stdin.end(`${JSON.stringify({ do: 'start', attemptId, argv, cwd, env, runDirectory, timeoutMs })}\n`);
  await vi.waitFor(() => expect(readTimeLeft(runDirectory)).toBeGreaterThan(0), PATIENCE);
  return keeper;
}

const exitOf = ({ runDirectory }: Assignment) => readFileSync(path.join(runDirectory, 'exit'), 'utf8');
const ended = (keeper: ChildProcess) => vi.waitFor(() => expect(keeper.exitCode).toBe(0), PATIENCE);

test('a keeper without an executor stops an attempt at its time limit', async () => {
  const assignment = assignmentFor({ timeoutMs: 1500 });
  await ended(await keeperAlone('sleep 600', assignment));
  expect(livingProcesses(assignment)).toEqual([]);
  expect(readTimeLeft(assignment.runDirectory)).toBeLessThan(1500);
});

test('a keeper without an executor stops orphans in a session of their own', async () => {
  const assignment = assignmentFor({});
  await ended(await keeperAlone('setsid sleep 600 & sleep 1', assignment));
  expect(exitOf(assignment)).toBe('0\n');
  expect(livingProcesses(assignment)).toEqual([]);
});

test('time in which a keeper and its attempt are stopped does not count', async () => {
  const assignment = assignmentFor({ timeoutMs: 5000 });
  const go = path.join(assignment.workingDirectory, 'go');
  const keeper = await keeperAlone('until [ -e go ]; do sleep 0.1; done', assignment);
  await vi.waitFor(() => expect(readPid(assignment.runDirectory)).not.toBeNull(), PATIENCE);
  const run = -(readPid(assignment.runDirectory) ?? 0);
  for (const pid of [keeper.pid ?? 0, run]) process.kill(pid, 'SIGSTOP');
  const stoppedAt = performance.now();
  await vi.waitFor(() => expect(performance.now() - stoppedAt).toBeGreaterThan(8000), PATIENCE);
  for (const pid of [run, keeper.pid ?? 0]) process.kill(pid, 'SIGCONT');
  const left = readTimeLeft(assignment.runDirectory) ?? 0;
  await vi.waitFor(() => expect(readTimeLeft(assignment.runDirectory)).toBeLessThan(left), PATIENCE);
  expect(existsSync(go)).toBe(false);
  writeFileSync(go, '');
  await ended(keeper);
  expect(exitOf(assignment)).toBe('0\n');
});
