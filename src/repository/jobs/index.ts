import type Database from 'better-sqlite3';
import type { Clock } from '../../ports/clock.ts';
import type { JobStore } from '../../ports/job-store.ts';
import type { Sync } from '../promised.ts';
import { createDeletion } from './deletion.ts';
import { createJobFinders } from './find.ts';
import { createJobList } from './list.ts';
import { createRevisionStore } from './revisions.ts';
import { createJobTally } from './tally.ts';
import { createWantingExecutor } from './wanting-executor.ts';
import { createJobWrites } from './write.ts';

/** Makes the store of jobs on SQLite. */
export function createJobStore(db: Database.Database, clock: Clock): Sync<JobStore> {
  return {
    ...createJobFinders(db),
    list: createJobList(db),
    wantingExecutor: createWantingExecutor(db),
    ...createJobTally(db, clock),
    ...createJobWrites(db, clock),
    ...createRevisionStore(db, clock),
    ...createDeletion(db),
  };
}
