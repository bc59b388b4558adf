import { describe, expect, test } from 'vitest';
import { type Flow, flow } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';

/** A running job whose first units hang in their slots, and whose executor is gone. */
async function lost(f: Flow, units: number, max_workers: number): Promise<string> {
  const jobId = await f.begin({ units, limits: { max_workers, max_retries: 0 } });
  f.worker.otherwise = hangs;
  await f.until(() => f.worker.running().length === max_workers);
  f.worker.otherwise = ok();
  await f.killExecutor(jobId);
  return jobId;
}

/** The next executor, which runs as far as it can and is then lost like those before. */
async function another(f: Flow, jobId: string): Promise<void> {
  await f.recover(jobId);
  await f.tick(4);
  await f.killExecutor(jobId);
}

describe('output whose judging stalls its executor', () => {
  test('is judged three times, then fails its attempt with the reason, and the job continues', async () => {
    const f = flow();
    const jobId = await lost(f, 4, 1);
    f.worker.leaves(0, 'stalls');
    for (let executors = 1; executors <= 3; executors++) {
      await another(f, jobId);
      expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'running', judges: executors }]);
    }
    await f.recover(jobId);
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(f.worker.judged).toEqual([0, 0, 0]);
    const [{ runDirectory } = { runDirectory: '' }] = await f.attempts(jobId, 0);
    const message = `judging the output of this attempt ended or stalled 3 executors; its files are in ${runDirectory}`;
    expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'failed', failureClass: 'crashed', message }]);
    expect(await f.statuses(jobId)).toBe('failed completed completed completed');
    expect(await f.job(jobId)).toMatchObject({ executorsLost: 0, pauseReason: null });
  });

  test('does not count against other orphaned attempts', async () => {
    const f = flow();
    const jobId = await lost(f, 6, 4);
    f.worker.leaves(1, 'stalls');
    for (const unit of [0, 2]) f.worker.leaves(unit, ok({ text: `of ${unit}` }));
    f.worker.leaves(3, 'alive');
    await another(f, jobId);
    f.worker.leaves(3, 'alive');
    await another(f, jobId);
    f.worker.leaves(3, 'alive');
    await another(f, jobId);
    f.worker.leaves(3, 'alive');
    await f.recover(jobId);
    await f.until(async () => f.worker.running().includes(3) && (await f.unit(jobId, 1)).status === 'failed');
    f.worker.finish(3);
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.statuses(jobId)).toBe('completed failed completed completed completed completed');
    const attempts = await Promise.all([0, 2, 3].map((unit) => f.attempts(jobId, unit)));
    expect(attempts.map(({ length }) => length)).toEqual([1, 1, 1]);
    expect(f.worker.judged.filter((unit) => unit !== 1).sort((a, b) => a - b)).toEqual([0, 2]);
  });

  test('of two attempts fails both, one after the other', async () => {
    const f = flow();
    const jobId = await lost(f, 3, 2);
    for (const unit of [0, 1]) f.worker.leaves(unit, 'stalls');
    for (let executors = 1; executors <= 6; executors++) await another(f, jobId);
    await f.recover(jobId);
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.statuses(jobId)).toBe('failed failed completed');
    expect(f.worker.judged).toEqual([0, 0, 0, 1, 1, 1]);
  });

  test('fails a test with the reason', async () => {
    const f = flow();
    const jobId = await f.create({ units: 3 });
    f.worker.otherwise = hangs;
    await f.call('start_job', { job_id: jobId, wait_seconds: 0 });
    await f.until(() => f.worker.running().length === 1);
    await f.killExecutor(jobId);
    f.worker.leaves(0, 'stalls');
    for (let executors = 1; executors <= 3; executors++) await another(f, jobId);
    await f.recover(jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    expect((await f.job(jobId)).test?.verdict).toContain('ended or stalled 3 executors');
  });

  test('is not judged again after a person cancelled it', async () => {
    const f = flow();
    const jobId = await lost(f, 2, 1);
    f.worker.leaves(0, 'stalls');
    f.worker.used(0, { costUsd: 0.3 });
    await another(f, jobId);
    await f.call('cancel_job', { job_id: jobId });
    if (!f.hasExecutor(jobId)) await f.recover(jobId);
    await f.until(() => !f.hasExecutor(jobId));
    expect(f.worker.judged).toEqual([0]);
    expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'cancelled', usage: { costUsd: 0.3 } }]);
    expect(await f.job(jobId)).toMatchObject({ status: 'cancelled', costUsd: 0.3 });
  });
});

describe('an adopted attempt', () => {
  test('may be adopted any number of times while it is alive', async () => {
    const f = flow();
    const jobId = await lost(f, 1, 1);
    for (let upgrades = 0; upgrades < 6; upgrades++) {
      f.worker.leaves(0, 'alive');
      await another(f, jobId);
    }
    f.worker.leaves(0, 'alive');
    await f.recover(jobId);
    await f.until(() => f.worker.running().includes(0));
    expect(await f.attempts(jobId, 0)).toMatchObject([{ judges: 0 }]);
    f.worker.finish(0);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'succeeded', judges: 1 }]);
  });

  test('is judged by the executor that first reaches it', async () => {
    const f = flow();
    const jobId = await lost(f, 1, 1);
    f.worker.leaves(0, 'stalls');
    await another(f, jobId);
    await another(f, jobId);
    f.worker.leaves(0, fails('timeout'));
    await f.recover(jobId);
    await f.until(async () => (await f.job(jobId)).status === 'failed');
    expect(await f.attempts(jobId, 0)).toMatchObject([{ failureClass: 'timeout' }]);
  });

  test('is left to the successor by an executor that lost its lease', async () => {
    const f = flow();
    const jobId = await lost(f, 1, 1);
    f.worker.leaves(0, 'alive');
    await f.recover(jobId);
    await f.until(() => f.worker.running().includes(0));
    const claim = { jobId, owner: 'successor', leaseMs: 1, pid: 1, startedAt: null, bootId: null, machineId: null };
    await f.store.repository.transaction('none', async (tx) => tx.leases.acquire(claim, await tx.leases.get(jobId)));
    f.worker.finish(0);
    await f.until(() => !f.hasExecutor(jobId));
    expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'running', judges: 0 }]);
  });
});
