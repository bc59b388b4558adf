import { statSync } from 'node:fs';
import { z } from 'zod';
import type { Attempt, AttemptRef } from '../../domain/attempt.ts';
import { cut } from '../../domain/cut.ts';
import { AbpError } from '../../domain/error.ts';
import { hint, mention } from '../../domain/hint.ts';
import { redact, redactLines } from '../../domain/redact.ts';
import { stepAt } from '../../domain/step.ts';
import type { ConversationEntry } from '../../ports/worker.ts';
import { runFile } from '../../workers/process/run-directory.ts';
import { type OrchestratorDeps, operation, SCREENS } from '../operation.ts';
import { jobId, unitIndex } from '../shapes.ts';
import { jsonBytes, truncate } from '../truncate.ts';
import { ENTRY_BYTES, PAGE_BYTES } from './caps.ts';

const DEFAULT_ENTRIES = 200;
const STEP_CHARS = 300;

const entry = z.object({
  seq: z.int(),
  role: z.enum(['system', 'user', 'assistant', 'tool', 'result', 'log']),
  kind: z.enum(['text', 'tool_call', 'tool_result', 'notice']),
  tool: z.string().optional(),
  text: z.string(),
  images: z.array(z.string()).readonly().optional().describe('Data URLs'),
});

/** Returns the conversation of an attempt from a line on. */
export const attemptLog = operation({
  name: 'attempt_log',
  title: 'Conversation of an attempt',
  interfaces: SCREENS,
  description:
    'The conversation of one attempt in order, while it happens and afterwards. Poll with since = next_since; entries of one line of the log share a seq and are always on one page. ended = no entry will follow.',
  input: z.strictObject({
    job_id: jobId,
    unit: unitIndex,
    attempt: z.int().min(1).max(100_000),
    scope: z.enum(['unit', 'job']).optional().describe('job: the unit that passes the steps over all results'),
    since: z.int().min(-1).optional().describe('Only entries after this seq; default -1: from the beginning'),
    limit: z.int().min(1).max(1000).optional().describe(`About how many entries; default ${DEFAULT_ENTRIES}`),
  }),
  output: z.object({
    job_id: z.string(),
    unit: z.int(),
    attempt: z.int(),
    entries: z.array(entry),
    next_since: z.int(),
    more: z.boolean(),
    ended: z.boolean(),
  }),
  effect: 'read',
  async run(deps, { job_id, unit, attempt: number, scope = 'unit', since = -1, limit = DEFAULT_ENTRIES }) {
    const attempt = await requireAttempt(deps, { jobId: job_id, scope, index: unit, attempt: number });
    // Read before the files: an attempt that ends in between is reported as ended by the next call, with all its entries.
    const ended = attempt.status !== 'running';
    const { worker } = await deps.workers.parse(await workerOf(deps, attempt));
    const entries: ConversationEntry[] = [];
    let more = false;
    let bytes = 0;
    const clean = redactLines();
    for await (const step of worker.conversation(attempt.runDirectory, since + 1)) {
      if ((entries.length >= limit || bytes >= PAGE_BYTES) && step.seq !== entries.at(-1)?.seq) {
        more = true;
        break;
      }
      const shown = { ...step, text: truncate(clean(step.text), ENTRY_BYTES) };
      entries.push(shown);
      bytes += jsonBytes(shown);
    }
    return {
      job_id,
      unit,
      attempt: number,
      entries,
      next_since: entries.at(-1)?.seq ?? since,
      more,
      ended: ended && !more,
    };
  },
});

/** Reads the latest step of a running attempt's conversation, truncated; null = there is none yet. */
export async function latestStep(deps: OrchestratorDeps, attempt: Attempt) {
  const mark = logBytes(attempt);
  const known = steps.get(attempt.attemptId);
  if (known?.mark === mark) return known.step;
  const { worker } = await deps.workers.parse(await workerOf(deps, attempt));
  const found = await worker.latestStep(attempt.runDirectory);
  const step = found && { kind: found.kind, ...(found.tool ? { tool: found.tool } : {}), text: brief(found.text) };
  if (steps.size >= KEPT_STEPS) steps.clear();
  steps.set(attempt.attemptId, { mark, step });
  return step;
}

type Step = { readonly kind: string; readonly tool?: string; readonly text: string };

/** Cache: many viewers of a page ask for the same steps again and again. */
const steps = new Map<string, { readonly mark: string; readonly step: Step | null }>();
const KEPT_STEPS = 1000;

function brief(text: string): string {
  return cut(redact(text, 'logs').trim().replace(/\s+/g, ' '), STEP_CHARS);
}

async function workerOf({ repository }: Pick<OrchestratorDeps, 'repository'>, attempt: Attempt) {
  const revision = await repository.jobs.revision(attempt.jobId, attempt.revision);
  if (!revision) throw new AbpError('store', `${attempt.jobId} has no revision ${attempt.revision}.`);
  return stepAt(revision, attempt).worker;
}

async function requireAttempt({ repository }: Pick<OrchestratorDeps, 'repository'>, ref: AttemptRef): Promise<Attempt> {
  const attempt = await repository.attempts.get(ref);
  if (attempt) return attempt;
  throw new AbpError('not_found', `Unit ${ref.index} of ${ref.jobId} has no attempt ${ref.attempt}.`, {
    hint: hint`${mention('get_unit')} shows the attempts of a unit.`,
  });
}

/** Returns the sizes of the files of an attempt's conversation, as one text. */
export function logBytes({ runDirectory }: Attempt): string {
  const size = (file: 'stdout' | 'stderr') =>
    statSync(runFile(runDirectory, file), { throwIfNoEntry: false })?.size ?? -1;
  return `${size('stdout')} ${size('stderr')}`;
}
