import { existsSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { CALL, isAlive, world } from '../helpers/processes.ts';

const ITEMS = [0, 1, 2].map((n) => ({ n, does: 'waits' }));

test.each([
  ['its file', (path: string) => [path]],
  ['its folder', (path: string) => [dirname(path)]],
])('an executor whose store loses %s ends its agents and itself', async (_what, lost) => {
  const w = world();
  const jobId = await w.begin(ITEMS, { limits: { max_workers: 2 } });
  await w.until(() => w.notes('start').length === 2);
  const executor = await w.executorPid(jobId);
  const agents = w.notes('start').map(({ pid }) => pid);
  const [path = ''] = lost(w.abp.store.repository.path);
  renameSync(path, `${path}.away`);
  await w.until(() => !isAlive(executor));
  for (const agent of agents) await w.until(() => !isAlive(agent));
  // Back in its place, everything under way is put back and repeated.
  renameSync(`${path}.away`, path);
  await w.call('resume_job', { job_id: jobId });
  w.go();
  expect((await w.ended(jobId)).status).toBe('completed');
});

test('a server whose store is replaced neither reads nor writes the old one', async () => {
  const w = world();
  const jobId = await w.create(ITEMS);
  const { path } = w.abp.store.repository;
  for (const file of ['', '-wal', '-shm'])
    if (existsSync(`${path}${file}`)) renameSync(`${path}${file}`, `${path}.old${file}`);
  // Another program makes a new one in its place.
  const { stdout } = await execa(process.execPath, [CALL, 'list_jobs', '{}'], { env: { ...w.environment } });
  expect(JSON.parse(stdout)).toMatchObject({ total: 0 });
  const gone = { code: 'store_gone', message: expect.stringContaining('replaced') };
  await expect(w.create(ITEMS)).rejects.toMatchObject(gone);
  await expect(w.call('start_job', { job_id: jobId, wait_seconds: 0 })).rejects.toMatchObject(gone);
  await w.until(async () => {
    try {
      await w.job(jobId);
      return false;
    } catch (error) {
      return (error as { code?: string }).code === 'store_gone';
    }
  });
  await expect(w.call('get_job_status', { job_id: jobId })).rejects.toMatchObject(gone);
  for (const file of ['', '-wal', '-shm']) {
    if (existsSync(`${path}.old${file}`)) renameSync(`${path}.old${file}`, `${path}${file}`);
  }
});
