import { cancelJob, pauseJob, resumeJob } from './control-job.ts';
import { createJob } from './create-job.ts';
import { deleteJob } from './delete-job.ts';
import { exportResults } from './export-results.ts';
import { manageUnits } from './manage-units.ts';
import { getJob, getJobStatus, listJobs } from './read-jobs.ts';
import { getUnit, listUnits } from './read-units.ts';
import { listEnumerators, previewItems } from './sources.ts';
import { startJob } from './start-job.ts';
import { updateJob } from './update-job.ts';

/** All operations, in the order in which interfaces show them. */
export const OPERATIONS = [
  listEnumerators,
  previewItems,
  createJob,
  updateJob,
  startJob,
  getJobStatus,
  getJob,
  listJobs,
  listUnits,
  getUnit,
  pauseJob,
  resumeJob,
  cancelJob,
  manageUnits,
  exportResults,
  deleteJob,
] as const;

export type AnyOperation = (typeof OPERATIONS)[number];
export type OperationName = AnyOperation['name'];
