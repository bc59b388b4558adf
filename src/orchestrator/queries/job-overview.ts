import { z } from 'zod';
import { cutMiddle } from '../../domain/cut.ts';
import { clusterFailures } from '../../domain/failure-clusters.ts';
import type { Job, Revision, WorkerChoice } from '../../domain/job.ts';
import { usd } from '../../domain/money.ts';
import { type OrchestratorDeps, operation, requireJob, SCREENS } from '../operation.ts';
import { hintShape, jobId, jobStatusOutput } from '../shapes.ts';
import { latestStep } from './attempt-log.ts';
import { wordsAbout } from './current-advice.ts';
import { forecastOf, jobStatus, runningKeys } from './job-status.ts';
import { shownWorker } from './shown-worker.ts';
import { allSkipped } from './source-notes.ts';
import { stepNamed } from './step-status.ts';

/** Failed units that are clustered by cause. */
const CLUSTERED_UNITS = 5_000;
const SHOWN_CLUSTERS = 30;

const count = z.int().min(0);
const range = z.array(z.number()).readonly();

const slot = z.object({
  unit: count,
  scope: z.enum(['unit', 'job']),
  key: z.string(),
  /** Name of its step, in a job with several. */
  step: z.string().optional(),
  attempt: count,
  purpose: z.string(),
  seconds: z.number(),
  /** Latest step of its conversation; absent = none yet. */
  latest: z.object({ kind: z.string(), tool: z.string().optional(), text: z.string() }).optional(),
});

const cluster = z.object({
  class: z.string(),
  cause: z.string(),
  count,
  example: z.object({ unit: count, message: z.string() }),
  meaning: z.string(),
  advice: hintShape,
  units: z.array(count).readonly(),
});

/** Returns everything that the first view of a job's page shows. */
export const jobOverview = operation({
  name: 'job_overview',
  title: 'A job at a glance',
  interfaces: SCREENS,
  description:
    'The first view of a job: its status, each slot with the latest step of its agent, failed units clustered by cause, and the estimate from the test beside the actual figures.',
  input: z.strictObject({ job_id: jobId }),
  output: jobStatusOutput.extend({
    progress: z
      .object({
        done: count,
        percent: z.number(),
        per_minute: z.number().optional(),
        eta_s: z.number().optional(),
      })
      .optional(),
    tokens: z.object({ input: count, output: count }).optional(),
    cost_estimated: z.boolean().optional(),
    created_at: z.string(),
    started_at: z.string().nullable(),
    ended_at: z.string().nullable(),
    slots: z.array(slot),
    max_workers: count,
    clusters: z.array(cluster),
    /** Records of the source that became no units: counts, and the first ones with place and reason; absent = none. */
    skipped: z
      .object({
        invalid: count,
        duplicates: count,
        records: z.array(z.object({ place: z.string(), reason: z.string() })).readonly(),
      })
      .optional(),
    /** Failed units beyond those that were clustered. */
    clusters_left_out: count,
    /** Estimate for the whole job from the test; absent before a test has ended. */
    forecast: z.object({ cost_usd: range.nullable(), duration_s: range, from_units: count }).optional(),
    budget_usd: z.number().nullable(),
    worker: z.looseObject({ type: z.string() }),
    /** Model that its agents ask for; absent = none, or the default. */
    model: z.string().optional(),
    require_human_approval: z.boolean(),
    revision: count,
    event_seq: count,
  }),
  effect: 'read',
  async run(deps, { job_id }) {
    const job = await requireJob(deps, job_id);
    const revision = await deps.repository.jobs.revision(job_id, job.revision);
    const status = await jobStatus(deps, job, false);
    const forecast = await shownForecast(deps, job, status.units.total);
    const skipped = await allSkipped(deps, job_id);
    const worker = revision?.steps[0]?.worker;
    const model = worker ? await modelOf(deps, worker) : null;
    return {
      ...(status as typeof status & Times),
      slots: await slotsOf(deps, job, revision),
      max_workers: job.maxWorkers,
      ...(await clustersOf(deps, job, status.units.failed)),
      ...(forecast ? { forecast } : {}),
      ...(skipped ? { skipped } : {}),
      budget_usd: revision?.limits.budget_usd ?? null,
      worker: worker ? shownWorker(worker) : { type: 'unknown' },
      ...(model === null ? {} : { model }),
      require_human_approval: job.requireHumanApproval,
      revision: job.revision,
      event_seq: job.eventSeq,
    };
  },
});

type Times = { readonly created_at: string; readonly started_at: string | null; readonly ended_at: string | null };

async function modelOf({ workers }: OrchestratorDeps, choice: WorkerChoice): Promise<string | null> {
  // A job whose worker is not known here is shown all the same.
  const known = await workers.parse(choice).catch(() => null);
  return known?.worker.policy(known.config).model ?? null;
}

async function slotsOf(deps: OrchestratorDeps, job: Job, revision: Revision | null) {
  const now = deps.clock.now();
  const running = [...(await deps.repository.attempts.running(job.jobId))].sort((a, b) => a.startedAt - b.startedAt);
  const keyOf = await runningKeys(deps, job, running);
  return Promise.all(
    running.map(async (attempt) => {
      const { scope, index, purpose, startedAt } = attempt;
      const latest = await latestStep(deps, attempt);
      return {
        unit: index,
        scope,
        key: keyOf(attempt),
        ...stepNamed(revision, attempt),
        attempt: attempt.attempt,
        purpose,
        seconds: Math.max(0, Math.round((now - startedAt) / 1000)),
        ...(latest ? { latest } : {}),
      };
    }),
  );
}

async function clustersOf(deps: OrchestratorDeps, job: Job, failed: number) {
  const looked = failed > 0 ? await deps.repository.units.failed(job.jobId, CLUSTERED_UNITS) : [];
  const clusters = clusterFailures(looked).slice(0, SHOWN_CLUSTERS);
  return {
    clusters: await Promise.all(
      clusters.map(async ({ failureClass, cause, example, units }) => ({
        class: failureClass,
        cause,
        count: units.length,
        example: { unit: units[0] ?? 0, message: cutMiddle(example, 600) },
        ...(await wordsAbout(deps, job, failureClass, units[0])),
        units,
      })),
    ),
    // Units that failed after the count are in the clusters already.
    clusters_left_out: Math.max(0, failed - clusters.reduce((sum, { units }) => sum + units.length, 0)),
  };
}

async function shownForecast(deps: OrchestratorDeps, job: Job, total: number) {
  const whole = await forecastOf(deps, job, total);
  if (!whole) return null;
  const { cost_usd, duration_s, from_units } = whole;
  return { cost_usd: cost_usd?.map(usd) ?? null, duration_s, from_units };
}
