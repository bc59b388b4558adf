import { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { type Job, type JobTest, needsPerson } from '../domain/job.ts';
import { refuseRecursion } from '../supervision/launch.ts';
import { requireAllowed, requirePerson, requireShown } from './approval.ts';
import { launch, requireReady } from './executor-launch.ts';
import { type Call, type OrchestratorDeps, operation, refuse, requireJob } from './operation.ts';
import { jobId, jobStatusOutput, waitSeconds } from './shapes.ts';
import { jobStatus } from './status.ts';
import { beginTest, changed, discardTest, testAgain } from './test-job.ts';
import { waitForChange } from './wait.ts';

const DEFAULT_WAIT_S = 30;

const input = z.strictObject({
  job_id: jobId,
  approve: z
    .boolean()
    .optional()
    .describe('In testing: true runs all other units, false rejects the test. Ask the user first'),
  note: z.string().max(2000).optional().describe('Why it was decided so'),
  shown: z.string().max(100).optional().describe('That of the status decided about'),
  again: z.boolean().optional().describe('In testing: true tries a failed test again'),
  skip_test: z.boolean().optional().describe('In created: run all at once, untested. Only if the user asked for it'),
  wait_seconds: waitSeconds.optional().describe(`Wait up to so long for the test; default ${DEFAULT_WAIT_S}`),
});

type Input = z.output<typeof input>;

/** Starts the test of a created job, and decides about a tested one. */
export const startJob = operation({
  name: 'start_job',
  title: 'Test, approve and start a job',
  description:
    'Starts a job in two steps. A created job runs its test unit (real work, real cost) and answers with its result and an estimate for the rest. Hosts with dialogs ask the user; otherwise show both and, once the user has agreed, call again with approve=true: a detached executor runs all other units, also after this conversation ends. approve=false puts the test back.',
  input,
  output: jobStatusOutput,
  effect: 'destructive',
  openWorld: true,
  async run(deps, given, call) {
    refuseRecursion(deps.environment);
    const begun = deps.clock.monotonic();
    const job = requireJob(deps, given.job_id);
    await STEPS[stepOf(job, given)](deps, job, given, call);
    const wait = given.wait_seconds ?? DEFAULT_WAIT_S;
    const tested = (now: Job) => now.status !== 'testing' || now.test?.state !== 'running';
    // Looking at the worker and starting an executor took their part of the caller's patience.
    const maxWaitMs = call.maxWaitMs - (deps.clock.monotonic() - begun);
    return jobStatus(deps, await waitForChange(deps, job.jobId, wait, { ...call, maxWaitMs: maxWaitMs }, tested));
  },
});

type Step = 'look' | 'test' | 'again' | 'skip' | 'approve' | 'reject';

const STEPS: Readonly<
  Record<Step, (deps: OrchestratorDeps, job: Job, given: Input, call: Call) => Promise<void> | void>
> = {
  look,
  test: (deps, job, given) => (deps.defaults.skipTest ? runUntested(deps, job, given) : beginTest(deps, job)),
  again: testAgain,
  skip: skipTest,
  approve,
  reject,
};

/** What a call means in this state; refuses what would be wrong there, before anything is written. */
function stepOf(job: Job, { approve: decision, skip_test: skip, again }: Input): Step {
  const deciding = decision ? 'approve' : 'reject';
  if (again) {
    if (decision !== undefined || skip) {
      throw new AbpError('invalid_input', 'again: expected nothing else to be decided, found approve or skip_test.', {
        hint: 'Give one of them.',
      });
    }
    // A job whose test was put back meanwhile is as far as that.
    if (job.status === 'created') return 'test';
    if (job.status === 'testing' && job.test?.state === 'failed') return 'again';
    throw refuse(job, 'again works on a failed test', hintFor(job));
  }
  if (skip && job.status !== 'created') throw refuse(job, 'skip_test works only on a created job', hintFor(job));
  if (job.status === 'created') {
    if (decision !== undefined) {
      throw refuse(
        job,
        `there is no test to ${deciding} yet`,
        'Call start_job without approve: it runs the test unit first.',
      );
    }
    return skip ? 'skip' : 'test';
  }
  if (job.status !== 'testing') {
    if (decision !== undefined) throw refuse(job, `${deciding} works only while its test is waiting`, hintFor(job));
    if (job.status === 'running' || job.status === 'post_processing') return 'look';
    throw refuse(job, 'only a created or tested job can be started', hintFor(job));
  }
  if (decision === undefined) return 'look';
  if (!decision) return 'reject';
  if (job.test?.state === 'passed') return 'approve';
  throw refuse(job, 'only a passed test can be approved', hintFor(job));
}

/** The step that is accepted in this state. */
function hintFor(job: Job): string {
  if (job.status === 'testing') return TEST_HINTS[job.test?.state ?? 'running'];
  if (job.status === 'paused') return 'resume_job goes on.';
  if (job.status === 'completed' || job.status === 'failed') return 'manage_units retries or reopens its units.';
  if (job.status === 'cancelled') return 'A cancelled job stays so; create_job makes a new one.';
  return 'get_job_status shows what goes on.';
}

const TEST_HINTS: Readonly<Record<JobTest['state'], string>> = {
  running: 'Wait: start_job without approve returns the result.',
  passed: 'Approve it (approve=true), or put it back (approve=false).',
  failed:
    'Fix what it needs, then start_job with again=true tries it again; update_job changes prompt or worker, approve=false puts it back.',
};

/** A job whose executor died gets a new one; a test that has ended only waits for a person. */
async function look(deps: OrchestratorDeps, job: Job): Promise<void> {
  if (job.status !== 'testing' || job.test?.state === 'running') await deps.launcher.ensureExecutor(job);
}

/** ABP_SKIP_TEST: new jobs have no test. */
async function runUntested(deps: OrchestratorDeps, job: Job, given: Input): Promise<void> {
  await requireAllowed(deps, job, 'skip');
  await run(deps, job, given, {});
}

async function skipTest(deps: OrchestratorDeps, job: Job, given: Input, call: Call): Promise<void> {
  if (await requireAllowed(deps, job, 'skip')) requirePerson(job, call, 'skip');
  await run(deps, job, given, { ...noteOf(given), ...byWhom(call) });
}

async function approve(deps: OrchestratorDeps, job: Job, given: Input, call: Call): Promise<void> {
  if (needsPerson(job)) requirePerson(job, call, 'approve');
  if (await requireAllowed(deps, job)) requirePerson(job, call, 'approve');
  if (call.human && given.shown === undefined) {
    throw new AbpError('invalid_input', 'shown: expected what was on the screen of whoever approves, found nothing.', {
      hint: 'Send `shown` of the status that was looked at.',
    });
  }
  await run(deps, job, given, { ...noteOf(given), ...byWhom(call) });
}

function noteOf({ note }: Input): { readonly note?: string } {
  return note ? { note } : {};
}

function byWhom({ human }: Call): { readonly by?: string } {
  return human ? { by: human } : {};
}

/** Puts the job to work: status first, then an executor. The approval stands even when none can be started. */
async function run(
  deps: OrchestratorDeps,
  job: Job,
  given: Input,
  data: Readonly<Record<string, string>>,
): Promise<void> {
  const { repository, clock } = deps;
  await requireReady(deps, job);
  await repository.turn();
  repository.transaction((tx) => {
    // What was decided about must be what is there now: another test may have begun meanwhile.
    const now = requireJob(deps, job.jobId);
    if (stepOf(now, given) !== stepOf(job, given)) throw changed(job);
    if (given.shown !== undefined) requireShown(now, given.shown, now.approvedDefinition);
    const from = now.status;
    const patch = { startedAt: now.startedAt ?? clock.now() };
    if (repository.jobs.move(tx, job.jobId, 'running', { from: [from], patch }) === 'conflict') throw changed(job);
    repository.jobs.resetCircuitBreaker(tx, job.jobId);
    if (from === 'testing') {
      repository.events.add(tx, job.jobId, { type: 'job:approved', data });
      if (now.approvedDefinition !== null) repository.approvals.endTest(tx, now.approvedDefinition);
    }
    repository.events.add(tx, job.jobId, {
      type: 'job:started',
      data: from === 'created' ? { ...data, tested: false } : {},
    });
  });
  await launch(deps, job);
}

function reject(deps: OrchestratorDeps, { jobId }: Job, { note }: Input): void {
  deps.repository.transaction((tx) => discardTest(deps, tx, requireJob(deps, jobId), note));
}
