import { z } from 'zod';
import { type Attempt, attemptDurationMs, resultValue, type UnitResult } from '../../domain/attempt.ts';
import { cut } from '../../domain/cut.ts';
import { AbpError } from '../../domain/error.ts';
import type { Job } from '../../domain/job.ts';
import { outputInPrompt } from '../../domain/job-output.ts';
import { usd } from '../../domain/money.ts';
import { stepAt } from '../../domain/step.ts';
import type { Unit, UnitRef } from '../../domain/unit.ts';
import { renderPrompt } from '../../prompt/render.ts';
import { EVERYWHERE, type OrchestratorDeps, operation, requireStoredJob } from '../operation.ts';
import { cursor, hintShape, iso, jobId, unitIndex } from '../shapes.ts';
import { conversationPage, conversationShape, DEFAULT_ENTRIES } from './conversation-page.ts';
import { classWords } from './current-advice.ts';
import { terminalCommand } from './terminal-command.ts';

/** Maximum characters of a text; the run directory has the full text. */
const TEXT_CHARS = 200_000;

const count = z.int().min(0);
const object = z.record(z.string(), z.unknown());

const attemptShape = z.object({
  attempt: count,
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
  /** Command that continues this session in a terminal. */
  continue_in_terminal: z.string().optional(),
  tools_used: z.record(z.string(), z.number()).optional(),
  tools_denied: z.array(z.string()).readonly().optional(),
  files_changed: z.array(z.string()).readonly().optional(),
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
    stage: z.enum(['main', 'post']).optional().describe('post: the post-processing unit'),
    attempt: z.int().min(1).max(100_000).optional().describe('Which attempt; default the latest'),
    conversation: z.boolean().optional().describe('Include a page of the conversation'),
    limit: z.int().min(1).max(100).optional().describe(`Entries of the conversation; default ${DEFAULT_ENTRIES}`),
    cursor: cursor.optional().describe('next_cursor of the previous page; end: the last page'),
  }),
  output: z.object({
    job_id: z.string(),
    job_name: z.string(),
    job_status: z.string(),
    unit: count,
    stage: z.enum(['main', 'post']),
    total_units: count,
    worker_type: z.string(),
    key: z.string(),
    status: z.string(),
    payload: object,
    failure: z.object({ class: z.string(), message: z.string(), meaning: z.string(), advice: hintShape }).optional(),
    not_before: z.string().optional(),
    retries_used: count,
    /** Rendered prompt in the current revision: that of the next attempt. */
    prompt: z.object({ system: z.string(), user: z.string() }).nullable(),
    attempts: z.array(attemptShape),
    conversation: conversationShape.optional(),
  }),
  effect: 'read',
  async run(deps, { job_id, unit: index, stage = 'main', attempt: number, conversation, limit, cursor: from }) {
    const job = await requireStoredJob(deps, job_id);
    const ref = { jobId: job_id, stage, index };
    const unit = await deps.repository.units.get(ref);
    if (!unit) {
      throw new AbpError('not_found', `${job_id} has no unit ${index}${stage === 'post' ? ' of stage post' : ''}.`, {
        hint: stage === 'post' ? postUnitOf(job) : `It has units 0 to ${job.totalUnits - 1}.`,
      });
    }
    const attempts = await deps.repository.attempts.ofUnit(ref);
    const chosen = chosenOf(ref, attempts, number);
    const read = conversation ?? (from !== undefined && from !== '');
    const { failureClass } = unit;
    return {
      job_id,
      job_name: job.name,
      job_status: job.status,
      unit: index,
      stage,
      total_units: job.totalUnits,
      worker_type: (await workerTypeOf(deps, job, unit)) ?? 'unknown',
      key: unit.key,
      status: unit.status,
      payload: unit.payload,
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
      prompt: await promptOf(deps, job, unit),
      attempts: await Promise.all(attempts.map((attempt) => show(deps, job, unit, attempt))),
      ...(read && chosen ? { conversation: await conversationPage(deps, chosen, limit, from) } : {}),
    };
  },
});

function postUnitOf(job: Job): string {
  if (!job.postProcessing) return 'It was created without post-processing.';
  return 'Of stage post it has unit 0, once its post-processing has begun.';
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

async function workerTypeOf({ repository }: OrchestratorDeps, { jobId, revision }: Job, unit: Unit) {
  const now = await repository.jobs.revision(jobId, revision);
  return now ? stepAt(now, unit).worker.type : undefined;
}

async function promptOf({ repository }: OrchestratorDeps, job: Job, unit: Unit) {
  const revision = await repository.jobs.revision(job.jobId, job.revision);
  if (!revision || unit.stage === 'post') return null;
  const { template, worker } = stepAt(revision, unit);
  if (template === '') return null;
  const steps = revision.steps.slice(0, unit.step);
  const found = await repository.units.resultsOf(unit);
  const results = Object.fromEntries(steps.map(({ name }, n) => [name, resultValue(found.get(n))]));
  const outputDirectory = outputInPrompt(worker.type, job.outputDirectory);
  const { fields } = job;
  const { payload } = unit;
  const { system, user } = await renderPrompt({ template, fields, steps, outputDirectory, payload, results });
  return { system: cut(system, TEXT_CHARS), user: cut(user, TEXT_CHARS) };
}

async function show(
  deps: OrchestratorDeps,
  job: Job,
  unit: Unit,
  attempt: Attempt,
): Promise<z.input<typeof attemptShape>> {
  const { usage, notes, result } = attempt;
  const terminal = await terminalCommand(deps, job, unit, attempt);
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
    ...(terminal ? { continue_in_terminal: terminal } : {}),
    ...(notes?.model ? { model: notes.model } : {}),
    ...(notes?.toolsUsed ? { tools_used: notes.toolsUsed } : {}),
    ...(notes?.toolsDenied?.length ? { tools_denied: notes.toolsDenied } : {}),
    ...(notes?.filesChanged?.length ? { files_changed: notes.filesChanged } : {}),
    ...(notes?.remarks ? { remarks: notes.remarks } : {}),
    ...(notes?.secretsRemoved ? { secrets_removed: notes.secretsRemoved } : {}),
    started_at: iso(attempt.startedAt),
    ended_at: iso(attempt.endedAt),
    duration_s: attemptDurationMs(attempt, deps.clock.now()) / 1000,
    run_directory: attempt.runDirectory,
    ...(result ? { result: showResult(result) } : {}),
  };
}

/** Shows a result as it is stored; secrets were removed before that. */
function showResult({ text, structured, artifacts = [] }: UnitResult) {
  return {
    text: text === null ? null : cut(text, TEXT_CHARS),
    ...(structured === undefined ? {} : { structured }),
    artifacts: artifacts.map((artifact) => ({ ...artifact })),
  };
}
