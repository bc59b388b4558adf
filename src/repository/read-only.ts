import Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import { readImage, sizeOf } from './file.ts';

/** More than this is not held in memory, where a copy of the whole database and its log takes its place. */
const LARGEST_IMAGE_BYTES = 1 << 30;

/**
 * Opens a database for reading where it cannot be written. Live where SQLite finds or can make the index of the log
 * beside it; else (a read-only folder, not 32 kB left) a snapshot in memory, writable there for a migration.
 */
export function openForReading(path: string): { readonly db: Database.Database; readonly isSnapshot: boolean } {
  try {
    return { db: openLive(path), isSnapshot: false };
  } catch (cause) {
    if (!CANNOT_WRITE.test(String((cause as { code?: unknown }).code))) throw cause;
    const bytes = sizeOf(path) + sizeOf(`${path}-wal`);
    if (bytes <= LARGEST_IMAGE_BYTES) return { db: new Database(readImage(path)), isSnapshot: true };
    throw new AbpError(
      'environment',
      `The store ${path} is too large (${bytes} bytes) to be read without room beside it.`,
      {
        hint: 'Make 1 MB of room on its disk, or copy it with its -wal file to another disk and set ABP_STORAGE_PATH.',
        cause,
      },
    );
  }
}

/** Not a file that is damaged: then a snapshot of it says so as well, later and less clearly. */
const CANNOT_WRITE = /^SQLITE_(FULL|CANTOPEN|READONLY|IOERR_(?!SHORT_READ|READ|CORRUPTFS))/;

function openLive(path: string): Database.Database {
  const db = new Database(path, { readonly: true });
  try {
    // The first read is what needs the index.
    db.prepare('SELECT count(*) FROM sqlite_master').get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
