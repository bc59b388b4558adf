import { statSync } from 'node:fs';
import { AbpError } from '../domain/error.ts';
import { damaged, foreign } from './faults.ts';
import { APPLICATION_ID, readHeader, sizeOf } from './file.ts';
import { NEWEST_VERSION, newerStore } from './migrate.ts';

/**
 * Looks at a file before anything is changed about it: `new` = there is none, or an empty one, which becomes a store (it
 * holds nothing to lose, and another process may be about to make one of it); `store` = ours. Throws AbpError
 * `store_foreign`, `newer_store`, `store_damaged` or `environment`.
 */
export function recognize(path: string): 'new' | 'store' {
  // Read before the file: a process that makes a store writes its first page before there is a log.
  const logBytes = sizeOfLog(path);
  const stats = statOf(path);
  if (stats === null) return 'new';
  if (!stats.isFile()) throw unusable(path, 'it is no regular file');
  if (stats.size === 0) {
    if (logBytes > 0) throw damaged(path, `it is empty, though its log ${path}-wal is not`);
    return 'new';
  }
  const header = readHeader(path);
  if (header === null) throw foreign(path, 'it is no SQLite database');
  const { applicationId, userVersion, schemaCookie } = header;
  if (applicationId === APPLICATION_ID) {
    if (userVersion > NEWEST_VERSION) throw newerStore(path, userVersion);
    return 'store';
  }
  if (applicationId !== 0)
    throw foreign(path, `it belongs to another application (id 0x${applicationId.toString(16)})`);
  if (userVersion === 0 && schemaCookie === 0) return 'new';
  throw foreign(path, 'it is the database of another application');
}

function sizeOfLog(path: string): number {
  try {
    return sizeOf(`${path}-wal`);
  } catch (error) {
    throw unusable(path, (error as Error).message, error);
  }
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw unusable(path, (error as Error).message, error);
  }
}

function unusable(path: string, found: string, cause?: unknown): AbpError {
  return new AbpError('environment', `Cannot write the store ${path}: ${found}`, {
    hint: 'Set ABP_STORAGE_PATH to a file in a folder that you can write.',
    cause,
  });
}
