import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { PERSON } from '../helpers/approvals.ts';
import { CALL, isAlive, world } from '../helpers/processes.ts';

const items = (count: number, does: string, more = {}) =>
  Array.from({ length: count }, (_, n) => ({ n, does, ...more }));

describe('an executor', () => {
  test('holds its lease before start_job returns, and releases it after the work', async () => {
    const w = world();
    const job_id = await w.begin(items(5, 'quick'), { limits: { max_workers: 3 } });
    const status = await w.call('get_job_status', { job_id });
    const { data } =
      (await w.abp.store.repository.events.list(job_id, 0, 9)).find(({ type }) => type === 'executor:started') ?? {};
    expect(data).toMatchObject({ epoch: 2, executor_pid: expect.any(Number) });
    expect(['alive', 'none']).toContain(status.executor.state);
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect(
      w
        .notes('end')
        .map(({ unit }) => unit)
        .sort((a, b) => a - b),
    ).toEqual([0, 1, 2, 3, 4]);
    await w.until(() => !isAlive(Number(data?.executor_pid)));
  });

  test('survives the death of its starter, its process group and its terminal', async () => {
    const w = world();
    const job_id = await w.create(items(4, 'waits'), { limits: { max_workers: 2 } });
    const starter = spawn(
      process.execPath,
      [CALL, 'start_job', JSON.stringify({ job_id, skip_test: true, wait_seconds: 0 })],
      {
        env: { ...w.environment, LINGER: '1' },
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const group = starter.pid ?? 0;
    await new Promise((resolve) => starter.stdout.once('data', resolve));
    await w.until(() => w.notes('start').length === 2);
    process.kill(-group, 'SIGHUP');
    process.kill(-group, 'SIGINT');
    process.kill(-group, 'SIGKILL');
    await w.until(() => !isAlive(group));
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect(w.notes('start')).toHaveLength(4);
    // Another program reports it.
    const { stdout } = await execa(process.execPath, [CALL, 'get_job_status', JSON.stringify({ job_id })], {
      env: w.environment,
    });
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'completed',
      units: { completed: 4 },
      executor: { state: 'none' },
    });
  });

  test('ignores SIGHUP, and at SIGTERM stops its agents and puts their units back', async () => {
    const w = world();
    const job_id = await w.begin(items(3, 'waits'), { limits: { max_workers: 2 } });
    await w.until(() => w.notes('start').length === 2);
    const pid = await w.executorPid(job_id);
    process.kill(pid, 'SIGHUP');
    process.kill(pid, 'SIGTERM');
    await w.until(async () => (await w.abp.store.repository.leases.get(job_id))?.released);
    await w.until(() => !isAlive(pid));
    expect(w.notes('start').map((note) => isAlive(note.pid))).toEqual([false, false]);
    expect(await w.job(job_id)).toMatchObject({ status: 'running', executorsLost: 0 });
    expect(await w.units(job_id)).toMatchObject([
      { status: 'pending', interruptions: 0, retriesUsed: 0 },
      { status: 'pending', interruptions: 0, retriesUsed: 0 },
      { status: 'pending', attempt: 0 },
    ]);
    expect(await w.call('get_job_status', { job_id })).toMatchObject({ executor: { state: 'lost' } });
    w.go();
    expect((await w.recovery().tick()).recovered).toEqual([job_id]);
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
  });

  test('writes a private JSON log with job, unit and attempt, without secrets', async () => {
    const w = world();
    const job_id = await w.begin(items(1, 'leaks'), { limits: { max_retries: 0 } });
    await w.ended(job_id);
    const path = w.abp.places.log(job_id);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const lines = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) expect(line).toMatchObject({ job_id, pid: expect.any(Number), time: expect.any(String) });
    expect(lines).toContainEqual(expect.objectContaining({ unit: 0, attempt: 1, class: 'agent_error' }));
    const kept = readFileSync(path, 'utf8') + JSON.stringify(await w.abp.store.repository.events.list(job_id, 0, 99));
    expect(kept).toContain('[redacted]');
    expect(kept).not.toMatch(/hunter22|sk-ant/);
  });
});

describe('control from another process', () => {
  test('a hard pause stops agents at once, and a resume continues', async () => {
    const w = world();
    const job_id = await w.begin(items(4, 'waits'), { limits: { max_workers: 2 } });
    await w.until(() => w.notes('start').length === 2);
    const agents = w.notes('start').map(({ pid }) => pid);
    const asked = Date.now();
    await w.call('pause_job', { job_id, hard: true });
    await w.until(() => !agents.some(isAlive));
    // Within a second; the rest is for a busy machine.
    expect(Date.now() - asked).toBeLessThan(45_000);
    await w.until(async () => (await w.abp.store.repository.leases.get(job_id))?.released);
    expect(await w.statuses(job_id)).toBe('pending pending pending pending');
    w.go();
    await w.call('resume_job', { job_id });
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
  });

  test('cancelling a unit stops only its agent, also one that ignores SIGTERM', async () => {
    const w = world();
    const job_id = await w.begin([{ does: 'ignores_term' }, { does: 'waits' }], { limits: { max_workers: 2 } });
    await w.until(() => w.notes('start').length === 2);
    const pids = new Map(w.notes('start').map(({ unit, pid }) => [unit, pid]));
    await w.call('manage_units', { job_id, action: 'cancel', units: [0] });
    await w.until(() => !isAlive(pids.get(0) ?? 0));
    expect(isAlive(pids.get(1) ?? 0)).toBe(true);
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect(await w.statuses(job_id)).toBe('cancelled completed');
  });

  test('cancelling a job stops all agents', async () => {
    const w = world();
    const job_id = await w.begin(items(5, 'waits'), { limits: { max_workers: 3 } });
    await w.until(() => w.notes('start').length === 3);
    await w.call('cancel_job', { job_id });
    await w.until(async () => (await w.abp.store.repository.leases.get(job_id))?.released);
    expect(w.notes('start').some(({ pid }) => isAlive(pid))).toBe(false);
    expect(await w.statuses(job_id)).toBe('cancelled cancelled cancelled cancelled cancelled');
  });

  test('added slots are used while the job runs', async () => {
    const w = world();
    const job_id = await w.begin(items(6, 'waits'), { limits: { max_workers: 1 } });
    await w.until(() => w.notes('start').length === 1);
    await w.abp.orchestrator.call('resume_job', { job_id, max_workers: 4 }, PERSON);
    await w.until(() => w.notes('start').length === 4);
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
  });
});

describe('limits', () => {
  test('of time stop an attempt at its timeout and its idle timeout', async () => {
    const w = world();
    const job_id = await w.begin([{ does: 'waits' }], { limits: { timeout_s: 1, max_retries: 0 } });
    const other = await w.begin([{ does: 'waits' }], { limits: { idle_timeout_s: 1, max_retries: 0 } });
    expect(await w.ended(job_id)).toMatchObject({ status: 'failed' });
    expect(await w.units(job_id)).toMatchObject([{ failureClass: 'timeout', failureMessage: /time limit/ }]);
    expect(await w.ended(other)).toMatchObject({ status: 'failed' });
    expect(await w.units(other)).toMatchObject([{ failureClass: 'timeout', failureMessage: /wrote nothing/ }]);
  });

  test('of the machine hold for two jobs together, and both progress', async () => {
    const w = world({ ABP_MAX_TOTAL_WORKERS: '2' });
    const limits = { max_workers: 4 };
    const jobs = [
      await w.begin(items(6, 'takes', { seconds: 0.15 }), { limits }),
      await w.begin(items(6, 'takes', { seconds: 0.15 }), { limits }),
    ];
    for (const job_id of jobs) expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    let atOnce = 0;
    let most = 0;
    for (const { what } of w.notes()) {
      atOnce += what === 'start' ? 1 : -1;
      most = Math.max(most, atOnce);
    }
    expect(most).toBe(2);
    expect(w.notes('end')).toHaveLength(12);
  });
});
