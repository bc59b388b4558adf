import { allowJobView, allowSourceView, jobApproval, listApprovals, revokeApprovalView } from './approvals.ts';
import { attemptLog } from './attempt-log.ts';
import { jobHistory } from './job-history.ts';
import { jobOverview } from './job-overview.ts';
import { jobSettings } from './job-settings.ts';
import { jobTimeline } from './job-timeline.ts';
import { unitDetail } from './unit-detail.ts';
import { unitRows } from './unit-rows.ts';

/**
 * What screens ask for beyond the operations: answers in full and in bulk, which a conversation with a model has no room
 * for. Over HTTP like the operations; never tools.
 */
export const VIEWS = [
  jobOverview,
  jobSettings,
  jobHistory,
  jobTimeline,
  unitRows,
  unitDetail,
  attemptLog,
  jobApproval,
  allowJobView,
  listApprovals,
  allowSourceView,
  revokeApprovalView,
] as const;

export type AnyView = (typeof VIEWS)[number];
export type ViewName = AnyView['name'];
