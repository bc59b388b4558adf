import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import type { Maintenance } from '../domain/maintenance.ts';

/** Upkeep of a SQLite file that others may have open: never VACUUM, which would lock them out for as long as it takes. */
export function createMaintenance(db: Database.Database, path: string): Maintenance {
  const number = (pragma: string) => db.pragma(pragma, { simple: true }) as number;
  const freeBytes = () => number('freelist_count') * number('page_size');
  const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  return {
    size: () => ({ bytes: sizeOf(path) + sizeOf(`${path}-wal`), freeBytes: freeBytes() }),
    giveBack(pages) {
      db.pragma(`incremental_vacuum(${pages})`);
      return freeBytes();
    },
    emptyLog() {
      const [result] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      return result?.busy === 0;
    },
    faults() {
      const found = (db.pragma('quick_check(5)') as { quick_check: string }[]).map((row) => row.quick_check);
      return found.length === 1 && found[0] === 'ok' ? null : found.join('; ');
    },
  };
}
