import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test } from 'vitest';
import { JOB_STATUSES } from '../../src/domain/job.ts';
import { leaderOf } from '../../src/workers/process/handle.ts';
import { identify } from '../../src/workers/process/processes.ts';
import { installed } from '../helpers/installation.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { CALL, isAlive, type World, world } from '../helpers/processes.ts';

/** Simulates the shutdown of a machine: kills the executor and all processes of its agents at once. */
async function killAll(w: World, jobId: string): Promise<void> {
  const { attempts } = w.abp.store.repository;
  await w.until(async () => (await attempts.running(jobId)).every(({ handle }) => handle !== null));
  const leaders = (await attempts.running(jobId)).flatMap(({ handle }) => leaderOf(handle)?.pid ?? []);
  const executor = await w.executorPid(jobId);
  process.kill(executor, 'SIGKILL');
  for (const leader of leaders) process.kill(-leader, 'SIGKILL');
  await w.until(() => ![executor, ...leaders].some(isAlive));
}

/** Stops a process, but not in the middle of a transaction, which would lock the store for all. */
async function freeze(w: World, pid: number): Promise<void> {
  await w.until(async () => {
    process.kill(pid, 'SIGSTOP');
    try {
      await w.abp.store.repository.transaction('store', async () => {});
      return true;
    } catch {
      process.kill(pid, 'SIGCONT');
      return false;
    }
  });
}

const waits = (count: number) => Array.from({ length: count }, (_, n) => ({ n, does: 'waits' }));

describe('a killed executor', () => {
  test('is replaced by one that adopts living agents, judges ended ones and runs nothing twice', async () => {
    const w = world();
    const job_id = await w.begin(waits(4), { limits: { max_workers: 3 } });
    await w.until(() => w.notes('start').length === 3);
    const killed = await w.executorPid(job_id);
    process.kill(killed, 'SIGKILL');
    await w.until(() => !isAlive(killed));
    // One ends without an executor; its result reaches the disk.
    w.go(0);
    await w.until(() => w.notes('end').length === 1);
    expect(await w.call('get_job_status', { job_id })).toMatchObject({ executor: { state: 'lost' } });
    expect((await w.recovery().tick()).recovered).toEqual([job_id]);
    await w.until(async () => (await w.units(job_id))[0]?.status === 'completed');
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed', executorsLost: 0 });
    expect(
      w
        .notes('start')
        .map(({ unit, attempt }) => `${unit}.${attempt}`)
        .sort(),
    ).toEqual(['0.1', '1.1', '2.1', '3.1']);
    const events = await w.abp.store.repository.events.list(job_id, 0, 100);
    expect(events.filter(({ type }) => type === 'executor:lost')).toMatchObject([{ data: { executor_pid: killed } }]);
    expect(
      events
        .filter(({ type }) => type === 'attempt:adopted')
        .map(({ index }) => index ?? -1)
        .sort((a, b) => a - b),
    ).toEqual([1, 2]);
  });

  test('with its agents costs no retry, and leaves no process', async () => {
    const w = world();
    const job_id = await w.begin(waits(2), { limits: { max_workers: 2, max_retries: 0 } });
    await w.until(() => w.notes('start').length === 2);
    await killAll(w, job_id);
    w.go();
    await w.call('resume_job', { job_id });
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect((await w.units(job_id)).map(({ attempt }) => attempt)).toEqual([2, 2]);
  });

  test('leaves agents that end at their deadline without another executor', async () => {
    const w = world();
    const job_id = await w.begin(waits(1), { limits: { timeout_s: 4, max_retries: 0 } });
    await w.until(() => w.notes('start').length === 1);
    const [agent] = w.notes('start');
    process.kill(await w.executorPid(job_id), 'SIGKILL');
    expect(isAlive(agent?.pid ?? 0)).toBe(true);
    await w.until(() => !isAlive(agent?.pid ?? 0));
    expect(w.notes('end')).toEqual([]);
  });

  test('is replaced once when ten programs resume the job at once', async () => {
    const w = world();
    const job_id = await w.begin(waits(2), { limits: { max_workers: 2 } });
    await w.until(() => w.notes('start').length === 2);
    const killed = await w.executorPid(job_id);
    process.kill(killed, 'SIGKILL');
    await w.until(() => !isAlive(killed));
    const calls = Array.from({ length: 10 }, () =>
      execa(process.execPath, [CALL, 'resume_job', JSON.stringify({ job_id })], { env: w.environment }),
    );
    for (const { stdout } of await Promise.all(calls)) {
      expect(JSON.parse(stdout)).toMatchObject({ status: 'running', executor: { state: 'alive' } });
    }
    const started = async () =>
      (await w.abp.store.repository.events.list(job_id, 0, 100)).filter(({ type }) => type === 'executor:started');
    expect((await started()).map(({ data }) => data.epoch)).toEqual([2, 3]);
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect(await started()).toHaveLength(2);
    expect(w.notes('start')).toHaveLength(2);
  });

  test("is not replaced by a program that lacks its worker's needs, and names them", async () => {
    const w = world({ SECRET_TOKEN: 'x' });
    const worker = {
      type: 'command',
      command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'],
      pass_env: ['SECRET_TOKEN'],
    };
    const job_id = await w.begin([{}], { worker });
    await w.until(async () => (await w.units(job_id))[0]?.status === 'running');
    process.kill(await w.executorPid(job_id), 'SIGKILL');
    const { SECRET_TOKEN: _, ...bare } = w.environment;
    const refused = await execa(process.execPath, [CALL, 'resume_job', JSON.stringify({ job_id })], {
      env: bare,
      extendEnv: false,
      reject: false,
    });
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('needs SECRET_TOKEN, which the environment does not set');
    expect((await w.job(job_id)).status).toBe('running');
    // Stopping the orphans needs no such variable.
    await execa(process.execPath, [CALL, 'cancel_job', JSON.stringify({ job_id })], { env: bare, extendEnv: false });
    await w.until(async () => (await w.abp.store.repository.attempts.running(job_id)).length === 0);
  });

  test('is replaced from a bare environment by one that runs the same program', async () => {
    const w = world();
    const bin = join(w.directory, 'bin');
    const decoys = join(w.directory, 'decoys');
    const place = (folder: string, says: string) => {
      mkdirSync(folder);
      writeFileSync(join(folder, 'judge-it'), `#!/usr/bin/env helper-of-it\necho '"${says}"'\n`, { mode: 0o755 });
    };
    place(bin, 'ours');
    place(decoys, 'another');
    // Only in the PATH of the start, as Node is for a CLI of npm.
    symlinkSync('/bin/sh', join(bin, 'helper-of-it'));
    const starter = { ...w.environment, PATH: `${bin}:${w.environment.PATH}` };
    const job_id = await w.create([{}, {}], { worker: { type: 'command', command: ['judge-it'] } });
    const { jobs, leases } = w.abp.store.repository;
    await execa(process.execPath, [CALL, 'start_job', JSON.stringify({ job_id, skip_test: true, wait_seconds: 0 })], {
      env: starter,
      extendEnv: false,
    });
    expect((await jobs.revision(job_id, 1))?.needs).toMatchObject({ main: { program: join(bin, 'judge-it') } });
    await w.until(async () => (await leases.get(job_id))?.released);
    // As if its executor had died before it did anything.
    await w.abp.store.repository.transaction({ job: job_id }, async (tx) => {
      await tx.jobs.move(job_id, 'running');
      await tx.units.moveMany(job_id, { scope: 'unit' }, 'pending', 9);
    });
    const cron = { HOME: w.directory, ABP_STORAGE_PATH: w.environment.ABP_STORAGE_PATH ?? '', PATH: decoys };
    const recovered = await execa(process.execPath, [installed().program('main'), 'recover', '--json'], {
      env: cron,
      extendEnv: false,
    });
    expect(JSON.parse(recovered.stdout)).toMatchObject({ recovered: [job_id] });
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    const texts = (await w.abp.store.repository.units.list(job_id, {}, 9)).map(
      ({ attempt }) => attempt?.result?.structured,
    );
    expect(texts).toEqual(['ours', 'ours']);
  });

  test('three times without a settled unit pauses the job', async () => {
    const w = world();
    const job_id = await w.begin(waits(9), { limits: { max_workers: 1 } });
    const recovery = w.recovery();
    for (let deaths = 1; deaths <= 3; deaths++) {
      await w.until(() => w.notes('start').length === deaths);
      await killAll(w, job_id);
      await recovery.tick();
    }
    expect(await w.ended(job_id)).toMatchObject({ status: 'paused', pauseReason: 'crashed', executorsLost: 3 });
    expect(await recovery.tick()).toMatchObject({ recovered: [] });
    expect(w.notes('start')).toHaveLength(3);
  });
});

describe('an executor that lives', () => {
  test.each([
    ['1', 'looks after the jobs of others whose executor died', true],
    ['0', 'minds its own job where ABP_AUTO_RECOVER is off', false],
  ])('with ABP_AUTO_RECOVER=%s %s', async (ABP_AUTO_RECOVER, _what, recovers) => {
    const w = world({ ABP_AUTO_RECOVER });
    const lost = await w.begin([{ does: 'quick' }, { does: 'waits' }], { limits: { max_workers: 1 } });
    await w.until(async () => (await w.units(lost))[1]?.status === 'running');
    await killAll(w, lost);
    const other = await w.begin([{ does: 'takes', seconds: 1.5 }]);
    await w.until(async () => (await w.job(other)).status === 'completed');
    if (recovers) await w.until(async () => (await w.abp.store.repository.leases.get(lost))?.epoch === 3);
    expect((await w.abp.store.repository.leases.get(lost))?.epoch).toBe(recovers ? 3 : 2);
    w.go();
    if (recovers) expect(await w.ended(lost)).toMatchObject({ status: 'completed' });
  });
});

describe('a killed agent', () => {
  test('crashes its attempt, which is retried', async () => {
    const w = world();
    const job_id = await w.begin(waits(1));
    await w.until(() => w.notes('start').length === 1);
    process.kill(w.notes('start')[0]?.pid ?? 0, 'SIGKILL');
    await w.until(async () => (await w.units(job_id))[0]?.failureClass === 'crashed');
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect(await w.units(job_id)).toMatchObject([{ attempt: 2, retriesUsed: 1 }]);
  });
});

/** Sends SIGTERM to a process, or a group, that may have ended by now. */
function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

describe('a shutdown of the machine', () => {
  test.each(['executor first', 'agents first'])(
    'terminates all processes, and nothing counts against a unit (%s)',
    async (order) => {
      const w = world();
      const job_id = await w.begin(waits(2), { limits: { max_workers: 2, max_retries: 0 } });
      await w.until(() => w.notes('start').length === 2);
      const { attempts, leases } = w.abp.store.repository;
      await w.until(async () => (await attempts.running(job_id)).every(({ handle }) => handle !== null));
      const executor = await w.executorPid(job_id);
      const groups = (await attempts.running(job_id)).map(({ handle }) => -(leaderOf(handle)?.pid ?? 0));
      const all = [executor, ...groups];
      // The executor may have stopped an agent by the time that it is its turn.
      for (const pid of order === 'executor first' ? all : all.reverse()) terminate(pid);
      await w.until(async () => (await leases.get(job_id))?.released);
      expect(await w.units(job_id)).toMatchObject(
        [0, 1].map(() => ({ status: 'pending', retriesUsed: 0, interruptions: 0, failureClass: null })),
      );
      expect(await attempts.ofUnit({ jobId: job_id, scope: 'unit', index: 0 })).toMatchObject([
        { status: 'interrupted' },
      ]);
      w.go();
      await w.call('resume_job', { job_id });
      expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    },
  );
});

describe('a stalled executor', () => {
  test('is killed after a lease by its successor, which adopts its agents', async () => {
    const w = world({ ABP_LEASE_S: '1' });
    const job_id = await w.begin(waits(3), { limits: { max_workers: 2 } });
    await w.until(() => w.notes('start').length === 2);
    const frozen = await w.executorPid(job_id);
    await freeze(w, frozen);
    const recovery = w.recovery();
    await expect.poll(async () => (await recovery.tick()).recovered, PATIENCE).toEqual([job_id]);
    const successor = await w.executorPid(job_id);
    expect(successor).not.toBe(frozen);
    await w.until(() => !isAlive(frozen));
    expect(await w.executorPid(job_id)).toBe(successor);
    expect(w.notes('start').map(({ pid }) => isAlive(pid))).toEqual([true, true]);
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect(w.notes('start')).toHaveLength(3);
    expect(readFileSync(w.abp.places.log(job_id), 'utf8')).toContain('killed the stalled executor');
  });

  /** Runs `abp` in a process of its own. */
  const abp = (w: World, ...args: readonly string[]) =>
    execa(process.execPath, [installed().program('main'), ...args], {
      env: w.environment,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    });
  const frozen = async (lease: string) => {
    const w = world({ ABP_LEASE_S: lease });
    const job_id = await w.begin(waits(2), { limits: { max_workers: 1 } });
    await w.until(() => w.notes('start').length === 1);
    const pid = await w.executorPid(job_id);
    await freeze(w, pid);
    return { w, job_id, pid };
  };

  test.each([
    ['recover', /has a new executor: the one before \(pid \d+\) did not respond/],
    ['resume', /continues\. The previous executor \(pid \d+\) did not respond and was replaced/],
  ])('is replaced by abp %s, which reports it', async (verb, said) => {
    const { w, job_id, pid } = await frozen('3');
    const ran = await abp(w, verb, ...(verb === 'resume' ? [job_id] : []));
    expect(ran).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(said) });
    expect(ran.stdout).toMatch(/no heartbeat for 2 s: it may be frozen\. After another 1 s/);
    await w.until(() => !isAlive(pid));
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
  });

  test('is reported to a caller that does not wait a whole lease', async () => {
    const { w, job_id, pid } = await frozen('300');
    const call = { interface: 'cli', workingDirectory: w.directory, human: null, maxWaitMs: 6_000 } as const;
    expect(await w.abp.orchestrator.call('resume_job', { job_id }, call)).toMatchObject({
      status: 'running',
      executor: { state: 'alive', pid, silent_s: 1 },
      message: expect.stringMatching(/no heartbeat for 1 s.*another 299 s without one it counts as lost/),
    });
    process.kill(pid, 'SIGCONT');
    w.go();
    await w.ended(job_id);
  });

  test('is not a working one, which recover leaves alone', async () => {
    const w = world({ ABP_LEASE_S: '3' });
    const job_id = await w.begin(waits(1));
    await w.until(() => w.notes('start').length === 1);
    const pid = await w.executorPid(job_id);
    expect(await abp(w, 'recover')).toMatchObject({ exitCode: 0, stdout: 'No job has lost its executor.' });
    expect(await abp(w, 'resume', job_id)).toMatchObject({ stdout: expect.stringMatching(/continues\. Follow it/) });
    expect(await w.executorPid(job_id)).toBe(pid);
    w.go();
    await w.ended(job_id);
  });

  test('keeps its job for less than a lease', async () => {
    const w = world({ ABP_LEASE_S: '300' });
    const job_id = await w.begin(waits(2), { limits: { max_workers: 1 } });
    await w.until(() => w.notes('start').length === 1);
    const pid = await w.executorPid(job_id);
    await freeze(w, pid);
    const recovery = w.recovery();
    expect((await recovery.tick()).recovered).toEqual([]);
    w.go();
    await w.until(() => w.notes('end').length === 1);
    expect((await recovery.tick()).recovered).toEqual([]);
    process.kill(pid, 'SIGCONT');
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect((await w.abp.store.repository.leases.get(job_id))?.epoch).toBe(2);
  });
});

describe('another process', () => {
  /** A process unrelated to ABP. */
  function stranger(): number {
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child.pid ?? 0;
  }

  test('with the pid of a dead executor or agent is never signalled', async () => {
    const w = world();
    const job_id = await w.begin(waits(2), { limits: { max_workers: 1, timeout_s: 10 } });
    await w.until(() => w.notes('start').length === 1);
    const pids = [await w.executorPid(job_id), w.notes('start')[0]?.pid ?? 0];
    await w.until(async () => (await w.abp.store.repository.attempts.running(job_id))[0]?.handle);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await w.until(() => !pids.some(isAlive));
    const innocent = stranger();
    const db = new Database(w.abp.store.repository.path);
    db.prepare('UPDATE leases SET pid = ? WHERE job_id = ?').run(innocent, job_id);
    db.prepare("UPDATE attempts SET handle = json_set(handle, '$.pid', ?) WHERE job_id = ?").run(innocent, job_id);
    db.close();
    await w.call('cancel_job', { job_id });
    await w.until(async () => (await w.abp.store.repository.attempts.running(job_id)).length === 0);
    expect(await w.ended(job_id)).toMatchObject({ status: 'cancelled' });
    expect(isAlive(innocent)).toBe(true);
  });

  test('with another start time or boot is not the holder of a lease', async () => {
    const w = world();
    const job_id = await w.begin(waits(1));
    await w.until(() => w.notes('start').length === 1);
    const executor = await w.executorPid(job_id);
    process.kill(executor, 'SIGKILL');
    await w.until(() => !isAlive(executor));
    const innocent = identify(stranger());
    const db = new Database(w.abp.store.repository.path);
    const record = (startedAt: string | null, bootId: string | null) =>
      db
        .prepare('UPDATE leases SET pid = ?, pid_started_at = ?, boot_id = ? WHERE job_id = ?')
        .run(innocent.pid, startedAt, bootId, job_id);
    const state = async () => (await w.call('get_job_status', { job_id })).executor.state;
    record(innocent.startedAt, innocent.bootId);
    expect(await state()).toBe('alive');
    record('1', innocent.bootId);
    expect(await state()).toBe('lost');
    record(innocent.startedAt, 'another boot');
    expect(await state()).toBe('lost');
    db.close();
    w.go();
    await w.call('resume_job', { job_id });
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect(isAlive(innocent.pid)).toBe(true);
  });
});

test.each([
  ['stores units', 'units', {}],
  ['adds their keys to the index', 'unit_keys', { id_column: 'name' }],
])('a creator that is killed while it %s leaves nothing: recovery deletes the rest', async (_when, table, keyed) => {
  const w = world();
  const source = join(w.directory, 'many.csv');
  const rows = Array.from({ length: 400_000 }, (_, n) => `a row of some length ${n}`);
  writeFileSync(source, `name\n${rows.join('\n')}\n`);
  const input = {
    name: 'Many',
    intent: 'x',
    source: { type: 'csv', file_path: source, ...keyed },
    worker: { type: 'command', command: ['true'] },
  };
  const creator = spawn(process.execPath, [CALL, 'create_job', JSON.stringify(input)], {
    env: w.environment,
    stdio: 'ignore',
  });
  const { jobs } = w.abp.store.repository;
  const job = await w.until(async () => (await jobs.list({ statuses: ['enumerating'], limit: 1 })).jobs[0]);
  const db = new Database(w.abp.store.repository.path, { readonly: true });
  const stored = db.prepare(`SELECT 1 FROM ${table} LIMIT 1 OFFSET 20000`);
  await w.until(() => stored.get() !== undefined);
  creator.kill('SIGKILL');
  await w.until(() => !isAlive(creator.pid ?? 0));
  expect(await w.call('get_job_status', { job_id: job.jobId })).toMatchObject({ executor: { state: 'lost' } });
  expect((await w.recovery().tick()).deleted).toEqual([job.jobId]);
  expect((await jobs.list({ statuses: JOB_STATUSES, limit: 9 })).total).toBe(0);
  for (const name of [
    'jobs',
    'job_revisions',
    'units',
    'unit_keys',
    'unit_counts',
    'step_totals',
    'results',
    'attempts',
    'events',
    'leases',
  ]) {
    expect(db.prepare(`SELECT count(*) AS n FROM ${name}`).get(), name).toEqual({ n: 0 });
  }
  db.close();
});
