import { type Attempt, attemptDurationMs } from '../../domain/attempt.ts';
import { type Estimate, estimateSteps, type Sample } from '../../domain/estimate.ts';
import type { EventType } from '../../domain/event.ts';
import type { Hint } from '../../domain/hint.ts';
import { isOutputDue, type Job, needsExecutor, needsPerson, PAUSE_REASONS } from '../../domain/job.ts';
import type { Lease } from '../../domain/lease.ts';
import { usd } from '../../domain/money.ts';
import { type UnitCounts, unitsDone } from '../../domain/unit.ts';
import { CONFIRM_MS } from '../../supervision/launch.ts';
import { executorState } from '../../supervision/lease.ts';
import type { OrchestratorDeps } from '../operation.ts';
import { iso, type JobStatusOutput } from '../shapes.ts';
import { truncate } from '../truncate.ts';
import { shownOf } from './approval-state.ts';
import { attemptNotes } from './attempt-notes.ts';
import { CELL_BYTES, KEY_BYTES, TEXT_BYTES } from './caps.ts';
import { pauseAdvice, testAdvice, wordsAbout } from './current-advice.ts';
import { outputShown } from './shown-output.ts';
import { shownPowers } from './shown-powers.ts';
import { notesOf, skippedOf } from './source-notes.ts';
import { stepNamed, stepStatuses } from './step-status.ts';

/** Period of the rate, ms: the last minutes say most about the remaining units. */
const RATE_WINDOW_MS = 5 * 60_000;
/** Attempts that are enough for the rate: a fast job has a hundred thousand in that period. */
const RATE_ATTEMPTS = 1000;
/** Last events of a job whose executor is still starting. */
const STARTING_EVENTS: readonly EventType[] = ['job:test_started', 'job:started', 'job:resumed', 'job:step_started'];

/**
 * Builds the status of a job from the rows of the database. `whole`: with its running units and the results of its test,
 * which a page shows in parts of its own.
 */
export async function jobStatus(deps: OrchestratorDeps, job: Job, whole = true): Promise<JobStatusOutput> {
  const { repository } = deps;
  const lease = await repository.leases.get(job.jobId);
  const state = await executorOf(deps, job, lease);
  if (state === 'lost') {
    // Its executor may have ended the job, and released it, since the job was read.
    const now = await repository.jobs.get(job.jobId);
    if (now && now.eventSeq !== job.eventSeq) return jobStatus(deps, now, whole);
  }
  const units = await repository.units.counts(job.jobId);
  const estimated = await estimateOf(deps, job, units);
  const steps = await stepStatuses(repository, job);
  return {
    job_id: job.jobId,
    name: job.name,
    status: job.status,
    ...(job.pauseReason ? { pause_reason: job.pauseReason } : {}),
    ...(await messageOf(deps, job)),
    ...(job.status === 'created' ? await notesOf(deps, job.jobId) : await skippedOf(deps, job.jobId)),
    ...(job.resumeAt === null ? {} : { resume_at: iso(job.resumeAt) }),
    units,
    ...(await progressOf(deps, job, units)),
    cost_usd: usd(job.costUsd),
    ...(job.costEstimated ? { cost_estimated: true } : {}),
    ...(job.inputTokens + job.outputTokens > 0 ? { tokens: { input: job.inputTokens, output: job.outputTokens } } : {}),
    executor: state === 'alive' && lease ? { state, pid: lease.pid, slots: job.maxWorkers } : { state },
    ...(job.test ? { test: await testOf(deps, job, job.test, whole) } : {}),
    ...approvalOf(job),
    ...(estimated ? { estimate: { ...estimated } } : {}),
    ...(whole ? await runningOf(deps, job) : {}),
    ...(await failuresOf(deps, job)),
    ...(steps.length > 0 ? { steps } : {}),
    ...outputShown(job),
    test_units: job.testUnits,
    created_at: iso(job.createdAt),
    started_at: iso(job.startedAt),
    ended_at: iso(job.endedAt),
  };
}

/** The decision that a job waits for: whether a person has to make it, the powers, and the version that was shown. */
function approvalOf(job: Job): Pick<JobStatusOutput, 'approval'> {
  const waits = job.status === 'testing' && job.test?.state === 'passed';
  if (!waits && !needsPerson(job)) return {};
  return {
    approval: {
      person: needsPerson(job),
      ...(job.powers.length > 0 ? { can: briefPowers(job) } : {}),
      ...(waits ? { shown: shownOf(job, job.approvedDefinition) } : {}),
    },
  };
}

/** Its powers; the approval shows each of them whole. */
function briefPowers({ powers }: Job) {
  return shownPowers(powers).map(({ can, what }) => ({ can, what: truncate(what, CELL_BYTES) }));
}

/**
 * State of the job's executor (while enumerating: of its creator). An executor that is starting is not lost, nor is one
 * that died when the job no longer needed it.
 */
async function executorOf({ repository, clock }: OrchestratorDeps, job: Job, lease: Lease | null) {
  const held = executorState(lease);
  if (held === 'alive') return held;
  const hasRunningAttempts = async () => (await repository.attempts.running(job.jobId)).length > 0;
  if (!(job.status === 'enumerating' || needsExecutor(job) || isOutputDue(job) || (await hasRunningAttempts())))
    return 'none';
  const [last] = await repository.events.list(job.jobId, job.eventSeq - 1, 1);
  const isStarting = last && STARTING_EVENTS.includes(last.type) && clock.now() - last.at < CONFIRM_MS;
  return held === 'none' && isStarting ? 'none' : 'lost';
}

/** Final failures by class with an example, and failures that are being retried by class. */
async function failuresOf(deps: OrchestratorDeps, job: Job): Promise<Record<string, unknown>> {
  const { units } = deps.repository;
  const failures = await Promise.all(
    (await units.failures(job.jobId)).map(async ({ failureClass, count, example }) => ({
      class: failureClass,
      count,
      example: example ? { unit: example.index, message: example.message } : null,
      advice: (await wordsAbout(deps, job, failureClass, example?.index)).advice,
    })),
  );
  const again = (await units.stepCounts(job.jobId)).filter(({ status: at }) => at === 'pending' || at === 'running');
  const byClass = Map.groupBy(again, ({ failureClass }) => failureClass);
  const retrying = [...byClass].flatMap(([name, counts]) =>
    name === null ? [] : { class: name, count: counts.reduce((sum, { count }) => sum + count, 0) },
  );
  return { ...(failures.length > 0 ? { failures } : {}), ...(retrying.length > 0 ? { retrying } : {}) };
}

async function messageOf(deps: OrchestratorDeps, job: Job): Promise<{ message?: string; advice?: Hint }> {
  const message = job.statusMessage ?? (job.pauseReason && capitalized(PAUSE_REASONS[job.pauseReason].meaning));
  const advice = await pauseAdvice(deps, job);
  return {
    ...(message === null ? {} : { message }),
    ...(advice === null ? {} : { advice }),
  };
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function progressOf(deps: OrchestratorDeps, job: Job, units: UnitCounts): Promise<object> {
  if (job.startedAt === null || units.total === 0) return {};
  const done = unitsDone(units);
  const percent = Math.floor((done / units.total) * 1000) / 10;
  if (job.status !== 'running') return { progress: { done, percent } };
  const now = deps.clock.now();
  const since = Math.max(now - RATE_WINDOW_MS, job.startedAt);
  const { ended, first } = await deps.repository.attempts.recentThroughput(job.jobId, since, RATE_ATTEMPTS);
  const from = ended === RATE_ATTEMPTS && first !== null ? first : since;
  const perMinute = ended / (Math.max(1000, now - from) / 60_000);
  const left = units.pending + units.running;
  return {
    progress: {
      done,
      percent,
      per_minute: Number(perMinute.toFixed(1)),
      ...(perMinute > 0 ? { eta_s: Math.round((left / perMinute) * 60) } : {}),
    },
  };
}

/** Estimates cost and time of the pending units from the test attempts; null = no test has ended. */
export async function estimateOf(deps: OrchestratorDeps, job: Job, units: UnitCounts): Promise<Estimate | null> {
  const counts = await deps.repository.units.stepCounts(job.jobId);
  const pendingUpTo = (step: number) =>
    counts.reduce((sum, at) => sum + (at.status === 'pending' && at.step <= step ? at.count : 0), 0);
  const steps = (await testSamples(deps, job)).map((samples, n) => ({ samples, remaining: pendingUpTo(n) }));
  return estimateSteps(steps, units.pending, job.maxWorkers);
}

/** Estimates cost and time of the whole job from the test attempts; null = no test has ended. */
export async function forecastOf(deps: OrchestratorDeps, job: Job, total: number): Promise<Estimate | null> {
  const steps = (await testSamples(deps, job)).map((samples) => ({ samples, remaining: total }));
  return estimateSteps(steps, total, job.maxWorkers);
}

/** Cost and duration of the test attempts of a job, by the number of their step; none before a test has ended. */
async function testSamples(deps: OrchestratorDeps, job: Job): Promise<readonly (readonly Sample[])[]> {
  if (!job.test || job.test.state === 'running') return [];
  const tests = await latestTests(deps, job, job.test.units);
  const steps = Math.max(0, ...tests.map(({ step }) => step + 1));
  const sampleOf = (attempt: Attempt) => ({
    costUsd: attempt.usage.costUsd ?? null,
    durationMs: attemptDurationMs(attempt, attempt.startedAt),
  });
  return Array.from({ length: steps }, (_, at) => tests.filter(({ step }) => step === at).map(sampleOf));
}

/** Returns the newest test attempt of each of these units at each step. */
async function latestTests(
  { repository }: OrchestratorDeps,
  { jobId, test }: Job,
  indexes: readonly number[],
): Promise<readonly Attempt[]> {
  // Those of an earlier test say nothing about this one.
  const since = test?.startedAt ?? 0;
  const attempts = await Promise.all(
    indexes.map((index) => repository.attempts.ofUnit({ jobId, scope: 'unit', index })),
  );
  return attempts.flatMap((ofUnit) => {
    const tests = ofUnit.filter(({ purpose, startedAt }) => purpose === 'test' && startedAt >= since);
    // Later ones replace earlier ones of their step; the steps stay in order.
    return [...new Map(tests.map((attempt) => [attempt.step, attempt])).values()];
  });
}

async function testOf(
  deps: OrchestratorDeps,
  job: Job,
  test: NonNullable<Job['test']>,
  whole: boolean,
): Promise<JobStatusOutput['test']> {
  const attempts = await latestTests(deps, job, test.units);
  const cost = attempts.reduce((sum, { usage }) => sum + (usage.costUsd ?? 0), 0);
  const advice = await testAdvice(deps, job);
  const revision = await deps.repository.jobs.revision(job.jobId, job.revision);
  const bytes = TEXT_BYTES / attempts.length;
  return {
    state: test.state,
    ...(test.verdict ? { verdict: test.verdict } : {}),
    ...(advice === null ? {} : { advice }),
    units: test.units,
    cost_usd: usd(cost),
    // After the decision each unit has the details.
    ...(whole && job.status === 'testing'
      ? {
          results: attempts.map((attempt) => ({
            ...testResult(deps, attempt, bytes),
            ...stepNamed(revision, attempt),
          })),
        }
      : {}),
  };
}

/** Shows the result of a test attempt; its long parts have about `bytes` together. */
function testResult(deps: OrchestratorDeps, attempt: Attempt, bytes: number) {
  const { notes, usage } = attempt;
  return {
    unit: attempt.index,
    status: attempt.status,
    ...(attempt.result ? { result: truncate(resultText(attempt.result), bytes * 0.8) } : {}),
    ...(attempt.message ? { message: attempt.message } : {}),
    ...(attempt.failureClass ? { failure_class: attempt.failureClass } : {}),
    ...attemptNotes(notes, bytes * 0.1),
    ...(usage.costUsd === undefined ? {} : { cost_usd: usd(usage.costUsd) }),
    duration_s: attemptDurationMs(attempt, deps.clock.now()) / 1000,
    attempt: attempt.attempt,
    run_directory: attempt.runDirectory,
  };
}

/** Formats a result as one text: JSON when it is structured. */
export function resultText(result: NonNullable<Attempt['result']>): string {
  return result.structured === undefined ? (result.text ?? '') : JSON.stringify(result.structured);
}

async function runningOf(deps: OrchestratorDeps, job: Job): Promise<object> {
  const running = await deps.repository.attempts.running(job.jobId);
  if (running.length === 0) return {};
  const now = deps.clock.now();
  const keyOf = await runningKeys(deps, job, running);
  const revision = await deps.repository.jobs.revision(job.jobId, job.revision);
  return {
    at_work: running.map((each) => ({
      unit: each.index,
      key: keyOf(each),
      ...(each.scope === 'job' ? { scope: each.scope } : {}),
      ...stepNamed(revision, each),
      attempt: each.attempt,
      seconds: Math.max(0, Math.round((now - each.startedAt) / 1000)),
    })),
  };
}

/** Reads the keys of units with running attempts, in one query for each scope. */
export async function runningKeys(
  { repository: { units } }: OrchestratorDeps,
  { jobId }: Job,
  running: readonly Attempt[],
): Promise<(attempt: Attempt) => string> {
  const byScope = [...Map.groupBy(running, ({ scope }) => scope)];
  const found = await Promise.all(
    byScope.map(([scope, of]) => units.list(jobId, { scope, indexes: of.map(({ index }) => index) }, of.length)),
  );
  const keys = new Map(found.flat().map(({ unit }) => [`${unit.scope} ${unit.index}`, truncate(unit.key, KEY_BYTES)]));
  return ({ scope, index }) => keys.get(`${scope} ${index}`) ?? '';
}
