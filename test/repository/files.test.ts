import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { AbpError } from '../../src/domain/error.ts';
import { APPLICATION_ID } from '../../src/repository/file.ts';
import { openStore } from '../../src/repository/index.ts';
import { NEWEST_VERSION } from '../../src/repository/migrate.ts';
import { seedJob, temporaryStore } from '../helpers/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** Everything in the folder of a file, byte for byte, with modes. */
function folderOf(path: string): Readonly<Record<string, string>> {
  const names = readdirSync(dirname(path));
  return Object.fromEntries(
    names.map((name) => {
      const file = join(dirname(path), name);
      return [name, `${statSync(file).mode.toString(8)} ${readFileSync(file).toString('base64')}`];
    }),
  );
}

function refusalOf(path: string): AbpError {
  try {
    openStore(path, systemClock).repository.close();
  } catch (error) {
    if (error instanceof AbpError) return error;
    throw error;
  }
  throw new Error('expected a refusal, and there was none');
}

/** A database as a killed program leaves it: its log is not merged, its index is beside it. */
async function leftByKill(path: string, ...statements: readonly string[]): Promise<void> {
  const program = `const db = require(${JSON.stringify(fileURLToPath(import.meta.resolve('better-sqlite3')))})(process.argv[1]);
    for (const sql of process.argv.slice(2)) db.exec(sql);
    process.kill(process.pid, 'SIGKILL');`;
  await execa(process.execPath, ['-e', program, path, ...statements], { reject: false });
}

function make(path: string, ...statements: readonly string[]): void {
  const db = new Database(path);
  for (const sql of statements) db.exec(sql);
  db.close();
}

describe('a file that is no store of ABP is refused and left exactly as it was', () => {
  test.each<[string, (path: string) => unknown]>([
    ['with tables and no mark', (path) => make(path, 'CREATE TABLE notes (text)')],
    ['with a log of its own', (path) => make(path, 'PRAGMA journal_mode = WAL', 'CREATE TABLE notes (text)')],
    [
      'whose tables are in its log only',
      (path) => leftByKill(path, 'PRAGMA journal_mode = WAL', 'CREATE TABLE notes (text)'),
    ],
    ['marked by another application', (path) => make(path, 'PRAGMA application_id = 77', 'CREATE TABLE jobs (a)')],
    [
      'marked by another in its log only',
      (path) => leftByKill(path, 'PRAGMA journal_mode = WAL', 'CREATE TABLE a (b)', 'PRAGMA application_id = 77'),
    ],
    ['with a version number like ours', (path) => make(path, 'PRAGMA user_version = 1', 'CREATE TABLE jobs (a)')],
    ['with a higher version number', (path) => make(path, 'PRAGMA user_version = 900', 'CREATE TABLE jobs (a)')],
    ['of text', (path) => writeFileSync(path, 'Dear diary, '.repeat(999))],
    ['of a few bytes', (path) => writeFileSync(path, 'SQLite')],
  ])('%s', async (_what, prepare) => {
    const path = join(temporaryDirectory(), 'batch.db');
    await prepare(path);
    chmodSync(path, 0o644);
    const before = folderOf(path);
    const error = refusalOf(path);
    expect(error).toMatchObject({ code: 'store_foreign', hint: expect.stringContaining('ABP_STORAGE_PATH') });
    expect(error.message).toContain(path);
    expect(folderOf(path)).toEqual(before);
  });
});

describe('a store of a newer ABP is refused and left exactly as it was', () => {
  const newer = `PRAGMA user_version = ${NEWEST_VERSION + 1}`;
  test.each<[string, (path: string) => unknown]>([
    ['closed', (path) => make(path, newer)],
    ['closed, its journal switched', (path) => make(path, newer, 'PRAGMA journal_mode = DELETE')],
    ['left by a kill, its version in the log only', (path) => leftByKill(path, newer)],
  ])('%s', async (_what, prepare) => {
    const path = join(temporaryDirectory(), 'batch.db');
    openStore(path, systemClock).repository.close();
    await prepare(path);
    chmodSync(path, 0o644);
    const before = folderOf(path);
    expect(refusalOf(path)).toMatchObject({ code: 'newer_store' });
    expect(folderOf(path)).toEqual(before);
  });
});

describe('a store', () => {
  const markOf = (path: string) => new Database(path, { readonly: true }).pragma('application_id', { simple: true });

  test('has the application id of ABP', () => {
    expect(markOf(temporaryStore().repository.path)).toBe(APPLICATION_ID);
  });

  test('without its application id is refused: any database could have its tables', () => {
    const path = join(temporaryDirectory(), 'batch.db');
    openStore(path, systemClock).repository.close();
    make(path, 'PRAGMA application_id = 0');
    expect(refusalOf(path)).toMatchObject({ code: 'store_foreign' });
    expect(markOf(path)).toBe(0);
  });

  test('is made from an empty file, which has nothing to lose', async () => {
    const path = join(temporaryDirectory(), 'batch.db');
    writeFileSync(path, '');
    expect((await temporaryStore({ path }).repository.jobs.list({ limit: 1 })).total).toBe(0);
  });

  test('is not made from a file that was emptied while its log holds the rows', async () => {
    const path = join(temporaryDirectory(), 'batch.db');
    openStore(path, systemClock).repository.close();
    await leftByKill(path, 'UPDATE jobs SET name = name; CREATE TABLE more (a)');
    truncateSync(path);
    const before = folderOf(path);
    expect(refusalOf(path)).toMatchObject({ code: 'store_damaged' });
    expect(folderOf(path)).toEqual(before);
  });

  test('opens through a link, and keeps its other files beside the file itself', async () => {
    const [there, here] = [temporaryDirectory(), temporaryDirectory()];
    symlinkSync(join(there, 'real.db'), join(here, 'batch.db'));
    const store = temporaryStore({ path: join(here, 'batch.db') });
    const { jobId } = await seedJob(store);
    store.repository.maintenance.keepReserve();
    expect((await store.repository.jobs.get(jobId))?.jobId).toBe(jobId);
    expect(readdirSync(there)).toEqual(expect.arrayContaining(['real.db', 'real.db-wal', 'real.db-reserve']));
    expect(readdirSync(here)).toEqual(['batch.db']);
  });
});

describe('a store whose files are lost while it is open writes nothing more', () => {
  const GONE = { code: 'store_gone', hint: expect.stringContaining('start it again') };
  const replace = (file: string) => {
    copyFileSync(file, `${file}.copy`);
    renameSync(`${file}.copy`, file);
  };
  const away = (file: string) => renameSync(file, `${file}.away`);
  test.each<[string, (path: string) => void, RegExp]>([
    ['removed', away, /removed/],
    ['replaced', replace, /replaced/],
    ['without its log', (path) => away(`${path}-wal`), /removed/],
    ['without the index of its log', (path) => away(`${path}-shm`), /removed/],
    ['with another log', (path) => replace(`${path}-wal`), /replaced/],
    ['its folder removed', (path) => away(dirname(path)), /removed/],
    [
      'its folder replaced',
      (path) => {
        away(dirname(path));
        mkdirSync(dirname(path));
        make(path, 'CREATE TABLE a (b)');
      },
      /replaced/,
    ],
  ])('%s', async (_what, lose, message) => {
    const path = join(temporaryDirectory(), 'store', 'batch.db');
    const { repository } = openStore(path, systemClock);
    const { jobId } = await seedJob({ repository });
    lose(path);
    const write = () => repository.transaction({ job: jobId }, async (tx) => tx.jobs.patch(jobId, { name: 'unseen' }));
    await expect(write()).rejects.toMatchObject({ ...GONE, message: expect.stringMatching(message) });
    await repository.jobs.get(jobId).catch((error: Error) => expect(error.message).not.toMatch(/Unexpected/));
    repository.close();
    if (existsSync(path)) expect(readFileSync(path).includes('unseen')).toBe(false);
  });

  test('a link that leads to another file is another store', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'batch.db');
    for (const name of ['one.db', 'two.db']) openStore(join(folder, name), systemClock).repository.close();
    symlinkSync(join(folder, 'one.db'), path);
    const { repository } = openStore(path, systemClock);
    symlinkSync(join(folder, 'two.db'), `${path}.new`);
    renameSync(`${path}.new`, path);
    await expect(repository.transaction('store', () => Promise.resolve())).rejects.toMatchObject({
      code: 'store_gone',
    });
    repository.close();
  });

  test('a file that is moved back is written again', async () => {
    const store = temporaryStore();
    const { path } = store.repository;
    renameSync(path, `${path}.away`);
    await expect(store.repository.transaction('store', () => Promise.resolve())).rejects.toThrow(/removed/);
    renameSync(`${path}.away`, path);
    expect((await seedJob(store)).jobId).toMatch(/^job-/);
  });
});
