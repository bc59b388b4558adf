import type Database from 'better-sqlite3';
import type { UnitStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { createUnitCounts } from './counts.ts';
import { createUnitFailures } from './failures.ts';
import { createUnitKeys } from './keys.ts';
import { createUnitReads } from './read.ts';
import { createUnitResults } from './results.ts';
import { createUnitSlice } from './slice.ts';
import { createUnitWrites } from './write.ts';

/** Makes the store of units on SQLite. */
export function createUnitStore(db: Database.Database): Sync<UnitStore> {
  const counts = createUnitCounts(db);
  return {
    ...createUnitReads(db),
    ...createUnitKeys(db),
    ...counts,
    ...createUnitFailures(db, counts.stepCounts),
    ...createUnitResults(db),
    slice: createUnitSlice(db),
    ...createUnitWrites(db),
  };
}
