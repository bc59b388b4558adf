import type Database from 'better-sqlite3';
import type { Maintenance } from '../domain/maintenance.ts';
import { realPath, sizeOf } from './file.ts';
import { isFull, keepReserve, useReserve } from './reserve.ts';

/** Up to this size the indexes are compared with their tables, too: a second or two. */
const WHOLE_CHECK_BYTES = 256 << 20;
/** Pages of the log after which SQLite merges it into the database by itself; its default. */
const CHECKPOINT_PAGES = 1000;

/** Upkeep of a SQLite file that others may have open: never VACUUM, which would lock them out for as long as it takes. */
export function createMaintenance(db: Database.Database, path: string): Maintenance {
  const file = realPath(path);
  const number = (pragma: string) => db.pragma(pragma, { simple: true }) as number;
  const freeBytes = () => number('freelist_count') * number('page_size');
  const bytes = () => sizeOf(file) + sizeOf(`${file}-wal`);
  return {
    size: () => ({ bytes: bytes(), freeBytes: freeBytes() }),
    giveBack(pages) {
      db.pragma(`incremental_vacuum(${pages})`);
      return freeBytes();
    },
    emptyLog() {
      const [result] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      return result?.busy === 0;
    },
    faults() {
      const indexes = bytes() <= WHOLE_CHECK_BYTES;
      const check = indexes ? 'integrity_check' : 'quick_check';
      const lines = (db.pragma(`${check}(5)`) as Record<string, string>[]).map((row) => row[check]);
      return { found: lines.length === 1 && lines[0] === 'ok' ? null : lines.join('; '), indexes };
    },
    keepReserve() {
      if (path !== ':memory:') keepReserve(file);
    },
    isDiskFull: () => path === ':memory:' || isFull(file),
    useReserve: () => path !== ':memory:' && useReserve(file),
    keepLog() {
      db.pragma('wal_autocheckpoint = 0');
    },
  };
}
