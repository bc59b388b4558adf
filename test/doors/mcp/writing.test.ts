import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connect, jobOver, makePlace } from './clients.ts';

test('a model that has the tools and force cannot write into the store, nor over a file without it', async () => {
  const place = makePlace();
  const { ok, call } = await connect('v2 auto', place);
  const { job_id } = await ok('create_job', jobOver(place));
  const store = join(place.root, 'store');
  for (const name of ['batch.db', 'batch.db-wal', 'batch.db-shm', 'batch.db.server.json', 'logs/x', 'new.csv']) {
    const answer = await call('export_results', { job_id, format: 'csv', path: join(store, name), force: true });
    expect([name, answer.isError, answer.text]).toEqual([name, true, expect.stringContaining("ABP's store")]);
  }
  for (const output_directory of [store, join(store, 'runs'), place.root, '/']) {
    const answer = await call('create_job', jobOver(place, { output_directory }));
    expect([output_directory, answer.isError]).toEqual([output_directory, true]);
  }
  const mine = join(place.root, '.bashrc');
  writeFileSync(mine, 'mine');
  expect((await call('export_results', { job_id, format: 'csv', path: mine })).text).toContain('exists already');
  expect(readFileSync(mine, 'utf8')).toBe('mine');
  expect((await ok('list_jobs')).jobs).toHaveLength(1);
});
