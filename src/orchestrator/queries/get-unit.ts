import { z } from 'zod';
import { type Attempt, attemptDurationMs, resultValue, type UnitResult } from '../../domain/attempt.ts';
import { AbpError } from '../../domain/error.ts';
import { type Job, needsPerson, type Revision } from '../../domain/job.ts';
import { outputInPrompt } from '../../domain/job-output.ts';
import { usd } from '../../domain/money.ts';
import { stepAt, stepsOf } from '../../domain/step.ts';
import type { Unit, UnitRef } from '../../domain/unit.ts';
import { renderPrompt } from '../../prompt/render.ts';
import { EVERYWHERE, type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { cursor, hintShape, iso, jobId, jobStatusName, unitIndex } from '../shapes.ts';
import { truncate, truncateObject, truncateValue } from '../truncate.ts';
import { attemptNotes } from './attempt-notes.ts';
import { CELL_BYTES, TEXT_BYTES } from './caps.ts';
import { conversationPage, conversationShape, DEFAULT_ENTRIES } from './conversation-page.ts';
import { classWords } from './current-advice.ts';
import { jobStepsOf, stepNamed } from './step-status.ts';
import { terminalCommand } from './terminal-command.ts';

const count = z.int().min(0);
const object = z.record(z.string(), z.unknown());

const attemptShape = z.object({
  attempt: count,
  /** Name of its step, in a job with several. */
  step: z.string().optional(),
  purpose: z.string(),
  status: z.string(),
  revision: count,
  failure_class: z.string().optional(),
  message: z.string().optional(),
  cost_usd: z.number().optional(),
  cost_estimated: z.boolean().optional(),
  input_tokens: count.optional(),
  output_tokens: count.optional(),
  turns: count.optional(),
  model: z.string().optional(),
  session_id: z.string().optional(),
  /** Command that continues this session in a terminal: of the chosen attempt, with `details` of each. */
  continue_in_terminal: z.string().optional(),
  tools_used: z.record(z.string(), z.number()).optional(),
  tools_denied: z.array(z.string()).readonly().optional(),
  tools_denied_left_out: count.optional(),
  files_changed: z.array(z.string()).readonly().optional(),
  files_changed_left_out: count.optional(),
  /** Observations that did not decide the verdict. */
  remarks: z.array(z.string()).readonly().optional(),
  /** Secrets removed from the result before it was stored. */
  secrets_removed: count.optional(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  duration_s: z.number(),
  run_directory: z.string(),
  result: z
    .object({
      text: z.string().nullable(),
      structured: z.unknown().optional(),
      artifacts: z.array(z.object({ path: z.string(), bytes: z.number() })),
    })
    .optional(),
});

/** Returns one unit with all attempts, and on request a page of the conversation of one of them. */
export const getUnit = operation({
  name: 'get_unit',
  title: 'One unit in detail',
  interfaces: EVERYWHERE,
  description:
    'Shows one unit: payload, attempts with cost and failure, the result, and with conversation=true one page of what its agent said and did. Long texts are truncated; the paths lead to the full text.',
  input: z.strictObject({
    job_id: jobId,
    unit: unitIndex,
    scope: z.enum(['unit', 'job']).optional().describe('job: the unit that passes the steps over all results'),
    attempt: z.int().min(1).max(100_000).optional().describe('Which attempt; default the latest'),
    conversation: z.boolean().optional().describe('Include a page of the conversation'),
    limit: z.int().min(1).max(100).optional().describe(`Entries of the conversation; default ${DEFAULT_ENTRIES}`),
    cursor: cursor.optional().describe('next_cursor of the previous page; end: the last page'),
    details: z
      .boolean()
      .optional()
      .describe('Include the rendered prompt, and the command that continues each attempt in a terminal'),
  }),
  output: z.object({
    job_id: z.string(),
    job_name: z.string(),
    job_status: jobStatusName,
    unit: count,
    scope: z.enum(['unit', 'job']),
    total_units: count,
    worker_type: z.string(),
    key: z.string(),
    status: z.string(),
    /** Name of the step that it is at, or passed last, in a job with several. */
    step: z.string().optional(),
    /** True when only a person can allow its job to run. */
    needs_person: z.boolean(),
    payload: object,
    failure: z.object({ class: z.string(), message: z.string(), meaning: z.string(), advice: hintShape }).optional(),
    not_before: z.string().optional(),
    retries_used: count,
    /** Rendered prompt in the current revision: that of the next attempt; only with `details`. */
    prompt: z.object({ system: z.string(), user: z.string() }).nullable().optional(),
    attempts: z.array(attemptShape),
    conversation: conversationShape.optional(),
  }),
  effect: 'read',
  async run(deps, { job_id, unit: index, scope = 'unit', attempt: number, details = false, ...page }) {
    const job = await requireStoredJob(deps, job_id);
    const ref = { jobId: job_id, scope, index };
    const unit = await deps.repository.units.get(ref);
    if (!unit) {
      throw new AbpError('not_found', `${job_id} has no unit ${index}${scope === 'job' ? ' of scope job' : ''}.`, {
        hint: scope === 'job' ? await jobUnitOf(deps, job) : `It has units 0 to ${job.totalUnits - 1}.`,
      });
    }
    const revision = await deps.repository.jobs.revision(job_id, job.revision);
    const attempts = await deps.repository.attempts.ofUnit(ref);
    const chosen = chosenOf(ref, attempts, number);
    const read = page.conversation ?? (page.cursor !== undefined && page.cursor !== '');
    const resultBytes = shareOf(attempts.filter(({ result }) => result !== null).length);
    const shown = async (attempt: Attempt) => ({
      ...show(deps, attempt, resultBytes),
      ...stepNamed(revision, attempt),
      ...(details || attempt === chosen ? await continuation(deps, job, unit, attempt) : {}),
    });
    const { failureClass } = unit;
    return {
      job_id,
      job_name: job.name,
      job_status: job.status,
      unit: index,
      scope,
      total_units: job.totalUnits,
      worker_type: revision ? stepAt(revision, unit).worker.type : 'unknown',
      key: truncate(unit.key, TEXT_BYTES),
      status: unit.status,
      ...stepNamed(revision, unit),
      needs_person: needsPerson(job),
      payload: truncateObject(unit.payload, TEXT_BYTES),
      ...(failureClass
        ? {
            failure: {
              class: failureClass,
              message: unit.failureMessage ?? '',
              ...(await classWords(deps, job, failureClass, unit)),
            },
          }
        : {}),
      ...(unit.status === 'pending' && unit.notBefore > 0 ? { not_before: iso(unit.notBefore) } : {}),
      retries_used: unit.retriesUsed,
      ...(details ? { prompt: revision && (await promptOf(deps, job, revision, unit)) } : {}),
      attempts: await Promise.all(attempts.map(shown)),
      ...(read && chosen ? { conversation: await conversationPage(deps, chosen, page.limit, page.cursor) } : {}),
    };
  },
});

async function jobUnitOf({ repository }: OrchestratorDeps, job: Job): Promise<string> {
  if ((await jobStepsOf(repository, job)).length === 0) return 'It has no step of scope job.';
  return 'Of scope job it has unit 0, once its first step of that scope has begun.';
}

/** The attempt with this number, by default the latest; undefined = there is none yet. Throws `not_found`. */
function chosenOf({ jobId: id, index }: UnitRef, attempts: readonly Attempt[], number: number | undefined) {
  if (number === undefined) return attempts.at(-1);
  const found = attempts.find(({ attempt }) => attempt === number);
  if (found) return found;
  throw new AbpError('not_found', `Unit ${index} of ${id} has no attempt ${number}.`, {
    hint: `It has ${attempts.length}.`,
  });
}

async function promptOf({ repository }: OrchestratorDeps, job: Job, revision: Revision, unit: Unit) {
  if (unit.scope === 'job') return null;
  const { template, worker } = stepAt(revision, unit);
  if (template === '') return null;
  const steps = stepsOf(revision, 'unit').slice(0, unit.step);
  const found = await repository.units.resultsOf(unit);
  const results = Object.fromEntries(steps.map(({ name }, n) => [name, resultValue(found.get(n))]));
  const outputDirectory = outputInPrompt(worker.type, job.outputDirectory);
  const { fields } = job;
  const { payload } = unit;
  const { system, user } = await renderPrompt({ template, fields, steps, outputDirectory, payload, results });
  return { system: truncate(system, TEXT_BYTES), user: truncate(user, TEXT_BYTES) };
}

/** Bytes for each of so many results. */
function shareOf(results: number): number {
  return Math.max(CELL_BYTES, Math.floor(TEXT_BYTES / Math.max(1, results)));
}

async function continuation(deps: OrchestratorDeps, job: Job, unit: Unit, attempt: Attempt) {
  const command = await terminalCommand(deps, job, unit, attempt);
  return command === null ? {} : { continue_in_terminal: command };
}

function show(deps: OrchestratorDeps, attempt: Attempt, resultBytes: number): z.input<typeof attemptShape> {
  const { usage, notes, result } = attempt;
  return {
    attempt: attempt.attempt,
    purpose: attempt.purpose,
    status: attempt.status,
    revision: attempt.revision,
    ...(attempt.failureClass ? { failure_class: attempt.failureClass, message: attempt.message ?? '' } : {}),
    ...(usage.costUsd === undefined ? {} : { cost_usd: usd(usage.costUsd) }),
    ...(usage.costEstimated ? { cost_estimated: true } : {}),
    ...(usage.inputTokens === undefined ? {} : { input_tokens: usage.inputTokens }),
    ...(usage.outputTokens === undefined ? {} : { output_tokens: usage.outputTokens }),
    ...(usage.turns === undefined ? {} : { turns: usage.turns }),
    ...(usage.sessionId ? { session_id: usage.sessionId } : {}),
    ...(notes?.model ? { model: notes.model } : {}),
    ...attemptNotes(notes, CELL_BYTES),
    ...(notes?.remarks ? { remarks: notes.remarks } : {}),
    started_at: iso(attempt.startedAt),
    ended_at: iso(attempt.endedAt),
    duration_s: attemptDurationMs(attempt, deps.clock.now()) / 1000,
    run_directory: attempt.runDirectory,
    ...(result ? { result: showResult(result, resultBytes) } : {}),
  };
}

/** Shows a result as it is stored; secrets were removed before that. */
function showResult({ text, structured, artifacts = [] }: UnitResult, bytes: number) {
  return {
    text: text === null ? null : truncate(text, bytes),
    ...(structured === undefined ? {} : { structured: truncateValue(structured, bytes) }),
    artifacts: artifacts.map((artifact) => ({ ...artifact })),
  };
}
