import type Database from 'better-sqlite3';
import { AbpError } from '../domain/error.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import { APPLICATION_ID } from './file.ts';
import { MIGRATIONS } from './migrations/index.ts';
import { toLease } from './rows.ts';
import type { LeasesTable } from './schema.ts';

/** The newest schema version of this ABP. */
export const NEWEST_VERSION = MIGRATIONS.at(-1)?.version ?? 0;

/** Reads the schema version of an open database. */
export function versionOf(db: Database.Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/**
 * Brings a database to the newest schema and marks it as ours. Throws AbpError `newer_store`, and `busy` when a migration
 * is due while a living process holds a lease.
 */
export function migrate(
  db: Database.Database,
  path: string,
  isDead: (holder: ProcessIdentity) => boolean,
  migrations = MIGRATIONS,
): void {
  const newest = migrations.at(-1)?.version ?? 0;
  if (versionOf(db) > newest) throw newerStore(path, versionOf(db));
  if (versionOf(db) === newest) return;
  // Immediate: of several processes that open a new store at once, one migrates and the others find it done.
  db.transaction(() => {
    const due = migrations.filter(({ version }) => version > versionOf(db));
    if (due.length > 0 && versionOf(db) > 0 && isHeld(db, isDead)) {
      throw new AbpError('busy', `${path} needs an update of its schema, but a job is running.`, {
        hint: 'Pause or finish running jobs with the ABP that started them, then try again.',
      });
    }
    if (due.length > 0) db.pragma(`application_id = ${APPLICATION_ID}`);
    for (const migration of due) {
      db.exec(migration.sql);
      db.pragma(`user_version = ${migration.version}`);
    }
  }).immediate();
}

/** Makes the error for a store with a schema that is newer than this ABP. */
export function newerStore(path: string, version: number): AbpError {
  return new AbpError(
    'newer_store',
    `${path} was written by a newer ABP (schema ${version}, this one knows ${NEWEST_VERSION}).`,
    { hint: 'Update agentic-batch-processor, or set ABP_STORAGE_PATH to another file.' },
  );
}

/** Checks whether a process that may be alive holds a lease, in a store of any schema. */
function isHeld(db: Database.Database, isDead: (holder: ProcessIdentity) => boolean): boolean {
  const held = db.prepare('SELECT * FROM leases WHERE released = 0').all() as LeasesTable[];
  return held.map(toLease).some((holder) => !isDead(holder));
}
