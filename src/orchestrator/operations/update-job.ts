import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { type Hint, hint, mention } from '../../domain/hint.ts';
import { ENDED, type Job, type JobStatus } from '../../domain/job.ts';
import type { JobOutput } from '../../domain/job-output.ts';
import type { Step } from '../../domain/step.ts';
import { checkTarget } from '../../export/atomic-file.ts';
import { formerExports } from '../../export/former-exports.ts';
import { type Call, EVERYWHERE, type OrchestratorDeps, operation, refuse, requireJob } from '../operation.ts';
import { definitionOf } from '../queries/approval-state.ts';
import { jobStatus } from '../queries/job-status.ts';
import {
  jobId,
  jobStatusOutput,
  limitsChange,
  outputChange,
  runInput,
  schemaInput,
  words,
  workerInput,
} from '../shapes.ts';
import { outputOf } from './output.ts';
import { limitsOf } from './settings.ts';
import { changedStep, checkTemplates, variablesOf } from './steps.ts';
import { discardTest } from './test-job.ts';

const input = z.strictObject({
  job_id: jobId,
  step: z.string().max(40).optional().describe('Step that template, schema, worker and run are of; default the first'),
  template: words.max(200_000).optional().describe('The new template: {field}, {payload}, {{ }}'),
  schema: schemaInput.optional().describe('As for create_job'),
  worker: workerInput.optional().describe('Replaces the whole worker'),
  run: runInput.optional(),
  limits: limitsChange.optional().describe('Only those that change'),
  redact_results: z.boolean().optional(),
  output: outputChange.nullable().optional().describe('File for the results at the end, no directory; null = none'),
  note: z.string().max(2000).optional().describe('Reason for the change'),
});

/** Makes a new revision of a job's prompt, schema, worker or limits. */
export const updateJob = operation({
  name: 'update_job',
  title: 'Change prompt, schema, worker or limits',
  interfaces: EVERYWHERE,
  description:
    'Makes a new revision of a job that is created, testing (the test is discarded), paused or ended. Give only what changes. Completed units keep their results; manage_units with reopen runs them again. A change of only the output makes no revision and is possible until the job has ended.',
  input,
  output: jobStatusOutput.extend({ revision: z.int() }),
  effect: 'write',
  async run(deps, given, call) {
    const { repository } = deps;
    const job = await requireJob(deps, given.job_id);
    const before = await repository.jobs.revision(job.jobId, job.revision);
    if (!before) throw new AbpError('store', `${job.jobId} has no revision ${job.revision}.`);
    const output = await newOutput(deps, job, given, call);
    if (output !== undefined && !changesRevision(given)) return changeOutput(deps, job, output);
    const next = HOW_TO_CHANGE[job.status];
    if (next !== undefined)
      throw refuse(job, 'it can be changed in created, testing, paused, completed or failed', next);
    if (!changesRevision(given)) {
      throw new AbpError('invalid_input', 'Expected at least one change, found none.', {
        hint: 'Give template, schema, worker, run, limits, redact_results or output.',
      });
    }
    // Slots that were changed while the job ran are kept, unless this call changes them.
    const limits = { ...before.limits, max_workers: job.maxWorkers };
    const draft = {
      steps: await changedSteps(deps, job, before.steps, given),
      limits: limitsOf(deps, given.limits, limits),
    };
    const { powers } = await (await definitionOf(deps, job, { ...before, ...draft })).now();
    const revision = await repository.transaction({ job: job.jobId }, async (tx) => {
      const now = await requireJob({ repository: tx }, job.jobId);
      if (now.status !== job.status || now.revision !== job.revision) {
        throw refuse(now, 'it was changed by another call at the same time', 'Check its status, then call again.');
      }
      if (now.status === 'testing') await discardTest(tx, now, given.note ?? 'the job was changed');
      const jobId = job.jobId;
      const number = await tx.jobs.addRevision({
        jobId,
        note: given.note ?? null,
        ...draft,
      });
      await tx.jobs.patch(jobId, {
        passEnv: await variablesOf(deps.workers, draft.steps),
        powers,
        ...(given.redact_results === undefined ? {} : { redactResults: given.redact_results }),
        ...(output === undefined ? {} : { output }),
      });
      await tx.events.add(jobId, { type: 'job:updated', data: { revision: number } });
      return number;
    });
    return { ...(await jobStatus(deps, await requireJob(deps, job.jobId))), revision };
  },
});

type Input = z.output<typeof input>;

/** Returns the steps with the change of one of them. Throws `not_found` for an unknown name, `invalid_input`. */
async function changedSteps(
  { workers }: OrchestratorDeps,
  job: Job,
  steps: readonly Step[],
  { step: name = steps[0]?.name, ...change }: Input,
): Promise<readonly Step[]> {
  const step = steps.find((each) => each.name === name);
  if (!step) {
    throw new AbpError('not_found', `${job.jobId} has no step ${JSON.stringify(name)}.`, {
      hint: `It has ${steps.map((each) => each.name).join(', ')}.`,
    });
  }
  const changed = await changedStep(workers, step, change);
  const all = steps.map((each) => (each === step ? changed : each));
  // Later templates may name fields of its result.
  await checkTemplates(all, job);
  return all;
}

/** True when the change needs a new revision, and so a new test. */
function changesRevision({ template, schema, worker, run, limits, redact_results }: Input): boolean {
  const changes = template ?? schema ?? worker ?? run ?? redact_results;
  return changes !== undefined || Object.keys(limits ?? {}).length > 0;
}

/** Checks the new output as create_job does; null = none from now on, undefined = unchanged. */
async function newOutput(deps: OrchestratorDeps, job: Job, { output: given }: Input, call: Call) {
  if (given === undefined || given === null) return given;
  const output = outputOf(deps.places, job, given, call);
  if (given.directory !== undefined || output === null) {
    const found = given.directory === undefined ? 'found no output.path' : 'found output.directory';
    throw new AbpError('invalid_input', `output: expected the file that the results are written to, ${found}.`, {
      hint: hint`The directory of a job cannot change: ${mention('create_job')} makes a job with another one.`,
    });
  }
  const former = await formerExports(deps.repository, job.jobId, output.path);
  await checkTarget(output.path, { force: output.force, former });
  return output;
}

/** Changes only the output: makes no revision, discards no test, and works while the job runs. */
async function changeOutput(deps: OrchestratorDeps, { jobId }: Job, output: JobOutput | null) {
  const { repository } = deps;
  await repository.transaction({ job: jobId }, async (tx) => {
    const now = await requireJob({ repository: tx }, jobId);
    if (now.status === 'enumerating' || ENDED.includes(now.status)) {
      const next =
        HOW_TO_CHANGE[now.status] ??
        hint`It has ended: use ${mention('export_results')} to write its results to a file.`;
      throw refuse(now, 'its output can be changed until it has ended', next);
    }
    await tx.jobs.patch(jobId, { output });
    await tx.events.add(jobId, { type: 'job:updated', data: { output: output?.path ?? null } });
  });
  const job = await requireJob(deps, jobId);
  return { ...(await jobStatus(deps, job)), revision: job.revision };
}

const PAUSE_FIRST = hint`Use ${mention('pause_job')} first, then ${mention('update_job')}, then ${mention('resume_job')}.`;

const HOW_TO_CHANGE: Partial<Readonly<Record<JobStatus, Hint>>> = {
  enumerating: hint`${mention('get_job_status')} shows when its units are stored; change it then.`,
  running: PAUSE_FIRST,
  cancelled: hint`A cancelled job cannot be changed; ${mention('create_job')} makes a new one.`,
};
