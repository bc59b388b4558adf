import { dirname, join } from 'node:path';
import { OWN_FOLDERS } from '../config.ts';
import type { Stage } from '../domain/unit.ts';

/** Run directories in one folder: a directory with a million entries is slow to list and to delete. */
const RUNS_PER_FOLDER = 1000;

/** Where the files of a store lie: beside its database. All absolute. */
export interface StorePaths {
  readonly database: string;
  /** Where the outputs of all jobs are: the one part of the store that is for others to write in and to read. */
  readonly allOutputs: string;
  readonly outputs: (jobId: string) => string;
  readonly log: (jobId: string) => string;
  readonly runs: (jobId: string) => string;
  /** Which unit of a job owns which path that it wrote: a link for each, whose text is the owner. */
  readonly owners: (jobId: string) => string;
  readonly run: (jobId: string, stage: Stage, index: number, attempt: number) => string;
}

/** The layout beside a database. */
export function storePaths(storagePath: string): StorePaths {
  const root = dirname(storagePath);
  const allOutputs = join(root, 'outputs');
  const runs = (jobId: string) => join(root, OWN_FOLDERS.runs, jobId);
  return {
    database: storagePath,
    allOutputs,
    outputs: (jobId) => join(allOutputs, jobId),
    log: (jobId) => join(root, OWN_FOLDERS.logs, `${jobId}.log`),
    runs,
    owners: (jobId) => join(root, OWN_FOLDERS.owners, jobId),
    run: (jobId, stage, index, attempt) =>
      join(runs(jobId), stage, String(Math.floor(index / RUNS_PER_FOLDER)), `${index}.${attempt}`),
  };
}
