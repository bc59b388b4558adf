import { type OperationOn, operationsOn } from '../orchestrator/operations.ts';

/** Method and path of an operation or resource; names in braces are fields of its input. */
export interface Route {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
  /** Status of a success; default 200. */
  readonly status?: 200 | 201;
  /** Whether it can be followed as server-sent events and continued with Last-Event-ID. */
  readonly streams?: boolean;
  /** Whether the header Idempotency-Key sets the request_id of its input. */
  readonly keyed?: boolean;
}

/** An operation with its route. */
export interface Endpoint extends Route {
  readonly operation: OperationOn<'http'>;
}

const get = (path: string): Route => ({ method: 'get', path });
const post = (path: string): Route => ({ method: 'post', path });
const JOB = '/api/jobs/{job_id}';

/** Route of every operation that HTTP shows; the type requires each of them. */
const ROUTES: Readonly<Record<OperationOn<'http'>['name'], Route>> = {
  list_enumerators: get('/api/enumerators'),
  preview_items: post('/api/preview'),
  create_job: { method: 'post', path: '/api/jobs', status: 201, keyed: true },
  list_jobs: get('/api/jobs'),
  get_job: get(JOB),
  update_job: { method: 'patch', path: JOB },
  delete_job: { method: 'delete', path: JOB },
  start_job: post(`${JOB}/start`),
  get_job_status: get(`${JOB}/status`),
  pause_job: post(`${JOB}/pause`),
  resume_job: post(`${JOB}/resume`),
  cancel_job: post(`${JOB}/cancel`),
  manage_units: post(`${JOB}/manage-units`),
  export_results: post(`${JOB}/export`),
  list_units: get(`${JOB}/units`),
  get_unit: get(`${JOB}/units/{unit}`),
  job_overview: get(`${JOB}/overview`),
  job_settings: get(`${JOB}/settings`),
  job_history: get(`${JOB}/history`),
  job_timeline: get(`${JOB}/timeline`),
  unit_rows: get(`${JOB}/rows`),
  attempt_log: { ...get(`${JOB}/units/{unit}/attempts/{attempt}/log`), streams: true },
  job_approval: get(`${JOB}/approval`),
  allow_job: post(`${JOB}/approval`),
  list_approvals: get('/api/approvals'),
  get_approval: get('/api/approvals/{definition}'),
  allow_source: post('/api/approvals/{definition}/allow'),
  revoke_approval: post('/api/approvals/{definition}/revoke'),
};

/** All endpoints, operations first. */
export const ENDPOINTS: readonly Endpoint[] = operationsOn('http').map((operation) => ({
  operation,
  ...ROUTES[operation.name],
}));

/** Converts a path to the router's syntax; only a field called `path` may contain slashes. */
export function routerPath(path: string): string {
  return path.replace('{path}', ':path{.+}').replaceAll(/\{(\w+)\}/g, ':$1');
}

/** Returns the names of the fields in a path. */
export function pathFields(path: string): readonly string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
}
