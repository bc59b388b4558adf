import { NAMED_OPERATIONS } from '../domain/hint.ts';
import type { Interface } from './operation.ts';
import { allowBatch } from './operations/allow-batch.ts';
import { allowJob } from './operations/allow-job.ts';
import { allowSource } from './operations/allow-source.ts';
import { batchApproval } from './operations/batch-approval.ts';
import { cancelJob } from './operations/cancel-job.ts';
import { checkSettings } from './operations/check-settings.ts';
import { claimServer } from './operations/claim-server.ts';
import { createJob } from './operations/create-job.ts';
import { deleteJob } from './operations/delete-job.ts';
import { exportResults } from './operations/export-results.ts';
import { manageUnits } from './operations/manage-units.ts';
import { pauseJob } from './operations/pause-job.ts';
import { previewItems } from './operations/preview-items.ts';
import { previewPrompts } from './operations/preview-prompts.ts';
import { pruneStore } from './operations/prune-store.ts';
import { recoverJobs } from './operations/recover-jobs.ts';
import { resumeJob } from './operations/resume-job.ts';
import { revokeApproval } from './operations/revoke-approval.ts';
import { startJob } from './operations/start-job.ts';
import { updateJob } from './operations/update-job.ts';
import { getApproval, jobApproval, listApprovals } from './queries/approvals.ts';
import { attemptLog } from './queries/attempt-log.ts';
import { attemptLogVersion } from './queries/attempt-log-version.ts';
import { checkOutput } from './queries/check-output.ts';
import { checkStore } from './queries/check-store.ts';
import { checkWorker } from './queries/check-worker.ts';
import { completeJob } from './queries/complete-job.ts';
import { fillPrompt } from './queries/fill-prompt.ts';
import { findJob } from './queries/find-job.ts';
import { firstResults } from './queries/first-results.ts';
import { getJobStatus } from './queries/get-job-status.ts';
import { getUnit } from './queries/get-unit.ts';
import { jobHistory } from './queries/job-history.ts';
import { jobOverview } from './queries/job-overview.ts';
import { jobRecipe } from './queries/job-recipe.ts';
import { getJob, jobSettings } from './queries/job-settings.ts';
import { jobTimeline } from './queries/job-timeline.ts';
import { latestEvents } from './queries/latest-events.ts';
import { listEvents } from './queries/list-events.ts';
import { listExecutors } from './queries/list-executors.ts';
import { listJobs } from './queries/list-jobs.ts';
import { listUnits } from './queries/list-units.ts';
import { listWorkers } from './queries/list-workers.ts';
import { findMissingColumns } from './queries/missing-columns.ts';
import { openArtifact } from './queries/open-artifact.ts';
import { openResults } from './queries/open-results.ts';
import { readExecutorLog } from './queries/read-executor-log.ts';
import { readPromptFile } from './queries/read-prompt-file.ts';
import { rescueSteps } from './queries/rescue-steps.ts';
import { listEnumerators } from './queries/sources.ts';
import { storeOverview } from './queries/store-overview.ts';
import { storeTotals } from './queries/store-totals.ts';
import { unitRows } from './queries/unit-rows.ts';
import { workerReadiness } from './queries/worker-readiness.ts';

/** All operations and queries, in the order in which interfaces show them; each says which interfaces do. */
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
  jobOverview,
  jobSettings,
  jobHistory,
  jobTimeline,
  unitRows,
  attemptLog,
  jobApproval,
  allowJob,
  listApprovals,
  getApproval,
  allowSource,
  revokeApproval,
  findJob,
  jobRecipe,
  previewPrompts,
  checkWorker,
  batchApproval,
  allowBatch,
  pruneStore,
  recoverJobs,
  checkSettings,
  checkOutput,
  findMissingColumns,
  readPromptFile,
  listWorkers,
  workerReadiness,
  firstResults,
  readExecutorLog,
  checkStore,
  rescueSteps,
  storeOverview,
  latestEvents,
  listEvents,
  completeJob,
  fillPrompt,
  attemptLogVersion,
  openArtifact,
  openResults,
  listExecutors,
  storeTotals,
  claimServer,
] as const;

export type AnyOperation = (typeof OPERATIONS)[number];
export type OperationName = AnyOperation['name'];

/** Operations that an interface shows. */
export type OperationOn<On extends Interface> = AnyOperation extends infer Each
  ? Each extends { readonly interfaces: readonly (infer Shown)[] }
    ? On extends Shown
      ? Each
      : never
    : never
  : never;

/** Returns the operations that an interface shows, in their order. */
export function operationsOn<On extends Interface>(shownOn: On): readonly OperationOn<On>[] {
  const isShown = ({ interfaces }: AnyOperation) => (interfaces as readonly Interface[]).includes(shownOn);
  return OPERATIONS.filter(isShown) as unknown as readonly OperationOn<On>[];
}

// What hints name is here.
NAMED_OPERATIONS satisfies readonly OperationName[];
