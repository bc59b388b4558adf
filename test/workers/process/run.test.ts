import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished, test, vi } from 'vitest';
import type { ProcessIdentity } from '../../../src/domain/lease.ts';
import { NODE_OPTIONS, programPath } from '../../../src/package-root.ts';
import type { Assignment } from '../../../src/workers/process/assignment.ts';
import { groupIsAlive, identify, isStill } from '../../../src/workers/process/processes.ts';
import {
  adoptCommand,
  type Command,
  type RunBounds,
  startCommand,
  waitForOwn,
} from '../../../src/workers/process/run.ts';
import { closeAll, openStdio, readPid, runFile } from '../../../src/workers/process/run-directory.ts';
import { shimArguments } from '../../../src/workers/process/shim.ts';
import { stopOwnGroup } from '../../../src/workers/process/stop.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { umask } from '../../helpers/umask.ts';
import { assignmentFor, calm, livingProcesses } from '../../helpers/worker.ts';

const shell = (script: string, assignment: Assignment, ...args: string[]): Command => ({
  argv: ['/bin/sh', '-c', script, 'test', ...args],
  cwd: assignment.workingDirectory,
  env: { PATH: '/usr/bin:/bin', ABP_ATTEMPT_ID: assignment.attemptId },
  stdin: 'the input',
});

async function run(script: string, parts: Partial<Assignment> = {}, signal = calm) {
  const assignment = assignmentFor(parts);
  const ending = await runCommand(shell(script, assignment), assignment, { signal });
  const read = (name: string) => readFileSync(path.join(assignment.runDirectory, name), 'utf8');
  return { assignment, ending, read };
}

/** Starts a command and waits for its end; `onSpawn` gets each leader of its run. */
async function runCommand(
  command: Command,
  assignment: Assignment & Pick<RunBounds, 'settled'>,
  { signal, onSpawn }: { readonly signal: AbortSignal; readonly onSpawn?: (leader: ProcessIdentity) => void },
) {
  const own = await startCommand(command, assignment);
  if (own.started) onSpawn?.(own.started.leader);
  return waitForOwn(own, assignment, { signal, onFound: onSpawn });
}

/** What a shim runs. */
function childOf(pid: number): number {
  return Number(
    execFileSync('ps', ['--ppid', String(pid), '-o', 'pid='], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)[0],
  );
}

describe('running a command', () => {
  it('passes stdin and stores stdout, stderr and exit status as files', async () => {
    const { ending, read } = await run('cat; echo problem >&2; exit 3');
    expect(ending).toMatchObject({ reason: 'exited', exitCode: 3, signal: null });
    expect(read('stdout')).toBe('the input');
    expect(read('stderr')).toBe('problem\n');
    expect(read('exit')).toBe('3\n');
    expect(read('pid')).toMatch(/^\d+\n$/);
  });

  it('passes arguments unchanged, without a shell', async () => {
    const assignment = assignmentFor({});
    const nasty = ['$(touch owned)', '`touch owned`', '"; touch owned; "', "'", '*', '', 'ä\n', '-x'];
    const command = shell('printf "%s|" "$@"', assignment, ...nasty);
    await runCommand(command, assignment, { signal: calm });
    expect(readFileSync(path.join(assignment.runDirectory, 'stdout'), 'utf8')).toBe(`${nasty.join('|')}|`);
    expect(execFileSync('ls', [assignment.workingDirectory], { encoding: 'utf8' })).toBe('');
  });

  it('closes the descriptors of the exit and pid files for the program', async () => {
    const { read } = await run('(echo forged >&3) 2>/dev/null; (echo forged >&4) 2>/dev/null; echo end');
    expect(read('stdout')).toBe('end\n');
    expect(read('exit')).toBe('0\n');
    expect(read('pid')).not.toContain('forged');
  });

  it('keeps the umask of the program', async () => {
    const { read } = await run('umask');
    expect(Number.parseInt(read('stdout'), 8)).toBe(umask());
  });

  it('runs the program in a session of its own', async () => {
    const { read } = await run('ps -o sid= -p $$; ps -o pgid= -p $$');
    const ids = read('stdout').trim().split(/\s+/);
    expect(ids).toEqual([read('pid').trim(), read('pid').trim()]);
  });

  it.each([
    ['a signal', 'kill -SEGV $$', { reason: 'signalled', exitCode: null, signal: 'SIGSEGV' }],
    ['an exit code', 'exit 75', { reason: 'exited', exitCode: 75, signal: null }],
    ['a time limit', 'sleep 600', { reason: 'timeout' }],
  ])('reports the ending by %s', async (_, script, expected) => {
    const { ending } = await run(script, { timeoutMs: 1000 });
    expect(ending).toMatchObject(expected);
  });

  it('stops a program that is silent for too long, but not one with output', async () => {
    const script = 'for n in 1 2 3 4; do echo $n >&2; sleep 1; done; sleep 600';
    const { ending, read } = await run(script, { idleTimeoutMs: 3000 });
    expect(ending.reason).toBe('idle_timeout');
    expect(read('stderr')).toMatch(/^1\n2\n3\n4\n/);
  });

  it('sends SIGTERM first and still records the exit status', async () => {
    const controller = new AbortController();
    const assignment = assignmentFor({});
    const read = (file: string) => readFileSync(path.join(assignment.runDirectory, file), 'utf8');
    const script = 'trap "echo bye; exit 9" TERM; echo ready; sleep 60 & wait';
    const ending = runCommand(shell(script, assignment), assignment, { signal: controller.signal });
    await vi.waitFor(() => expect(read('stdout')).toBe('ready\n'), PATIENCE);
    controller.abort('cancelled');
    expect(await ending).toMatchObject({ reason: 'cancelled', exitCode: 9 });
    expect(read('stdout')).toBe('ready\nbye\n');
    expect(read('exit')).toBe('9\n');
  });

  it('keeps the first cause when a second one follows', async () => {
    const controller = new AbortController();
    const script = 'trap "" TERM; while :; do sleep 0.1; done';
    const assignment = assignmentFor({ timeoutMs: 500 });
    const onSpawn = () => void setTimeout(() => controller.abort('cancelled'), 900);
    const ending = await runCommand(shell(script, assignment), assignment, { signal: controller.signal, onSpawn });
    expect(ending).toMatchObject({ reason: 'timeout' });
  });

  it('ends with its leader and stops the rest of the group', async () => {
    const { assignment, ending } = await run('sleep 600 & echo done');
    expect(ending).toMatchObject({ reason: 'exited', exitCode: 0 });
    expect(ending.durationMs).toBeLessThan(300_000);
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('finds processes outside the group when it stops an attempt', async () => {
    const { assignment, ending } = await run('setsid sleep 600 & setsid sleep 601 & sleep 602', { timeoutMs: 500 });
    expect(ending.reason).toBe('timeout');
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it.each([
    ['in a session of its own', 'setsid sleep 600 & echo done'],
    [
      'twice detached, without a terminal',
      '(setsid sh -c "sleep 600 & sleep 601 &" </dev/null >/dev/null 2>&1 &); echo done',
    ],
    [
      'in another group and deaf to TERM',
      `setsid sh -c 'trap "" TERM; while :; do sleep 1; done' & sleep 0.3; echo done`,
    ],
    ['after a failure', 'setsid sleep 600 & exit 3'],
  ])('stops orphans %s, also after a normal end', async (_, script) => {
    const { assignment, ending } = await run(script);
    expect(ending.reason).toBe('exited');
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('spares processes of another attempt in their own session', async () => {
    const other = assignmentFor({});
    spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: { ABP_ATTEMPT_ID: other.attemptId } });
    await vi.waitFor(() => expect(livingProcesses(other)).toHaveLength(1), PATIENCE);
    await run('setsid sleep 601 & echo done');
    expect(livingProcesses(other)).toHaveLength(1);
  });

  it.each([
    ['the whole run', (pid: number) => -pid],
    ['the program alone', (pid: number) => childOf(pid)],
  ])('does not count the time in which %s is stopped', async (_, target) => {
    const assignment = assignmentFor({ timeoutMs: 2000, idleTimeoutMs: 2000 });
    let stoppedAt = 0;
    const file = path.join(assignment.runDirectory, 'stdout');
    const stop = async ({ pid }: { readonly pid: number }) => {
      await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toBe('ready\n'), PATIENCE);
      process.kill(target(pid), 'SIGSTOP');
      stoppedAt = performance.now();
      setTimeout(() => process.kill(target(pid), 'SIGCONT'), 3500);
    };
    const command = shell('echo ready; sleep 0.5; echo done', assignment);
    const ending = await runCommand(command, assignment, { signal: calm, onSpawn: (process) => void stop(process) });
    expect(performance.now() - stoppedAt).toBeGreaterThan(3400);
    expect(ending).toMatchObject({ reason: 'exited', exitCode: 0 });
  });

  it('treats the death of the shim as the end of the attempt', async () => {
    const { assignment, ending, read } = await run('kill -KILL $PPID; sleep 600');
    expect(ending).toMatchObject({ reason: 'signalled', signal: 'SIGKILL' });
    expect(read('exit')).toBe('');
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('stops the program at once if aborted before its start', async () => {
    const controller = new AbortController();
    const assignment = assignmentFor({});
    controller.abort('interrupted');
    const ending = await runCommand(shell('sleep 600', assignment), assignment, { signal: controller.signal });
    expect(ending.reason).toBe('interrupted');
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('throws system errors with the errno', async () => {
    const assignment = assignmentFor({});
    const command = { ...shell('true', assignment), cwd: path.join(assignment.workingDirectory, 'gone') };
    await expect(runCommand(command, assignment, { signal: calm })).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('settles an attempt with complete output while its process runs', async () => {
    const assignment = assignmentFor({});
    const settled = vi.fn(() => true);
    const ending = await runCommand(shell('sleep 600', assignment), { ...assignment, settled }, { signal: calm });
    expect(ending.reason).toBe('settled');
    expect(livingProcesses(assignment)).toEqual([]);
  });
});

describe('adopting a command', () => {
  it('stops orphans if the leader is gone, and returns null', async () => {
    const assignment = assignmentFor({});
    const script = `ABP_ATTEMPT_ID=${assignment.attemptId} setsid sleep 600 & echo`;
    execFileSync('/bin/sh', ['-c', script], { stdio: 'ignore' });
    await vi.waitFor(() => expect(livingProcesses(assignment)).toHaveLength(1), PATIENCE);
    writeFileSync(path.join(assignment.runDirectory, 'pid'), '999999999\n');
    expect(await adoptCommand(assignment, null, { signal: calm })).toBeNull();
    expect(livingProcesses(assignment)).toEqual([]);
  });
});

describe('stopping a group', () => {
  it('spares a reused leader pid and stops the orphans of a dead leader', async () => {
    const [stranger, orphan] = ['exec sleep 600', 'sleep 600 & exit'].map((script) =>
      spawn('/bin/sh', ['-c', script], { detached: true, stdio: 'ignore' }),
    );
    const pids = [stranger?.pid ?? 0, orphan?.pid ?? 0] as const;
    onTestFinished(() => void execFileSync('sh', ['-c', `kill -KILL -- -${pids[0]} -${pids[1]} 2>&1 || :`]));
    const [innocent, leader] = [identify(pids[0]), identify(pids[1])];
    await stopOwnGroup({ ...innocent, startedAt: '1' });
    expect(isStill(innocent)).toBe(true);
    await vi.waitFor(() => expect(isStill(leader)).toBe(false), PATIENCE);
    expect(groupIsAlive(leader)).toBe(true);
    await stopOwnGroup(leader);
    expect(groupIsAlive(leader)).toBe(false);
  });
});

describe('a dead keeper', () => {
  /** The keeper of this process, once there is one; it may be a new one. */
  const keeperPid = (not?: number) =>
    vi.waitFor(() => {
      const children = execFileSync('ps', ['--ppid', String(process.pid), '-o', 'pid=,args='], { encoding: 'utf8' });
      const found = children.split('\n').find((line) => line.includes('keeper-main'));
      const pid = Number.parseInt(found ?? '', 10);
      expect(pid).toBeGreaterThan(0);
      expect(pid).not.toBe(not);
      return pid;
    }, PATIENCE);
  /** A keeper that does not get to what it is asked from now on. */
  async function stuckKeeper(): Promise<number> {
    await run('true');
    const pid = await keeperPid();
    process.kill(pid, 'SIGSTOP');
    return pid;
  }

  it('or a late one does not change an attempt that ended in time', async () => {
    await run('true');
    const pid = await keeperPid();
    const assignment = assignmentFor({ timeoutMs: 3000 });
    const onSpawn = () => {
      process.kill(pid, 'SIGSTOP');
      setTimeout(() => process.kill(pid, 'SIGCONT'), 4000);
    };
    const ending = await runCommand(shell('echo done', assignment), assignment, { signal: calm, onSpawn });
    expect(ending).toMatchObject({ reason: 'exited', exitCode: 0 });
  });

  it('is replaced by one that starts the pending attempt', async () => {
    const assignment = assignmentFor({});
    const stuck = await stuckKeeper();
    const ending = runCommand(shell('echo started', assignment), assignment, { signal: calm });
    process.kill(stuck, 'SIGKILL');
    expect(await ending).toMatchObject({ reason: 'exited', exitCode: 0 });
    expect(readFileSync(path.join(assignment.runDirectory, 'stdout'), 'utf8')).toBe('started\n');
  });

  /** Starts an attempt as a keeper does, without a report. */
  function startUnseen(assignment: Assignment, { argv, cwd, env, stdin }: Command): number {
    writeFileSync(runFile(assignment.runDirectory, 'stdin'), stdin);
    const stdio = openStdio(assignment.runDirectory);
    const shim = shimArguments(runFile(assignment.runDirectory, 'pid'), argv);
    const { pid = 0 } = spawn('/bin/sh', shim, { cwd, env, stdio: [...stdio], detached: true });
    closeAll(stdio);
    return pid;
  }

  it.each([
    ['that has begun', true],
    // The next keeper may start a second shim meanwhile: whichever begins is the attempt, and the last that is told of.
    ['that is about to begin', false],
  ])('that did not report a start %s: the attempt is found and runs once', async (_, hasBegun) => {
    const assignment = assignmentFor({});
    const command = shell('echo started; until [ -e go ]; do sleep 0.05; done; exit 7', assignment);
    const onSpawn = vi.fn();
    const stuck = await stuckKeeper();
    const ending = runCommand(command, assignment, { signal: calm, onSpawn });
    const pid = startUnseen(assignment, command);
    const begunBy = () => readPid(assignment.runDirectory);
    if (hasBegun) await vi.waitFor(() => expect(begunBy()).toBe(pid), PATIENCE);
    process.kill(stuck, 'SIGKILL');
    await vi.waitFor(() => expect(onSpawn).toHaveBeenCalled(), PATIENCE);
    writeFileSync(path.join(assignment.workingDirectory, 'go'), '');
    expect(await ending).toMatchObject({ reason: 'exited', exitCode: 7, durationMs: expect.any(Number) });
    if (hasBegun) expect(onSpawn).toHaveBeenCalledTimes(1);
    expect(onSpawn).toHaveBeenLastCalledWith(expect.objectContaining({ pid: begunBy() }));
    expect(readFileSync(path.join(assignment.runDirectory, 'stdout'), 'utf8')).toBe('started\n');
  });

  it('and executor that recorded the slower of two shims: the one that started is adopted', async () => {
    const assignment = assignmentFor({});
    const pid = startUnseen(assignment, shell('echo started; sleep 1; exit 7', assignment));
    await vi.waitFor(() => expect(readPid(assignment.runDirectory)).toBe(pid), PATIENCE);
    const slower = { ...identify(pid), pid: 999_999_999 };
    const ending = await adoptCommand(assignment, slower, { signal: calm });
    expect(ending).toMatchObject({ reason: 'exited', exitCode: 7 });
  });

  it('and its successor that both start an attempt run it once', async () => {
    const assignment = assignmentFor({});
    const command = shell('echo started; sleep 1; exit 7', assignment);
    const pid = startUnseen(assignment, command);
    await vi.waitFor(() => expect(readPid(assignment.runDirectory)).toBe(pid), PATIENCE);
    rmSync(runFile(assignment.runDirectory, 'stdin'));
    const ending = await runCommand(command, assignment, { signal: calm });
    expect(ending).toMatchObject({ reason: 'exited', exitCode: 7 });
    expect(readFileSync(path.join(assignment.runDirectory, 'stdout'), 'utf8')).toBe('started\n');
  });

  it('does not result from a truncated request of a killed executor', () => {
    const program = [...NODE_OPTIONS, programPath('workers/process/keeper-main')];
    const input = '{"do":"forget","attemptId":"a"}\n{"do":"start","argv":["/bin';
    const { status, stdout, stderr } = spawnSync(process.execPath, program, { input, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('is replaced for its running attempts', async () => {
    const controller = new AbortController();
    const assignment = assignmentFor({});
    const onSpawn = vi.fn();
    const ending = runCommand(shell('sleep 600', assignment), assignment, { signal: controller.signal, onSpawn });
    await vi.waitFor(() => expect(onSpawn).toHaveBeenCalled(), PATIENCE);
    const first = await keeperPid();
    process.kill(first, 'SIGKILL');
    await keeperPid(first);
    controller.abort('cancelled');
    expect(await ending).toMatchObject({ reason: 'cancelled' });
  });
});

test('a sealed attempt never starts', async () => {
  const assignment = assignmentFor({});
  expect(await adoptCommand(assignment, null, { signal: calm })).toBeNull();
  const late = await runCommand(shell('echo late', assignment), assignment, { signal: calm });
  expect(late.exitCode).toBeNull();
  expect(readFileSync(path.join(assignment.runDirectory, 'stdout'), 'utf8')).toBe('');
  expect(readFileSync(path.join(assignment.runDirectory, 'exit'), 'utf8')).toBe('');
});

test('an attempt sealed before its shim starts is not run and not counted as a failure', async () => {
  const assignment = assignmentFor({});
  // What a shim is until it has made the pid file.
  const script = 'trap "" TERM; until [ -e go ]; do sleep 0.05; done; shift; exec "$@"';
  const shim = spawn(
    '/bin/sh',
    [
      '-c',
      script,
      'abp-attempt',
      'late',
      '/bin/sh',
      ...shimArguments(runFile(assignment.runDirectory, 'pid'), ['/bin/echo', 'late']),
    ],
    {
      cwd: assignment.workingDirectory,
      detached: true,
      env: { PATH: '/usr/bin:/bin', ABP_ATTEMPT_ID: assignment.attemptId },
      stdio: 'ignore',
    },
  );
  onTestFinished(() => void shim.kill('SIGKILL'));
  await vi.waitFor(() => expect(livingProcesses(assignment)).not.toEqual([]), PATIENCE);
  const adopted = adoptCommand(assignment, null, { signal: calm });
  writeFileSync(path.join(assignment.workingDirectory, 'go'), '');
  expect(await adopted).toBeNull();
});

describe('a program found by name', () => {
  it('is run by its absolute path, not from the working directory', async () => {
    const directory = temporaryDirectory();
    const impostor = path.join(directory, 'cat');
    writeFileSync(impostor, '#!/bin/sh\necho impostor\n');
    chmodSync(impostor, 0o755);
    const { findProgram } = await import('../../../src/workers/process/program.ts');
    expect(findProgram('cat', directory, '/usr/bin:/bin')).toMatch(/^\/(usr\/)?bin\/cat$/);
    expect(findProgram('./cat', directory, '/usr/bin:/bin')).toBe(impostor);
    expect(findProgram('no-such-program', directory, '/usr/bin:/bin')).toBeNull();
  });
});
