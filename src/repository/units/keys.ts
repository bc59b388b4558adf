import type Database from 'better-sqlite3';
import { AbpError } from '../../domain/error.ts';
import type { UnitStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import type { UnitKeysTable } from '../schema.ts';

/** The keys of a job's units on SQLite, each once. */
export function createUnitKeys(db: Database.Database): Pick<Sync<UnitStore>, 'addKeys' | 'indexesByKey'> {
  const addKeys = db.prepare(
    `INSERT INTO unit_keys (job_id, key, idx) SELECT ?, value ->> 'key', value ->> 'index' FROM json_each(?)`,
  );
  const byKey = db.prepare<unknown[], UnitKeysTable>(
    'SELECT key, idx FROM unit_keys WHERE job_id = ? AND key IN (SELECT value FROM json_each(?))',
  );

  return {
    addKeys(jobId, keys) {
      try {
        addKeys.run(jobId, JSON.stringify(keys));
      } catch (error) {
        if ((error as { code?: string }).code !== 'SQLITE_CONSTRAINT_PRIMARYKEY') throw error;
        throw new AbpError('already_exists', 'Two units have the same key.', { cause: error });
      }
    },
    indexesByKey(jobId, keys) {
      const rows = byKey.all(jobId, JSON.stringify(keys));
      return new Map(rows.map((row) => [row.key, row.idx]));
    },
  };
}
