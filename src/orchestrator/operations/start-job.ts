import { z } from 'zod';
import { TEST_AGAIN } from '../../domain/advice.ts';
import { AbpError } from '../../domain/error.ts';
import { type Hint, hint, mention } from '../../domain/hint.ts';
import { type Job, type JobTest, needsPerson } from '../../domain/job.ts';
import { refuseRecursion } from '../../domain/rules/recursion.ts';
import {
  type Call,
  changedMeanwhile,
  EVERYWHERE,
  type OrchestratorDeps,
  operation,
  RUN_UNITS_AGAIN,
  refuse,
  requireJob,
} from '../operation.ts';
import { jobStatus } from '../queries/job-status.ts';
import { waitForChange } from '../queries/wait.ts';
import { jobId, jobStatusOutput, waitSeconds } from '../shapes.ts';
import { requireAllowed, requirePerson, requireShown } from './approval.ts';
import { launch, requireReady } from './executor-launch.ts';
import { beginTest, discardTest, testAgain } from './test-job.ts';

const DEFAULT_WAIT_S = 30;

const input = z.strictObject({
  job_id: jobId,
  approve: z
    .boolean()
    .optional()
    .describe('In testing: true runs all other units, false rejects the test. Ask the user first'),
  note: z.string().max(2000).optional().describe('Reason for the decision'),
  shown: z.string().max(100).optional().describe('approval.shown of the status that was decided about'),
  again: z.boolean().optional().describe('In testing: true runs a failed test again'),
  skip_test: z
    .boolean()
    .optional()
    .describe('In created: true runs all units without a test. Only if the user asked for it; default test.skip'),
  wait_seconds: waitSeconds.optional().describe(`Seconds to wait for the test; default ${DEFAULT_WAIT_S}`),
});

type Input = z.output<typeof input>;

/** Starts the test of a created job, or decides about a tested one. */
export const startJob = operation({
  name: 'start_job',
  title: 'Test, approve and start a job',
  interfaces: EVERYWHERE,
  description:
    'Starts a job in two steps. A created job runs its test unit (real work, real cost) and answers with its result and an estimate for the rest. Hosts with dialogs ask the user; otherwise show both and, once the user has agreed, call again with approve=true: a detached executor runs all other units, also after this conversation ends. approve=false rejects the test: its units are pending again.',
  input,
  output: jobStatusOutput,
  effect: 'destructive',
  openWorld: true,
  async run(deps, given, call) {
    refuseRecursion(deps.environment);
    const begun = deps.clock.monotonic();
    const job = await requireJob(deps, given.job_id);
    await ACTIONS[actionOf(job, given)](deps, job, given, call);
    const wait = given.wait_seconds ?? DEFAULT_WAIT_S;
    const tested = (now: Job) => now.status !== 'testing' || now.test?.state !== 'running';
    // The preflight and the start of an executor used a part of the call's time.
    const maxWaitMs = call.maxWaitMs - (deps.clock.monotonic() - begun);
    return jobStatus(deps, await waitForChange(deps, job.jobId, wait, { ...call, maxWaitMs: maxWaitMs }, tested));
  },
});

type Action = 'observe' | 'test' | 'again' | 'skip' | 'approve' | 'reject';

const ACTIONS: Readonly<
  Record<Action, (deps: OrchestratorDeps, job: Job, given: Input, call: Call) => Promise<void> | void>
> = {
  observe,
  test: (deps, job, given) => (deps.defaults.skipTest ? runUntested(deps, job, given) : beginTest(deps, job)),
  again: testAgain,
  skip: skipTest,
  approve,
  reject,
};

/** Chooses the action of a call in this state. Throws `conflict` or `invalid_input` before anything is written. */
function actionOf(job: Job, { approve: decision, skip_test: skip, again }: Input): Action {
  const deciding = decision ? 'approve' : 'reject';
  if (again) {
    if (decision !== undefined || skip) {
      throw new AbpError('invalid_input', 'again: expected no other decision, found approve or skip_test.', {
        hint: 'Give only one of them.',
      });
    }
    // Its test was rejected meanwhile: then a new test is the same request.
    if (job.status === 'created') return 'test';
    if (job.status === 'testing' && job.test?.state === 'failed') return 'again';
    throw refuse(job, 'again works on a failed test', hintFor(job));
  }
  if (skip && job.status !== 'created') throw refuse(job, 'skip_test works only on a created job', hintFor(job));
  if (job.status === 'created') {
    if (decision !== undefined) {
      throw refuse(job, `there is no test to ${deciding} yet`, hint`${mention('start_job')} runs the test unit first.`);
    }
    return (skip ?? job.testUnits === 0) ? 'skip' : 'test';
  }
  if (job.status !== 'testing') {
    if (decision !== undefined) throw refuse(job, `${deciding} works only while its test is waiting`, hintFor(job));
    if (job.status === 'running') return 'observe';
    throw refuse(job, 'only a created or tested job can be started', hintFor(job));
  }
  if (decision === undefined) return 'observe';
  if (!decision) return 'reject';
  if (job.test?.state === 'passed') return 'approve';
  throw refuse(job, 'only a passed test can be approved', hintFor(job));
}

/** Hint that names a call that is accepted in this state. */
function hintFor(job: Job): Hint {
  if (job.status === 'testing') return TEST_HINTS[job.test?.state ?? 'running'];
  if (job.status === 'paused') return hint`${mention('resume_job')} continues it.`;
  if (job.status === 'completed' || job.status === 'failed') return RUN_UNITS_AGAIN;
  if (job.status === 'cancelled')
    return hint`A cancelled job cannot be restarted; ${mention('create_job')} makes a new one.`;
  return hint`${mention('get_job_status')} shows its progress.`;
}

const TEST_HINTS: Readonly<Record<JobTest['state'], Hint>> = {
  running: hint`Wait: ${mention('start_job')} returns the result.`,
  passed: hint`Approve it (${mention('start_job', { approve: true })}), or put it back (${mention('start_job', { approve: false })}).`,
  failed: hint`Fix what it needs, then ${TEST_AGAIN} tries it again; ${mention('update_job')} changes prompt or worker, ${mention('start_job', { approve: false })} puts it back.`,
};

/** Starts a new executor for a job whose own died; a test that has ended only waits for a person. */
async function observe(deps: OrchestratorDeps, job: Job): Promise<void> {
  if (job.status !== 'testing' || job.test?.state === 'running') await deps.launcher.ensureExecutor(job);
}

/** Runs a new job without a test (ABP_SKIP_TEST). */
async function runUntested(deps: OrchestratorDeps, job: Job, given: Input): Promise<void> {
  await requireAllowed(deps, job, 'skip');
  await run(deps, job, given, {});
}

async function skipTest(deps: OrchestratorDeps, job: Job, given: Input, call: Call): Promise<void> {
  if (await requireAllowed(deps, job, 'skip')) requirePerson(job, call, 'skip');
  await run(deps, job, given, { ...noteOf(given), ...deciderOf(call) });
}

async function approve(deps: OrchestratorDeps, job: Job, given: Input, call: Call): Promise<void> {
  if (needsPerson(job)) requirePerson(job, call, 'approve');
  if (await requireAllowed(deps, job)) requirePerson(job, call, 'approve');
  if (call.human && given.shown === undefined) {
    throw new AbpError(
      'invalid_input',
      'shown: expected the version of the job that the person approves, found none.',
      {
        hint: 'Send approval.shown of the status that the person has seen.',
      },
    );
  }
  await run(deps, job, given, { ...noteOf(given), ...deciderOf(call) });
}

function noteOf({ note }: Input): { readonly note?: string } {
  return note ? { note } : {};
}

function deciderOf({ human }: Call): { readonly by?: string } {
  return human ? { by: human } : {};
}

/** Sets the job running, then starts an executor. The approval is kept even when none can be started. */
async function run(
  deps: OrchestratorDeps,
  job: Job,
  given: Input,
  data: Readonly<Record<string, string>>,
): Promise<void> {
  const { repository, clock } = deps;
  await requireReady(deps, job);
  await repository.transaction({ job: job.jobId }, async (tx) => {
    // The decision must be about the job as it is now: another test may have begun meanwhile.
    const now = await requireJob({ repository: tx }, job.jobId);
    if (actionOf(now, given) !== actionOf(job, given) || now.revision !== job.revision) throw changedMeanwhile(job);
    if (given.shown !== undefined) requireShown(now, given.shown, now.approvedDefinition);
    const from = now.status;
    const patch = { startedAt: now.startedAt ?? clock.now() };
    if ((await tx.jobs.move(job.jobId, 'running', { from: [from], patch })) === 'conflict') throw changedMeanwhile(job);
    await tx.jobs.resetCircuitBreaker(job.jobId);
    if (from === 'testing') {
      await tx.events.add(job.jobId, { type: 'job:approved', data });
      if (now.approvedDefinition !== null) await tx.approvals.endTest(now.approvedDefinition);
    }
    await tx.events.add(job.jobId, {
      type: 'job:started',
      data: from === 'created' ? { ...data, tested: false } : {},
    });
  });
  await launch(deps, job);
}

async function reject(deps: OrchestratorDeps, job: Job, { note }: Input): Promise<void> {
  await deps.repository.transaction({ job: job.jobId }, async (tx) => {
    const now = await requireJob({ repository: tx }, job.jobId);
    // Another test may have begun meanwhile, which was not rejected.
    if (now.test?.startedAt !== job.test?.startedAt) throw changedMeanwhile(job);
    await discardTest(tx, now, note);
  });
}
