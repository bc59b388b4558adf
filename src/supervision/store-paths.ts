import { dirname, join } from 'node:path';
import { OUTPUTS_FOLDER, OWN_FOLDERS } from '../config.ts';
import type { Scope } from '../domain/unit.ts';

/** Run directories per folder: a directory with a million entries is slow to list and delete. */
const RUNS_PER_FOLDER = 1000;

/** Paths of a store's files, beside its database. All absolute. */
export interface StorePaths {
  readonly database: string;
  /** Folder of all jobs' outputs: the only part of the store that others write and read. */
  readonly allOutputs: string;
  readonly outputs: (jobId: string) => string;
  readonly log: (jobId: string) => string;
  readonly runs: (jobId: string) => string;
  /** Folder of links that record which unit of a job owns which path; the text of a link is the owner. */
  readonly owners: (jobId: string) => string;
  readonly run: (jobId: string, scope: Scope, index: number, attempt: number) => string;
}

/** Returns the paths beside a database. */
export function storePaths(storagePath: string): StorePaths {
  const root = dirname(storagePath);
  const allOutputs = join(root, OUTPUTS_FOLDER);
  const runs = (jobId: string) => join(root, OWN_FOLDERS.runs, jobId);
  return {
    database: storagePath,
    allOutputs,
    outputs: (jobId) => join(allOutputs, jobId),
    log: (jobId) => join(root, OWN_FOLDERS.logs, `${jobId}.log`),
    runs,
    owners: (jobId) => join(root, OWN_FOLDERS.owners, jobId),
    run: (jobId, scope, index, attempt) =>
      join(runs(jobId), scope, String(Math.floor(index / RUNS_PER_FOLDER)), `${index}.${attempt}`),
  };
}
