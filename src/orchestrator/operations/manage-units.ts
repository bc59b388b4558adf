import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { hint, mention } from '../../domain/hint.ts';
import { type Job, needsPerson } from '../../domain/job.ts';
import { NOT_ENDED } from '../../domain/rules/end-of-job.ts';
import { UNIT_ACTIONS, type UnitAction } from '../../domain/rules/unit-actions.ts';
import type { Step } from '../../domain/step.ts';
import { UNIT_STATUSES } from '../../domain/unit.ts';
import type { UnitFilter } from '../../ports/repository.ts';
import {
  type Call,
  EVERYWHERE,
  NEXT_STEPS,
  type OrchestratorDeps,
  operation,
  refuse,
  requireJob,
} from '../operation.ts';
import { jobStatus } from '../queries/job-status.ts';
import { jobStepsOf } from '../queries/step-status.ts';
import { failureClass, jobId, jobStatusOutput, unitIndexes } from '../shapes.ts';
import { requireAllowed, requirePerson } from './approval.ts';
import { launch, recoverIfLost, requireReady } from './executor-launch.ts';

/** Units moved in one transaction. */
const CHUNK = 5000;

const ACTIONS = [...(Object.keys(UNIT_ACTIONS) as UnitAction[]), 'rerun'] as const;

/** Retries, skips, reopens or cancels units. */
export const manageUnits = operation({
  name: 'manage_units',
  title: 'Retry, skip, reopen or cancel units',
  interfaces: EVERYWHERE,
  description:
    'Changes units of a job: retry (failed → pending), skip (pending → skipped), reopen (ended → pending; old results stay in the history), cancel (pending or running → cancelled). Choose them by units, status or failure_class; otherwise all that the action applies to. An ended job runs again when units are put back. rerun runs a step of scope job of an ended job (again), and those after it.',
  input: z.strictObject({
    job_id: jobId,
    action: z.enum(ACTIONS),
    units: unitIndexes.optional(),
    status: z.enum(UNIT_STATUSES).optional(),
    failure_class: failureClass.optional(),
    step: z
      .string()
      .max(40)
      .optional()
      .describe('With rerun: the step of scope job; default the one that failed, else the first'),
  }),
  output: jobStatusOutput.extend({ changed: z.int() }),
  effect: 'destructive',
  openWorld: true,
  async run(deps, { job_id, action, units, status, failure_class, step }, call) {
    refuseForeign(action, { units, status, failure_class, step });
    const job = await requireJob(deps, job_id);
    const isRepeat = action === 'retry' || action === 'reopen' || action === 'rerun';
    if (isRepeat && job.status !== 'created' && needsPerson(job)) requirePerson(job, call, action);
    if (action === 'rerun') {
      await rerunJobStep(deps, job, step);
      return { ...(await jobStatus(deps, await requireJob(deps, job_id))), changed: 1 };
    }
    const rule = UNIT_ACTIONS[action];
    requireJobIn(job, action);
    await requireUnits(deps, job, units);
    if (status && !rule.from.includes(status)) {
      throw new AbpError(
        'invalid_input',
        `${action} takes units that are ${rule.from.join(' or ')}, found ${status}.`,
        {
          hint: `Leave status out to ${action} all units that it applies to.`,
        },
      );
    }
    const changed = await move(deps, job, action, call, {
      statuses: status ? [status] : rule.from,
      ...(units ? { indexes: units } : {}),
      ...(failure_class ? { failureClass: failure_class } : {}),
    });
    return { ...(await jobStatus(deps, await requireJob(deps, job_id))), changed };
  },
});

/** Refuses what the action does not take: it would be ignored. Throws `invalid_input`. */
function refuseForeign(action: (typeof ACTIONS)[number], given: Readonly<Record<string, unknown>>): void {
  const foreign = action === 'rerun' ? ['units', 'status', 'failure_class'] : ['step'];
  const found = foreign.filter((name) => given[name] !== undefined);
  if (found.length === 0) return;
  throw new AbpError('invalid_input', `${found.join(', ')}: expected not with action ${action}, found with it.`, {
    hint: 'rerun takes a step over all results; the other actions take units, status and failure_class.',
  });
}

function requireJobIn(job: Job, action: UnitAction): void {
  const { jobs } = UNIT_ACTIONS[action];
  if (jobs.includes(job.status)) return;
  throw refuse(job, `${action} works in ${jobs.join(', ')}`, NEXT_STEPS);
}

async function requireUnits(
  { repository }: OrchestratorDeps,
  { jobId, totalUnits }: Job,
  units: readonly number[] = [],
): Promise<void> {
  const missing = units.filter((index) => index >= totalUnits);
  if (missing.length === 0) return;
  const shown = missing.slice(0, 10).join(', ');
  throw new AbpError('not_found', `${jobId} has no unit ${shown}.`, {
    hint: `It has units 0 to ${(await repository.units.counts(jobId)).total - 1}.`,
  });
}

async function move(
  deps: OrchestratorDeps,
  job: Job,
  action: UnitAction,
  call: Call,
  filter: UnitFilter,
): Promise<number> {
  const { repository } = deps;
  const { to, event } = UNIT_ACTIONS[action];
  const isEnded = ({ status }: Job) => status === 'completed' || status === 'failed';
  const requireStart = async (ended: Job) => {
    if (needsPerson(ended)) requirePerson(ended, call, action === 'retry' ? 'retry' : 'reopen');
    await requireAllowed(deps, ended);
    await requireReady(deps, ended);
  };
  let mayStart = to !== 'pending' || isEnded(job);
  if (to === 'pending' && isEnded(job)) await requireStart(job);
  let changed = 0;
  let startAgain = false;
  let after: number | null = -1;
  while (after !== null) {
    const cursor: number = after;
    const step = await repository.transaction({ job: job.jobId }, async (tx) => {
      // The job may have ended or been cancelled since the last check.
      const now = await requireJob({ repository: tx }, job.jobId);
      requireJobIn(now, action);
      if (isEnded(now) && !mayStart) return 'ended';
      const moved = await tx.units.moveMany(job.jobId, { ...filter, after: cursor }, to, CHUNK);
      const resumes = moved.changed > 0 && isEnded(now);
      if (moved.changed > 0) await tx.events.add(job.jobId, { type: event, data: { count: moved.changed } });
      if (moved.changed > 0 && to === 'pending') await tx.jobs.patch(job.jobId, WAITING);
      if (resumes) {
        await tx.jobs.move(job.jobId, 'running', { from: [now.status], patch: NOT_ENDED });
        await tx.jobs.resetCircuitBreaker(job.jobId);
        await tx.events.add(job.jobId, { type: 'job:resumed' });
      }
      return { ...moved, resumes };
    });
    if (step === 'ended') {
      await requireStart(await requireJob(deps, job.jobId));
      mayStart = true;
      continue;
    }
    changed += step.changed;
    startAgain ||= step.resumes;
    after = step.last;
    if (after !== null) await new Promise((resolve) => setImmediate(resolve));
  }
  if (startAgain) await launch(deps, job);
  else await recoverIfLost(deps, job.jobId);
  return changed;
}

/** Steps of scope job wait for the units that were put back, also one that a person asked for. */
const WAITING = { jobStepsBegun: false, askedJobStep: null } as const;

async function rerunJobStep(deps: OrchestratorDeps, job: Job, name: string | undefined): Promise<void> {
  const last = await deps.repository.units.get({ jobId: job.jobId, scope: 'job', index: 0 });
  // By default what failed: earlier steps are not paid for again.
  const first = last?.status === 'failed' ? last.step : 0;
  const askedJobStep = jobStepNumber(job, await jobStepsOf(deps.repository, job), name, first);
  if (job.status !== 'completed' && job.status !== 'failed') {
    throw refuse(
      job,
      'a step of scope job runs again only after the job has ended',
      hint`${mention('get_job_status')} shows when it has.`,
    );
  }
  await requireAllowed(deps, job);
  await requireReady(deps, job);
  await deps.repository.transaction({ job: job.jobId }, async (tx) => {
    const patch = { ...NOT_ENDED, jobStepsBegun: false, askedJobStep };
    if ((await tx.jobs.move(job.jobId, 'running', { from: ['completed', 'failed'], patch })) === 'conflict') {
      const now = await requireJob({ repository: tx }, job.jobId);
      throw refuse(now, 'it was restarted by another call', hint`${mention('get_job_status')} shows its progress.`);
    }
    await tx.jobs.resetCircuitBreaker(job.jobId);
    await tx.events.add(job.jobId, { type: 'job:resumed' });
  });
  await launch(deps, job);
}

/** Returns the number of a step of scope job. Throws `conflict` when there is none, `not_found` for another name. */
function jobStepNumber(job: Job, jobSteps: readonly Step[], name: string | undefined, first: number): number {
  const names = jobSteps.map((step) => step.name);
  if (names.length === 0) {
    throw refuse(
      job,
      'it has no step of scope job',
      hint`${mention('create_job')} takes steps; ${mention('manage_units', { action: 'reopen' })} runs units again.`,
    );
  }
  const number = name === undefined ? first : names.indexOf(name);
  if (number >= 0) return number;
  throw new AbpError('not_found', `${job.jobId} has no step ${JSON.stringify(name)} of scope job.`, {
    hint: `It has ${names.join(', ')}.`,
  });
}
