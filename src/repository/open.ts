import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** How long a statement waits for another process's write, ms: under a third of the shortest sensible lease. */
export const BUSY_TIMEOUT_MS = 4_000;

/** What SQLite says on a full disk, where even a read may need room beside the database. */
const DISK_FULL = /^SQLITE_(FULL|IOERR)/;

/**
 * Opens the store and brings it to the newest schema. The directory is made 0700 and the file 0600 before SQLite writes a
 * byte. Throws AbpError: `newer_store` when a newer ABP wrote it, `busy` when a migration is due while somebody alive holds
 * a lease, `environment` when the place cannot be used, `store` when the file is no database.
 */
export function openDatabase(path: string, isDead: (holder: ProcessIdentity) => boolean): Database.Database {
  if (path !== ':memory:') createPrivate(path);
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    // Must come before the first table: SQLite cannot switch it on later without a VACUUM.
    db.pragma('auto_vacuum = INCREMENTAL');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    // 8 MB: a larger one makes nothing faster here, the system caches the file anyway.
    db.pragma('cache_size = -8192');
    migrate(db, path, isDead);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof AbpError) throw error;
    const message = `Cannot open the store ${path}: ${(error as Error).message}`;
    if (DISK_FULL.test(String((error as { code?: unknown }).code))) {
      throw new AbpError('environment', message, { hint: 'Make room on the disk, then try again.', cause: error });
    }
    throw new AbpError('store', message, {
      hint: 'Is it an ABP database? ABP_STORAGE_PATH names another place; `abp doctor` checks this one.',
      cause: error,
    });
  }
}

function createPrivate(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    throw new AbpError('environment', `Cannot write the store ${path}: ${(error as Error).message}`, {
      hint: 'Make the folder writable, or set ABP_STORAGE_PATH to a file in one that is.',
      cause: error,
    });
  }
}

function migrate(db: Database.Database, path: string, isDead: (holder: ProcessIdentity) => boolean): void {
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  const version = () => db.pragma('user_version', { simple: true }) as number;
  if (version() > newest) {
    throw new AbpError(
      'newer_store',
      `${path} was written by a newer ABP (schema ${version()}, this one knows ${newest}).`,
      {
        hint: 'Update agentic-batch-processor, or set ABP_STORAGE_PATH to another file.',
      },
    );
  }
  if (version() === newest) return;
  // Immediate: of several processes that open a new store at once, one migrates and the others find it done.
  db.transaction(() => {
    if (version() > 0 && isHeld(db, isDead)) {
      throw new AbpError('busy', `${path} needs an update of its schema, but a job is running.`, {
        hint: 'Pause or finish running jobs with the ABP that started them, then try again.',
      });
    }
    for (const migration of MIGRATIONS) {
      if (migration.version <= version()) continue;
      db.exec(migration.sql);
      db.pragma(`user_version = ${migration.version}`);
    }
  }).immediate();
}

/** The columns of a lease that say who holds it: the same in every schema. */
const HOLDERS = 'SELECT pid, pid_started_at AS startedAt, boot_id AS bootId FROM leases WHERE released = 0';

function isHeld(db: Database.Database, isDead: (holder: ProcessIdentity) => boolean): boolean {
  return (db.prepare(HOLDERS).all() as ProcessIdentity[]).some((holder) => !isDead(holder));
}
