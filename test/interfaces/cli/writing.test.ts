import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Workspace, withStore, workspace } from './abp.ts';

/** A job that has run to its end, beside the record of a server that could be running. */
async function ended(): Promise<Workspace & { readonly jobId: string }> {
  const space = workspace(['one', 'two']);
  await space.abp('run', 'batch.yaml', '--skip-test', '--yes');
  space.write('.store/batch.db.server.json', '{}');
  symlinkSync('.store', join(space.folder, 'link'));
  return { ...space, jobId: (await space.jobs())[0] ?? '' };
}

/** Names of what lies in the store, with its content but for that of the database, which changes with every look at it. */
function storeOf(folder: string): readonly (readonly [string, string])[] {
  return readdirSync(join(folder, '.store'), { recursive: true, encoding: 'utf8' })
    .filter((name) => !/-(?:wal|shm)$/.test(name) && statSync(join(folder, '.store', name)).isFile())
    .map((name) => [name, name === 'batch.db' ? '' : readFileSync(join(folder, '.store', name), 'latin1')] as const);
}

const OF_THE_STORE = [
  '.store/batch.db',
  '.store/batch.db-wal',
  '.store/batch.db-shm',
  '.store/batch.db.server.json',
  '.store/logs/job.log',
  '.store/runs/x.csv',
  '.store/results.csv',
  '.store/new/results.csv',
  'link/batch.db',
  'link/new.csv',
  'in/../.store/batch.db',
];

describe('the store is never written to', () => {
  test('by abp export, with --force', async () => {
    const space = await ended();
    const before = storeOf(space.folder);
    for (const file of [...OF_THE_STORE, ...OF_THE_STORE.map((path) => join(space.folder, path))]) {
      const ran = await space.abp('export', space.jobId, file, '--format', 'csv', '--force');
      expect(ran, file).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/ABP's store|by a link/) });
    }
    expect(storeOf(space.folder)).toEqual(before);
    expect(
      await withStore(space.storagePath, async ({ repository }) => (await repository.jobs.get(space.jobId))?.status),
    ).toBe('completed');
  });

  test('by abp run, before a job is created', async () => {
    const space = workspace(['one']);
    await space.abp('status');
    symlinkSync('.store', join(space.folder, 'link'));
    const before = storeOf(space.folder);
    for (const file of OF_THE_STORE) {
      const output = JSON.stringify({ path: file, format: 'csv', force: true });
      const ran = await space.abp('run', 'batch.yaml', '--yes', '--set', `output=${output}`);
      expect(ran, file).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/ABP's store|by a link/) });
    }
    expect(storeOf(space.folder)).toEqual(before);
    expect(await space.jobs()).toEqual([]);
  });
});

test('the output directory cannot be inside the store, by batch file or --set', async () => {
  const space = workspace(['one']);
  mkdirSync(join(space.folder, '.store'));
  for (const set of [
    'output.directory=.store',
    'output.directory=.store/runs/x',
    'output.directory=/',
    'output.directory=.',
  ]) {
    const ran = await space.abp('create', 'batch.yaml', '--set', set);
    expect(ran, set).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/ABP's store/) });
  }
  expect(await space.jobs()).toEqual([]);
});

test('an export to the outputs of a job needs no question, and only this user can read it', async () => {
  const space = await ended();
  const file = join(space.folder, '.store/outputs', space.jobId, 'results.csv');
  expect(await space.abp('export', space.jobId, file)).toMatchObject({ exitCode: 0 });
  expect(await space.abp('export', space.jobId, file)).toMatchObject({ exitCode: 0 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(space.folder, '.store/outputs')).mode & 0o777).toBe(0o700);
});
