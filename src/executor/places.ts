import { dirname, join } from 'node:path';
import type { Stage } from '../domain/unit.ts';

/** Run directories in one folder: a directory with a million entries is slow to list and to delete. */
const RUNS_PER_FOLDER = 1000;

/** Where the files of a store lie: beside its database. All absolute. */
export interface Places {
  readonly outputs: (jobId: string) => string;
  readonly log: (jobId: string) => string;
  readonly runs: (jobId: string) => string;
  readonly run: (jobId: string, stage: Stage, index: number, attempt: number) => string;
}

/** The layout beside a database. */
export function placesOf(storagePath: string): Places {
  const root = dirname(storagePath);
  const runs = (jobId: string) => join(root, 'runs', jobId);
  return {
    outputs: (jobId) => join(root, 'outputs', jobId),
    log: (jobId) => join(root, 'logs', `${jobId}.log`),
    runs,
    run: (jobId, stage, index, attempt) =>
      join(runs(jobId), stage, String(Math.floor(index / RUNS_PER_FOLDER)), `${index}.${attempt}`),
  };
}
