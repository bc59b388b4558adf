import { cancelJob, pauseJob, resumeJob } from './operations/control-job.ts';
import { createJob } from './operations/create-job.ts';
import { deleteJob } from './operations/delete-job.ts';
import { exportResults } from './operations/export-results.ts';
import { manageUnits } from './operations/manage-units.ts';
import { startJob } from './operations/start-job.ts';
import { updateJob } from './operations/update-job.ts';
import { getJob, getJobStatus, listJobs } from './queries/jobs.ts';
import { listEnumerators, previewItems } from './queries/sources.ts';
import { getUnit, listUnits } from './queries/units.ts';

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
