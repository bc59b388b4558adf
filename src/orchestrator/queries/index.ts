import { allowJobView, allowSourceView, jobApproval, listApprovals, revokeApprovalView } from './approvals.ts';
import { attemptLog } from './attempt-log.ts';
import { jobHistory } from './job-history.ts';
import { jobOverview } from './job-overview.ts';
import { jobSettings } from './job-settings.ts';
import { jobTimeline } from './job-timeline.ts';
import { unitDetail } from './unit.ts';
import { unitRows } from './unit-rows.ts';

/**
 * Queries for screens: full answers, which have no room in a conversation with a model, and decisions of a person. Served
 * over HTTP like the operations; never tools.
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
