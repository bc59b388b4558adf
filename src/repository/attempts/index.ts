import type Database from 'better-sqlite3';
import type { AttemptStore } from '../../ports/repository.ts';
import type { Sync } from '../promised.ts';
import { createEndedAttempts } from './ended.ts';
import { createAttemptReads } from './read.ts';
import { createAttemptRecords } from './record.ts';

/** Makes the store of attempts on SQLite. Rows begin in the dispatcher's claim and end in its settle. */
export function createAttemptStore(db: Database.Database): Sync<AttemptStore> {
  return { ...createAttemptReads(db), ...createEndedAttempts(db), ...createAttemptRecords(db) };
}
