import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AbpError } from '../domain/error.ts';
import { isFull, reserveOf } from './reserve.ts';

/** Error codes of the system and SQLite for a file that cannot be used, and the error for each. The first match counts. */
const FAULTS: readonly { readonly code: RegExp; readonly error: (path: string, cause: Error) => AbpError }[] = [
  { code: /^SQLITE_(CORRUPT|NOTADB|FORMAT)/, error: (path, cause) => damaged(path, cause.message, cause) },
  {
    // Its shared-memory index refers to a log that does not exist, or to pages past its end.
    code: /^SQLITE_IOERR_SHORT_READ/,
    error: (path, cause) => damaged(path, `a part of it, or of its log ${basename(path)}-wal, is missing`, cause),
  },
  { code: /^(SQLITE_FULL|ENOSPC|EDQUOT)/, error: full },
  { code: /^SQLITE_(IOERR|CANTOPEN)/, error: unusable },
  {
    code: /^(SQLITE_(READONLY|PERM)|EROFS|EACCES|EPERM)/,
    error: unwritable,
  },
  {
    code: /^SQLITE_(BUSY|LOCKED)/,
    error: (_path, cause) =>
      new AbpError('busy', 'The store is locked by another process.', {
        hint: 'Try again in a moment.',
        details: { locked: true },
        cause,
      }),
  },
];

/** Translates an error of SQLite or the file system at the store `path`; null when it has another cause. */
export function faultOf(error: unknown, path: string): AbpError | null {
  if (error instanceof AbpError || !(error instanceof Error)) return null;
  const code = (error as { code?: unknown }).code;
  // ABP writes only JSON into JSON columns, so that anything else in them is damage.
  if (code === 'SQLITE_ERROR' && error.message === 'malformed JSON') return damaged(path, error.message, error);
  return typeof code === 'string' ? (FAULTS.find((fault) => fault.code.test(code))?.error(path, error) ?? null) : null;
}

/** Makes the error for a store with content that SQLite cannot read or ABP never wrote. */
export function damaged(path: string, found: string, cause?: unknown): AbpError {
  return new AbpError('store_damaged', `The store ${path} is damaged: ${found}.`, {
    hint: '`abp doctor` looks the whole file over and prints how to save what can be read. Change nothing before that.',
    cause,
  });
}

/** Makes the error for a file that is no store, or a store whose first page is lost: the files beside it show which. */
export function foreign(path: string, found: string): AbpError {
  if (liesAmongOurs(path)) return damaged(path, `its first page is not that of a store of ABP (${found})`);
  return new AbpError('store_foreign', `${path} is no store of ABP: ${found}. It was left as it is.`, {
    hint: 'Set ABP_STORAGE_PATH to another file; one that does not exist yet is made.',
  });
}

/** Makes the error for a disk without room for the next write. */
export function tooFull(path: string, found: string, cause?: unknown): AbpError {
  return new AbpError('environment', `The disk of the store ${path} is full: ${found}.`, {
    hint: 'Make room on the disk (`abp prune` helps), then try again.',
    details: { disk: true },
    cause,
  });
}

function full(path: string, cause: Error): AbpError {
  return tooFull(path, cause.message, cause);
}

/** Finds the reason why SQLite cannot use the file: its own error does not say it. */
function unusable(path: string, cause: Error): AbpError {
  if (isFull(path)) return full(path, cause);
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
  } catch (refusal) {
    return unwritable(path, refusal as Error);
  }
  return broken(path, cause);
}

function unwritable(path: string, cause: Error): AbpError {
  return new AbpError('environment', `The store ${path} cannot be written: ${cause.message}.`, {
    hint: 'Make it writable (file, folder and file system), or set ABP_STORAGE_PATH to a file in a folder that is.',
    cause,
  });
}

function broken(path: string, cause: Error): AbpError {
  const { code } = cause as { code?: string };
  return new AbpError('environment', `The store ${path} cannot be used: ${cause.message} (${code}).`, {
    hint: 'Look at the disk and its file system (dmesg), and at the owner and mode of the folder. ABP_STORAGE_PATH names another place.',
    cause,
  });
}

function liesAmongOurs(path: string): boolean {
  return [reserveOf(realpathSync(path)), join(dirname(path), 'runs')].some((file) => existsSync(file));
}
