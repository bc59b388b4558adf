import type Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import type { Maintenance } from '../ports/maintenance.ts';
import { tooFull } from './faults.ts';
import { fileItself, sizeOf } from './file.ts';
import type { Sync } from './promised.ts';
import { rescueCommands } from './rescue.ts';
import { freeBytes as freeOnDisk, isFull, keepReserve, spendReserve } from './reserve.ts';

/** Largest file whose indexes are compared with their tables, which takes a second or two. */
const WHOLE_CHECK_BYTES = 256 << 20;
/** Pages of the log after which SQLite merges it into the database; SQLite's default. */
const CHECKPOINT_PAGES = 1000;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** Room for other writes meanwhile, and for deleting a refused job. */
const SPARE_BYTES = 1 << 20;

/** Columns that hold JSON: SQLite does not notice damage in them. */
const JSON_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  jobs: ['enumerator_config', 'fields', 'test', 'pass_env'],
  job_revisions: ['steps', 'limits', 'needs'],
  units: ['payload'],
  attempts: ['handle', 'result', 'usage', 'notes'],
  events: ['data'],
};

/** Finds columns with texts that are not JSON; null when there are none. */
function brokenTexts(db: Database.Database): string | null {
  const found = Object.entries(JSON_COLUMNS).flatMap(([table, columns]) =>
    columns.flatMap((column) => {
      const { n } = db.prepare(`SELECT count(*) AS n FROM ${table} WHERE NOT json_valid(${column})`).get() as {
        n: number;
      };
      return n > 0 ? [`${n} of ${table}.${column} are no JSON`] : [];
    }),
  );
  return found.length > 0 ? found.join('; ') : null;
}

/** Maintains a SQLite file that other processes may have open: no VACUUM, which would lock them out while it runs. */
export function createMaintenance(db: Database.Database, path: string): Sync<Maintenance> {
  const file = fileItself(path);
  /** Bytes of the reserve that this process has freed and has to restore. */
  let spentBytes = 0;
  const number = (pragma: string) => db.pragma(pragma, { simple: true }) as number;
  const freeBytes = () => number('freelist_count') * number('page_size');
  const bytes = () => sizeOf(file) + sizeOf(`${file}-wal`);
  return {
    size: () => ({ bytes: bytes(), freeBytes: freeBytes() }),
    vacuum(pages) {
      db.pragma(`incremental_vacuum(${pages})`);
      return freeBytes();
    },
    checkpoint() {
      const [result] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
      return result?.busy === 0;
    },
    integrityCheck() {
      const check = bytes() <= WHOLE_CHECK_BYTES ? 'integrity_check' : 'quick_check';
      const found = (db.pragma(`${check}(5)`) as Record<string, string>[]).map((row) => row[check]);
      if (found.length !== 1 || found[0] !== 'ok') return found.join('; ');
      return check === 'integrity_check' ? brokenTexts(db) : null;
    },
    rescueCommands,
    keepReserve() {
      if (path === ':memory:') return;
      keepReserve(file);
      spentBytes = 0;
    },
    hasNoRoom: () => path === ':memory:' || isFull(file, spentBytes),
    spendReserve() {
      if (path === ':memory:') return false;
      const bytes = spendReserve(file);
      spentBytes += bytes;
      return bytes > 0;
    },
    mergeLog() {
      try {
        const [result] = db.pragma('wal_checkpoint(PASSIVE)') as { log: number; checkpointed: number }[];
        db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
        return result?.log === result?.checkpointed;
      } catch (error) {
        if (error instanceof AbpError && error.details?.disk === true) return false;
        throw error;
      }
    },
    requireRoom(bytes) {
      if (path === ':memory:') return;
      const needed = sizeOf(`${file}-wal`) + 2 * bytes + SPARE_BYTES;
      const free = freeOnDisk(file);
      if (free < needed)
        throw tooFull(path, `${megabytes(free)} are free, and storing more of this source needs ${megabytes(needed)}`);
    },
  };
}
