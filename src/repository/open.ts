import { chmodSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import { faultOf } from './faults.ts';
import { fileItself, sizeOf } from './file.ts';
import { guard } from './guard.ts';
import { migrate, NEWEST_VERSION, versionOf } from './migrate.ts';
import { createPresence, type Presence } from './presence.ts';
import { openForReading } from './read-only.ts';
import { recognize } from './recognize.ts';
import { freeBytes, spendReserve } from './reserve.ts';

/** How long a statement waits for another process's write, ms: under a third of the shortest sensible lease. */
export const BUSY_TIMEOUT_MS = 4_000;

/** An open database. */
export interface Connection {
  /** Connection for transactions. */
  readonly db: Database.Database;
  /** Connection for reads outside of transactions, which see what is committed; the same one in memory or read-only. */
  readonly reader: Database.Database;
  readonly presence: Presence;
  /** Why it can only be read; null = it can be written. */
  readonly unwritable: AbpError | null;
  close(): void;
}

/**
 * Opens the store and brings it to the newest schema. The directory is made 0700 and the file 0600 before SQLite writes a
 * byte. A file that cannot be written (full disk, read-only file system, another owner) is opened for reading.
 * Throws AbpError: `newer_store`, `store_foreign` and `store_damaged` before anything is changed; `busy` when another
 * process has it locked (`details.locked`), or when a migration is due while a living process holds a lease; `environment`
 * when the place cannot be used.
 */
export function openDatabase(path: string, isDead: (holder: ProcessIdentity) => boolean): Connection {
  if (path === ':memory:') return inMemory(isDead);
  try {
    return openWritable(path, isDead);
  } catch (error) {
    const reason = refusalOf(error, path);
    if (reason.code !== 'environment' || sizeOf(path) === 0) throw reason;
    return openReadable(path, reason);
  }
}

/** The same, but only so that it can be written: else it throws. */
export function openWritable(path: string, isDead: (holder: ProcessIdentity) => boolean): Connection {
  const file = fileItself(path);
  const kind = recognize(file);
  for (;;) {
    let db: Database.Database | undefined;
    try {
      if (kind === 'new') createPrivate(path);
      else makePrivate(path);
      db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
      prepareToWrite(db, kind);
      // Merging it takes room before it gives any, see closeGently.
      if (freeBytes(file) < sizeOf(`${file}-wal`)) db.pragma('wal_autocheckpoint = 0');
      migrate(db, path, isDead);
      const presence = createPresence(path);
      guard(db, path, presence);
      const reader = openReader(path, presence);
      const opened = db;
      const close = () => {
        reader.close();
        closeGently(opened, file);
      };
      return { db, reader, presence, unwritable: null, close };
    } catch (error) {
      db?.close();
      const reason = refusalOf(error, path);
      if (reason.details?.disk !== true || spendReserve(file) === 0) throw reason;
    }
  }
}

function prepareToWrite(db: Database.Database, kind: 'new' | 'store'): void {
  // Must come before the first table: SQLite cannot switch it on later without a VACUUM. On a store it would be a write.
  if (kind === 'new') db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  // 8 MB: a larger one makes nothing faster here, the system caches the file anyway.
  db.pragma('cache_size = -8192');
}

function inMemory(isDead: (holder: ProcessIdentity) => boolean): Connection {
  const db = new Database(':memory:');
  prepareToWrite(db, 'new');
  migrate(db, ':memory:', isDead);
  const presence = { check() {}, checkNowAndThen() {} };
  return { db, reader: db, presence, unwritable: null, close: () => db.close() };
}

function openReader(path: string, presence: Presence): Database.Database {
  const reader = new Database(path, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  guard(reader, path, presence);
  return reader;
}

function openReadable(path: string, reason: AbpError): Connection {
  let db: Database.Database | undefined;
  try {
    const opened = openForReading(fileItself(path));
    db = opened.db;
    // An older schema is migrated in memory, where no other process can hold a lease.
    if (opened.isSnapshot) migrate(db, path, () => true);
    else if (versionOf(db) !== NEWEST_VERSION) throw reason;
    db.pragma('query_only = ON');
    const presence = createPresence(path);
    guard(db, path, presence);
    return { db, reader: db, presence, unwritable: reason, close: () => opened.db.close() };
  } catch (error) {
    db?.close();
    throw refusalOf(error, path);
  }
}

/**
 * The last connection to close merges the log into the database, which takes room before it gives any: with too little it
 * fails halfway, with the disk fuller than before. Then a connection that cannot write is the last.
 */
function closeGently(db: Database.Database, file: string): void {
  let last: Database.Database | undefined;
  try {
    const logBytes = sizeOf(`${file}-wal`);
    if (logBytes > 0 && freeBytes(file) < logBytes) last = openForReading(file).db;
  } catch {
    // The file is gone or unreadable: there is no log to merge.
  }
  db.close();
  last?.close();
}

function createPrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  makePrivate(path);
}

function makePrivate(path: string): void {
  if ((statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600);
}

function refusalOf(error: unknown, path: string): AbpError {
  if (error instanceof AbpError) return error;
  const fault = faultOf(error, path);
  if (fault !== null) return fault;
  const { message } = error as Error;
  return new AbpError('environment', `Cannot write the store ${path}: ${message}`, {
    hint: 'ABP_STORAGE_PATH names another place; `abp doctor` checks this one.',
    cause: error,
  });
}
