import Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import type { SourceKeys, UnitKey } from '../ports/source-keys.ts';

/** Memory for the keys, in kB; what does not fit lies in the temporary file. */
const CACHE_KB = 32_768;

/**
 * Opens an empty set of keys: a private database of SQLite in a temporary file, which has no name by the time it is used.
 * Its one transaction never ends, so that only pages that do not fit into the cache are written, and none is synced.
 */
export function createSourceKeys(): SourceKeys {
  const db = new Database('');
  db.pragma('journal_mode = OFF');
  db.pragma(`cache_size = -${CACHE_KB}`);
  db.exec('CREATE TABLE keys (key TEXT PRIMARY KEY, idx INTEGER NOT NULL) WITHOUT ROWID, STRICT; BEGIN');
  const add = db.prepare('INSERT OR IGNORE INTO keys VALUES (?, ?)');
  const sorted = db.prepare<[], UnitKey>('SELECT key, idx AS "index" FROM keys ORDER BY key');
  return {
    add(key, index) {
      try {
        return add.run(key, index).changes === 1 ? 'added' : 'repeated';
      } catch (error) {
        throw explained(error);
      }
    },
    sorted: () => sorted.iterate(),
    close: () => db.close(),
  };
}

function explained(error: unknown): unknown {
  if (!/^SQLITE_(FULL|IOERR|CANTOPEN)/.test(String((error as { code?: unknown }).code))) return error;
  return new AbpError('environment', `Cannot write a temporary file for the keys: ${(error as Error).message}.`, {
    hint: 'Free disk space, or set SQLITE_TMPDIR to a folder with room for all keys of the source.',
    cause: error,
  });
}
