import { mkdirSync } from 'node:fs';
import { approvalStateOf } from '../approval/check.ts';
import { type AttemptNotes, type Handle, type Outcome, resultValue } from '../domain/attempt.ts';
import { cutMiddle } from '../domain/cut.ts';
import { failureRule } from '../domain/failure.ts';
import type { Job } from '../domain/job.ts';
import type { JsonObject } from '../domain/json.ts';
import { redact, redactResult } from '../domain/redact.ts';
import { stepAt, stepDirectory } from '../domain/step.ts';
import { makeOutputDirectory } from '../export/write-target.ts';
import type { Claim } from '../ports/dispatcher.ts';
import type { Attachment, AttemptToRun, Run } from '../ports/worker.ts';
import { isDiskFull } from '../supervision/disk.ts';
import { type ExecutorContext, type LoadedRevision, type LoadedStep, loadedStep } from './context.ts';
import { moveFiles } from './move-files.ts';
import { attachToOrphan, type JudgingQueue, outcomeOf } from './settle-orphan.ts';

/** Origin of an attempt: started here, or adopted from an executor that died. */
export type Origin = 'new' | JudgingQueue;

/**
 * Performs one claimed attempt to its outcome, or adopts it. Throws only when the disk is full, which concerns the job;
 * every other error is an outcome.
 */
export async function runAttempt(
  context: ExecutorContext,
  job: Job,
  claim: Claim,
  origin: Origin,
  signal: AbortSignal,
  onStarted: (handle: Handle, deadlineAt: number) => void,
): Promise<Outcome> {
  const { attempt } = claim;
  try {
    // Its own revision, which after a crash may not be the current one.
    const loaded = await context.load(job, attempt.revision);
    const step = loadedStep(loaded, attempt);
    const run = await runOf(context, job, loaded, step, claim, await earlierResults(context, loaded, claim));
    const record = (handle: Handle) => onStarted(handle, attempt.deadlineAt ?? context.clock.now() + run.timeoutMs);
    const attachment: Attachment = { signal, onFound: record };
    const outcome =
      origin === 'new'
        ? ((await refusalOf(context, job, loaded, run)) ?? (await perform(step, run, record, attachment)))
        : await attachToOrphan(context, origin, claim, step.worker, run, attachment);
    const { outputDirectory } = run;
    return redacted(await moveFiles(context.places, { ...attempt, outputDirectory }, outcome), job);
  } catch (error) {
    if (isDiskFull(error)) throw error;
    context.log.logger.error(
      { unit: claim.unit.index, attempt: attempt.attempt, err: error },
      'unexpected error in an attempt',
    );
    const message = error instanceof Error ? error.message : String(error);
    return redacted({ ok: false, failureClass: 'crashed', message, usage: {} }, job);
  }
}

/** Starts a run and waits for its end. `record` gets its handle at once: whether it is stored by then is no matter. */
async function perform(
  { worker }: LoadedStep,
  run: Run,
  record: (handle: Handle) => void,
  attachment: Attachment,
): Promise<Outcome> {
  const started = await worker.start(run);
  if (started.is === 'ended') return outcomeOf(started, attachment.signal);
  record(started.handle);
  return outcomeOf(await worker.attach(run, started.handle, attachment), attachment.signal);
}

/** Returns the failure of a run that must not start; null = it may, and its directories exist. */
async function refusalOf(
  context: ExecutorContext,
  job: Job,
  loaded: LoadedRevision,
  run: Run,
): Promise<Outcome | null> {
  const refused = await approvalFailure(context, job, loaded);
  if (refused) return refused;
  mkdirSync(run.runDirectory, { recursive: true, mode: 0o700 });
  return outputDirectoryFailure(context, run);
}

/**
 * Returns the failure of a run that is not approved; null = approved. Checked before every start, as files may have
 * changed.
 */
async function approvalFailure({ repository }: ExecutorContext, job: Job, { definition, revision }: LoadedRevision) {
  const now = (await repository.jobs.get(job.jobId)) ?? job;
  const state = await approvalStateOf(repository, now, revision.limits, definition);
  if (state.approved) return null;
  return { ok: false, failureClass: 'approval', message: state.reason, usage: {} } as const;
}

async function runOf(
  context: ExecutorContext,
  job: Job,
  { revision: { limits }, definition }: LoadedRevision,
  { step, config, policy, renderer, needs, environment }: LoadedStep,
  { unit, attempt }: Claim,
  results: JsonObject,
): Promise<Run> {
  const { payload } = unit;
  const retryReason = unit.failureClass === null ? null : await reasonOfRetry(context, attempt);
  const toRun: AttemptToRun = {
    jobId: job.jobId,
    scope: attempt.scope,
    index: attempt.index,
    attempt: attempt.attempt,
    attemptId: attempt.attemptId,
    step: step.name,
    prompt: renderer.render({ payload, results, ...(retryReason === null ? {} : { retryReason }) }),
    payload,
    results,
    outputSchema: step.outputSchema,
    budgetUsd: attempt.reservedUsd > 0 ? attempt.reservedUsd : policy.attemptCapUsd,
    ...(await sessionToContinue(context, attempt)),
  };
  return {
    attempts: [toRun],
    config,
    runDirectory: attempt.runDirectory,
    home: job.home,
    workingDirectory: job.workingDirectory,
    outputDirectory: stepDirectory(job.outputDirectory, step),
    // A step of scope job also reads the files of the units.
    readableDirectories: step.scope === 'job' ? [...definition.readable, job.outputDirectory] : definition.readable,
    timeoutMs: policy.timeoutMs ?? limits.timeout_s * 1000,
    deadlineAt: attempt.deadlineAt,
    idleTimeoutMs: policy.idleTimeoutMs ?? limits.idle_timeout_s * 1000,
    needs,
    environment,
  };
}

/** Returns the results of a unit at the steps before this attempt's, by the name of the step. */
async function earlierResults(
  { repository }: ExecutorContext,
  { steps }: LoadedRevision,
  { attempt }: Claim,
): Promise<JsonObject> {
  if (attempt.step === 0) return {};
  const results = await repository.units.resultsOf(attempt);
  const before = steps[attempt.scope].slice(0, attempt.step);
  return Object.fromEntries(before.map(({ step: { name } }, n) => [name, resultValue(results.get(n))]));
}

/**
 * Returns the reason of the unit's last failure of its own, if that helps the next attempt; else null. Later
 * interruptions (a busy service, a closed window, a kill) say nothing about the task and do not hide it.
 */
async function reasonOfRetry({ repository }: ExecutorContext, attempt: Claim['attempt']): Promise<string | null> {
  for (let number = attempt.attempt - 1; number > 0; number--) {
    const before = await repository.attempts.get({ ...attempt, attempt: number });
    if (!before?.failureClass || before.step !== attempt.step) return null;
    const { tellNextAttempt, unit: effect } = failureRule(before.failureClass);
    if (tellNextAttempt) return before.message;
    if (effect === 'retry' || effect === 'fail') return null;
  }
  return null;
}

/** Returns the failure of an attempt whose output directory cannot be created; null = it exists. */
function outputDirectoryFailure({ places }: ExecutorContext, { outputDirectory }: Run): Outcome | null {
  try {
    makeOutputDirectory(places, outputDirectory);
    return null;
  } catch (error) {
    if (isDiskFull(error)) throw error;
    const message = `the output directory ${outputDirectory} cannot be used: ${(error as Error).message}`;
    return { ok: false, failureClass: 'bad_input', message, usage: {} };
  }
}

/**
 * Returns the session of the previous attempt if it was cut off: its work is paid for. An attempt cut off before its
 * agent said anything is passed over. No session when the prompt, the schema or the worker has changed since: it would
 * continue with the old ones. Its cost is known when its attempt had a result line.
 */
async function sessionToContinue(
  { repository }: ExecutorContext,
  attempt: Claim['attempt'],
): Promise<Pick<AttemptToRun, 'resumeSessionId' | 'resumeCostUsd'>> {
  const none = { resumeSessionId: null };
  const taskOf = async (number: number) => {
    const revision = await repository.jobs.revision(attempt.jobId, number);
    return JSON.stringify(revision && stepAt(revision, attempt));
  };
  for (let number = attempt.attempt - 1; number > 0; number--) {
    const before = await repository.attempts.get({ ...attempt, attempt: number });
    if (before?.status !== 'interrupted' || before.step !== attempt.step) return none;
    const { sessionId, turns, costUsd, costEstimated } = before.usage;
    if (sessionId === undefined && turns === undefined) continue;
    if (attempt.scope === 'job' && (await begunAgain(repository, attempt.jobId, before.startedAt))) return none;
    const same =
      before.revision === attempt.revision || (await taskOf(before.revision)) === (await taskOf(attempt.revision));
    if (!same || sessionId === undefined) return none;
    return { resumeSessionId: sessionId, ...(costUsd !== undefined && !costEstimated && { resumeCostUsd: costUsd }) };
  }
  return none;
}

/** Latest events that are looked through for the last begin of the steps of scope job. */
const LATEST_EVENTS = 500;

/** Tells whether the steps of scope job have begun again, over new results, since an attempt started (epoch ms). */
async function begunAgain(
  { events }: ExecutorContext['repository'],
  jobId: string,
  startedAt: number,
): Promise<boolean> {
  const latest = await events.ofJob(jobId, Number.MAX_SAFE_INTEGER, LATEST_EVENTS);
  const begun = latest.find(({ type }) => type === 'job:step_started');
  return begun !== undefined && begun.at > startedAt;
}

/**
 * Redacts an outcome: results by the job's setting, other texts as logs. Redacted before it is cut: half a secret is
 * not recognized.
 */
function redacted({ notes, ...rest }: Outcome, { redactResults }: Job): Outcome {
  const outcome: Outcome = notes ? { ...rest, notes: redactNotes(notes) } : rest;
  if (!outcome.ok) return { ...outcome, message: cutMiddle(redact(outcome.message, 'logs'), MESSAGE_CHARS) };
  if (!redactResults) return outcome;
  const { result, removed } = redactResult(outcome.result);
  return { ...outcome, result, ...(removed > 0 && { notes: { ...outcome.notes, secretsRemoved: removed } }) };
}

function redactNotes(notes: AttemptNotes): AttemptNotes {
  if (!notes.toolsDenied) return notes;
  return { ...notes, toolsDenied: notes.toolsDenied.map((denied) => cutMiddle(redact(denied, 'logs'), DENIED_CHARS)) };
}

const MESSAGE_CHARS = 2000;
const DENIED_CHARS = 250;
