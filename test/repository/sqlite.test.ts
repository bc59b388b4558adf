import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { AbpError } from '../../src/domain/error.ts';
import type { LeaseToken } from '../../src/domain/lease.ts';
import { openStore } from '../../src/repository/index.ts';
import { migrate } from '../../src/repository/migrate.ts';
import { MIGRATIONS } from '../../src/repository/migrations/index.ts';
import { installed } from '../helpers/installation.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { holdLease, seedJob, temporaryStore } from '../helpers/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const [CALL, COUNT] = [installed().program('call'), installed().program('count')];
const NEWEST = MIGRATIONS.at(-1)?.version ?? 0;

describe('the place of a store', () => {
  test('is private to the user: directory 0700, every file of it 0600, whatever the umask', async () => {
    const before = process.umask(0);
    try {
      const directory = join(temporaryDirectory(), 'deep', 'er');
      await seedJob(temporaryStore({ path: join(directory, 'batch.db') }));
      expect(mode(directory)).toBe('700');
      const files = readdirSync(directory);
      expect(files).toEqual(expect.arrayContaining(['batch.db', 'batch.db-wal']));
      expect(files.map((file) => mode(join(directory, file)))).toEqual(files.map(() => '600'));
    } finally {
      process.umask(before);
    }
  });

  test('is made private when it was readable by others; an existing directory keeps its mode', () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'batch.db');
    writeFileSync(path, '', { mode: 0o644 });
    chmodSync(directory, 0o755);
    temporaryStore({ path });
    expect([mode(path), mode(directory)]).toEqual(['600', '755']);
  });

  test.each([
    ['no directory', (path: string) => writeFileSync(join(path, '..'), 'a file'), 'environment'],
    ['a directory', (path: string) => mkdirSync(path, { recursive: true }), 'environment'],
    ['no database', (path: string) => writeText(path, 'Dear diary, today I wrote a file.'.repeat(99)), 'store_foreign'],
  ])('that is %s is refused, naming it and the way out, and left as it was', async (_what, make, code) => {
    const path = join(temporaryDirectory(), 'store', 'batch.db');
    make(path);
    const error = await refusalOf(() => openStore(path, systemClock));
    expect(error).toMatchObject({ code, hint: expect.stringContaining('ABP_STORAGE_PATH') });
    expect(error.message).toContain(path);
    if (code === 'store_foreign') expect(readFileSync(path, 'utf8')).toMatch(/^Dear diary/);
  });
});

test('a store that cannot be opened on a full disk is reported as such', async () => {
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  const pragma = vi.spyOn(Database.prototype, 'pragma').mockImplementation(() => {
    throw full;
  });
  onTestFinished(() => pragma.mockRestore());
  const error = await refusalOf(() => openStore(join(temporaryDirectory(), 'batch.db'), systemClock));
  expect(error).toMatchObject({ code: 'environment', hint: expect.stringMatching(/^Make room on the disk/) });
});

describe('the schema', () => {
  test('migrations are numbered from 1 without a gap', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, n) => n + 1));
  });

  test('a store of a newer ABP is refused and not changed', async () => {
    const { path } = temporaryStore().repository;
    const db = new Database(path);
    db.pragma(`user_version = ${NEWEST + 1}`);
    const error = await refusalOf(() => openStore(path, systemClock));
    expect(error).toMatchObject({
      code: 'newer_store',
      hint: expect.stringContaining('Update agentic-batch-processor'),
    });
    expect(error.message).toContain(`schema ${NEWEST + 1}`);
    expect(db.pragma('user_version', { simple: true })).toBe(NEWEST + 1);
    db.close();
  });

  test('is migrated only when no living process holds a job', async () => {
    const store = temporaryStore();
    const { path } = store.repository;
    await holdLease(store, (await seedJob(store)).jobId, 77);
    const db = new Database(path);
    const next = [...MIGRATIONS, { version: NEWEST + 1, name: 'next', sql: 'CREATE TABLE next (id INTEGER) STRICT' }];
    const error = await refusalOf(() => migrate(db, path, () => false, next));
    expect(error).toMatchObject({ code: 'busy', hint: expect.stringContaining('Pause or finish') });
    expect(db.pragma('user_version', { simple: true })).toBe(NEWEST);
    const asked: unknown[] = [];
    migrate(db, path, ({ pid, machineId }) => asked.push([pid, machineId]) > 0, next);
    expect(asked).toEqual([[77, null]]);
    expect(db.pragma('user_version', { simple: true })).toBe(NEWEST + 1);
    expect(db.prepare('SELECT count(*) AS n FROM next').get()).toEqual({ n: 0 });
    db.close();
  });
});

describe('several processes at one store', () => {
  test('open a new store at once: one makes it, the others use it', async () => {
    const path = join(temporaryDirectory(), 'batch.db');
    const env = { ABP_STORAGE_PATH: path };
    await Promise.all([1, 2, 3].map(() => execa(process.execPath, [CALL, 'list_jobs', '{}'], { env })));
    expect(schemaOf(path)).toEqual(schemaOf(temporaryStore().repository.path));
  });

  test('write to two jobs at once: each unit is claimed once, events have no gap, costs add up', async () => {
    const store = temporaryStore({ clock: systemClock });
    const { path } = store.repository;
    const leases: LeaseToken[] = [];
    for (const _ of [0, 1]) leases.push(await holdLease(store, (await seedJob(store, { units: 150 })).jobId));
    const woken = vi.fn<() => void>();
    onTestFinished(store.feed.watch(woken));
    const runs = await Promise.all(
      leases.map((lease) => execa(process.execPath, [COUNT, path, JSON.stringify(lease)])),
    );
    for (const [n, { stdout }] of runs.entries()) {
      const all = Array.from({ length: 150 }, (_, index) => index);
      expect(JSON.parse(stdout)).toEqual(all);
      expect(await store.repository.jobs.get(leases[n]?.jobId ?? '')).toMatchObject({
        inputTokens: 150,
        eventSeq: 150,
      });
    }
    await vi.waitFor(() => expect(woken).toHaveBeenCalled(), PATIENCE);
  });

  test('write to one job: each unit is claimed by one process', async () => {
    const store = temporaryStore({ clock: systemClock });
    const lease = await holdLease(store, (await seedJob(store, { units: 200 })).jobId);
    const runs = await Promise.all(
      [1, 2].map(() => execa(process.execPath, [COUNT, store.repository.path, JSON.stringify(lease)])),
    );
    const done = runs.flatMap(({ stdout }) => JSON.parse(stdout) as number[]);
    expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  test('a store that another process keeps locked is busy, and nothing is written', async () => {
    const store = temporaryStore();
    const { jobId } = await seedJob(store);
    const other = new Database(store.repository.path);
    other.exec('BEGIN IMMEDIATE');
    const error = await refusalOf(() =>
      store.repository.transaction({ job: jobId }, async (tx) => tx.jobs.patch(jobId, { name: 'x' })),
    );
    expect(error).toMatchObject({ code: 'busy', hint: 'Try again in a moment.' });
    other.exec('ROLLBACK');
    other.close();
    expect((await store.repository.jobs.get(jobId))?.name).not.toBe('x');
  });

  test('a full disk is reported, and nothing is written', async () => {
    const store = temporaryStore();
    const { jobId } = await seedJob(store, { status: 'enumerating', units: 1 });
    const { repository } = store;
    const pages = new Database(repository.path).pragma('page_count', { simple: true }) as number;
    const full = limitPages(repository.path, pages + 8);
    const items = Array.from({ length: 500 }, () => ({ payload: { text: 'x'.repeat(1000) } }));
    const error = await refusalOf(() =>
      full.transaction({ job: jobId }, (tx) => tx.units.add(jobId, 'unit', 1, items)),
    );
    expect(error).toMatchObject({
      code: 'environment',
      details: { disk: true },
      hint: expect.stringContaining('room'),
    });
    full.close();
    expect((await repository.units.counts(jobId)).total).toBe(1);
  });
});

test('a full disk of temporary files is reported with SQLITE_TMPDIR', async () => {
  const keys = limited('journal_mode = OFF', 40, () => temporaryStore().repository.sourceKeys());
  const error = await refusalOf(() => {
    for (let n = 0; n < 10_000; n++) keys.add(`${n}`.repeat(20), n);
  });
  expect(error).toMatchObject({ code: 'environment', hint: expect.stringContaining('SQLITE_TMPDIR') });
  keys.close();
});

/** A repository on a database that may not grow beyond so many pages: SQLite then fails as on a full disk. */
function limitPages(path: string, pages: number) {
  return limited('synchronous', pages, () => openStore(path, systemClock).repository);
}

/** Runs `open` with databases that get their bound just before the pragma that begins with `before`. */
function limited<T>(before: string, pages: number, open: () => T): T {
  const pragma = Database.prototype.pragma;
  Database.prototype.pragma = function (source, options) {
    if (source.startsWith(before)) pragma.call(this, `max_page_count = ${pages}`);
    return pragma.call(this, source, options);
  };
  try {
    return open();
  } finally {
    Database.prototype.pragma = pragma;
  }
}

function schemaOf(path: string): unknown {
  const db = new Database(path, { readonly: true });
  const schema = db.prepare('SELECT type, name, sql FROM sqlite_master ORDER BY type, name').all();
  const statistics = db.prepare('SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx').all();
  const version = db.pragma('user_version', { simple: true });
  const vacuum = db.pragma('auto_vacuum', { simple: true });
  db.close();
  return { schema, statistics, version, vacuum };
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

function writeText(path: string, text: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
}

async function refusalOf(run: () => unknown): Promise<AbpError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof AbpError) return error;
    throw error;
  }
  throw new Error('expected a refusal, and there was none');
}
