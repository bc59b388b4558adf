import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Tx } from '../../src/ports/repository.ts';
import { openStore } from '../../src/repository/index.ts';
import type { World } from '../helpers/processes.ts';
import { CALL, world } from '../helpers/processes.ts';
import { temporaryStore } from '../helpers/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const ITEMS = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];

/** Another writing process, as a second connection. */
function locker(path: string) {
  const db = new Database(path, { timeout: 0 });
  onTestFinished(() => void db.close());
  return { lock: () => void db.exec('BEGIN IMMEDIATE'), unlock: () => void db.exec('ROLLBACK') };
}

const turnOfTheLoop = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('while another process writes', () => {
  test.each<[string, (w: World, jobId: string) => Promise<unknown>]>([
    ['create_job', (w) => w.create(ITEMS)],
    ['start_job', (w, job_id) => w.call('start_job', { job_id, wait_seconds: 0 })],
    ['cancel_job', (w, job_id) => w.call('cancel_job', { job_id })],
    ['delete_job', (w, job_id) => w.call('delete_job', { job_id })],
    ['update_job', (w, job_id) => w.call('update_job', { job_id, limits: { timeout_s: 77 } })],
    ['manage_units', (w, job_id) => w.call('manage_units', { job_id, action: 'skip', units: [1] })],
  ])('%s waits without blocking the event loop', async (_name, act) => {
    const w = world();
    const jobId = await w.create(ITEMS);
    const other = locker(w.abp.store.repository.path);
    await turnOfTheLoop();
    other.lock();
    let done = false;
    const acting = act(w, jobId).finally(() => {
      done = true;
    });
    // A caller that blocks the loop would be rejected, since the lock could not be released meanwhile.
    for (let turns = 0; turns < 20; turns++) await turnOfTheLoop();
    expect(done).toBe(false);
    other.unlock();
    await acting;
    w.go();
  });

  test('a write that does not end in time is reported, and nothing is written', async () => {
    const { repository } = temporaryStore();
    const other = locker(repository.path);
    other.lock();
    const write = repository.transaction('none', () => Promise.resolve(), { maxWaitMs: 50 });
    await expect(write).rejects.toMatchObject({ code: 'busy', hint: 'Try again in a moment.' });
    other.unlock();
  });
});

describe('a transaction', () => {
  const asked = { about: 'source', title: 'csv', powers: [], files: {}, source: null } as const;

  test('waits for the one before it: what both write is committed', async () => {
    const { repository } = temporaryStore();
    const request = (definition: string) =>
      repository.transaction('store', (tx) => tx.approvals.request({ ...asked, definition }));
    await Promise.all([request('aa'), request('bb')]);
    expect(await repository.approvals.list(9)).toHaveLength(2);
  });

  test('inside another one is refused, not waited for', async () => {
    const { repository } = temporaryStore();
    const nested = repository.transaction('store', () => repository.transaction('store', () => Promise.resolve()));
    await expect(nested).rejects.toThrow(/inside another/);
  });

  test('reads through its own stores: a read beside them is refused', async () => {
    const { repository } = temporaryStore();
    const read = repository.transaction('store', () => repository.approvals.list(9));
    await expect(read).rejects.toThrow(/did not go through it/);
  });

  test('that awaits anything else than its stores is rolled back, and the store is free', async () => {
    const { repository } = temporaryStore();
    const late = repository.transaction('store', async (tx) => {
      await tx.approvals.request({ ...asked, definition: 'aa' });
      await turnOfTheLoop();
    });
    await expect(late).rejects.toThrow(/something other than its own stores/);
    expect(await repository.approvals.list(9)).toEqual([]);
    locker(repository.path).lock();
  });

  test('that is over, or was rolled back, gives its stores to nobody: what comes late writes nothing', async () => {
    const { repository } = temporaryStore();
    const kept: Tx[] = [];
    const late: unknown[] = [];
    const write = repository.transaction('store', async (tx) => {
      kept.push(tx);
      await turnOfTheLoop();
      late.push(await tx.approvals.request({ ...asked, definition: 'bb' }).catch((error: unknown) => error));
    });
    await expect(write).rejects.toThrow(/something other than its own stores/);
    await vi.waitFor(() => expect(late).toHaveLength(1));
    expect(late).toMatchObject([{ code: 'internal', message: /after its end/ }]);
    await expect(kept[0]?.approvals.request({ ...asked, definition: 'cc' })).rejects.toThrow(/after its end/);
    expect(await repository.approvals.list(9)).toEqual([]);
  });

  test('refuses maintenance inside it instead of waiting for itself', async () => {
    const { repository } = temporaryStore();
    const nested = repository.transaction('none', () => repository.maintenance.size());
    await expect(nested).rejects.toThrow(/inside a transaction/);
    expect((await repository.maintenance.size()).bytes).toBeGreaterThan(0);
  });

  test('does not wait longer for those before it than it may', async () => {
    const { repository } = temporaryStore();
    const other = locker(repository.path);
    other.lock();
    const first = repository.transaction('none', () => Promise.resolve('first'));
    const short = repository.transaction('none', () => Promise.resolve(), { maxWaitMs: 30 });
    await expect(short).rejects.toMatchObject({ code: 'busy', details: { locked: true } });
    other.unlock();
    expect(await first).toBe('first');
    expect(await repository.transaction('none', () => Promise.resolve('next'))).toBe('next');
  });

  test('is refused once the store is closed, also in the queue', async () => {
    const { repository } = openStore(join(temporaryDirectory(), 'batch.db'), systemClock);
    const other = locker(repository.path);
    other.lock();
    const waiting = [1, 2].map(() => repository.transaction('none', () => Promise.resolve()));
    const refused = Promise.allSettled(waiting);
    await turnOfTheLoop();
    repository.close();
    other.unlock();
    expect(await refused).toMatchObject(waiting.map(() => ({ reason: { code: 'cancelled' } })));
    await expect(repository.transaction('none', () => Promise.resolve())).rejects.toMatchObject({ code: 'cancelled' });
  });

  test('is not seen by reads until it is committed', async () => {
    const { repository } = temporaryStore();
    let seen: unknown;
    const write = repository.transaction('store', async (tx) => {
      await tx.approvals.request({ ...asked, definition: 'aa' });
      await outside;
    });
    const outside = repository.approvals.list(9).then((list) => {
      seen = list;
    });
    await write;
    expect(seen).toEqual([]);
    expect(await repository.approvals.list(9)).toHaveLength(1);
  });
});

test('many programs can open a new store and create jobs at once', async () => {
  const w = world();
  const file_path = join(w.directory, 'items.json');
  const text = 'lorem ipsum '.repeat(40);
  writeFileSync(file_path, JSON.stringify(Array.from({ length: 2000 }, (_, n) => ({ name: `item ${n}`, text }))));
  const worker = { type: 'command', command: ['true'] };
  const source = { source: { type: 'json', file_path } };
  const input = JSON.stringify({ name: 'Crowd', intent: 'Do it.', ...source, worker });
  const env = { ...w.environment, ABP_STORAGE_PATH: join(w.directory, 'crowd', 'batch.db') };
  const runs = await Promise.all(
    Array.from({ length: 16 }, () => execa(process.execPath, [CALL, 'create_job', input], { env, reject: false })),
  );
  expect(runs.map(({ stderr }) => stderr)).toEqual(runs.map(() => ''));
  expect(runs.map(({ stdout }) => JSON.parse(stdout).units.total)).toEqual(runs.map(() => 2000));
});
