import type { Hono, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { JOB_STATUSES } from '../domain/job.ts';
import { UNIT_STATUSES } from '../domain/unit.ts';
import type { Orchestrator, OutputOf } from '../orchestrator/index.ts';
import type { HttpEnv } from './caller.ts';
import type { Feeds } from './feed.ts';
import { metrics } from './resources.ts';
import { OWN_CALL } from './server-call.ts';

type StoreTotals = OutputOf<'store_totals'>;

/** Metrics of a server for Prometheus. */
export interface Metrics {
  /** Counts and times requests by route, not by path: labels contain no ids. */
  readonly measure: MiddlewareHandler<HttpEnv>;
  addTo(app: Hono<HttpEnv>): void;
}

/**
 * Creates the metrics of one server. Figures of jobs are read from the store on each request, so that they include the
 * work of all processes.
 */
export async function createMetrics({ call }: Pick<Orchestrator, 'call'>, feeds: Feeds): Promise<Metrics> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const store = { totals: await call('store_totals', {}, OWN_CALL), executors: 0 };
  addStoreMetrics(registry, store);
  new Gauge({
    name: 'abp_http_streams',
    help: 'Clients that follow events or a log now',
    registers: [registry],
    collect() {
      this.set(feeds.clients);
    },
  });
  const duration = new Histogram({
    name: 'abp_http_request_duration_seconds',
    help: 'Time from a request to the start of its response',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 45],
    registers: [registry],
  });
  return {
    measure: async (c, next) => {
      const end = duration.startTimer();
      await next();
      const route = routePath(c);
      end({ method: c.req.method, route: route.includes('*') ? 'other' : route, status: String(c.res.status) });
    },
    addTo(app) {
      app.get(metrics.path, async (c) => {
        store.totals = await call('store_totals', {}, OWN_CALL);
        store.executors = (await call('list_executors', {}, OWN_CALL)).executors.length;
        return c.body(onlyNumbers(await registry.metrics()), 200, { 'Content-Type': registry.contentType });
      });
    },
  };
}

/**
 * Removes samples that are not numbers: the metrics of Node say NaN, or the largest integer in nanoseconds, if nothing was
 * measured since the last request. A bucket bound of +Inf is a label and stays.
 */
function onlyNumbers(text: string): string {
  return text.replace(/^[^#\n].* (?:nan|[+-]?inf(?:inity)?|9223372036\.\d+)\n/gim, '');
}

/** Figures read from the store for the current response. */
interface StoreNow {
  totals: StoreTotals;
  executors: number;
}

function addStoreMetrics(registry: Registry, store: StoreNow): void {
  const counted = createOnlyGrowing();
  const gauge = <L extends string>(name: string, help: string, labels: readonly L[], set: (gauge: Gauge<L>) => void) =>
    new Gauge({
      name,
      help,
      labelNames: labels,
      registers: [registry],
      collect() {
        this.reset();
        set(this);
      },
    });
  gauge('abp_jobs', 'Jobs by status', ['status'], (jobs) => {
    for (const status of JOB_STATUSES) jobs.set({ status }, store.totals.jobs_by_status[status] ?? 0);
  });
  gauge('abp_units', 'Units of all jobs by status', ['status'], (units) => {
    for (const status of UNIT_STATUSES) units.set({ status }, store.totals.units_by_status[status] ?? 0);
  });
  gauge('abp_units_failed', 'Failed units of all jobs by failure class', ['class'], (failed) => {
    for (const [name, count] of Object.entries(store.totals.failed_by_class)) failed.set({ class: name }, count);
  });
  gauge('abp_executors', 'Executors that hold a job now', [], (executors) => {
    executors.set(store.executors);
  });
  for (const { name, help, of } of COUNTERS) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(counted(name, store.totals.jobs, of));
      },
    });
  }
}

type JobTotals = StoreTotals['jobs'][number];

const COUNTERS: readonly { readonly name: string; readonly help: string; readonly of: (job: JobTotals) => number }[] = [
  { name: 'abp_units_tried_total', help: 'Units that had an attempt', of: (job) => job.units_tried },
  { name: 'abp_cost_usd_total', help: 'Money spent, US dollars', of: (job) => job.cost_usd },
  { name: 'abp_input_tokens_total', help: 'Tokens read by agents', of: (job) => job.input_tokens },
  { name: 'abp_output_tokens_total', help: 'Tokens written by agents', of: (job) => job.output_tokens },
];

/** Makes sums that never decrease: the share of a job stays after it is deleted. */
function createOnlyGrowing() {
  const seen = new Map<string, Map<string, number>>();
  return (name: string, jobs: readonly JobTotals[], of: (job: JobTotals) => number): number => {
    const most = seen.get(name) ?? new Map<string, number>();
    seen.set(name, most);
    for (const job of jobs) most.set(job.job_id, Math.max(most.get(job.job_id) ?? 0, of(job)));
    return [...most.values()].reduce((sum, value) => sum + value, 0);
  };
}
