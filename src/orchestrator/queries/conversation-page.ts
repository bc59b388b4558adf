import { z } from 'zod';
import type { Attempt } from '../../domain/attempt.ts';
import { AbpError } from '../../domain/error.ts';
import { redactLines } from '../../domain/redact.ts';
import { stepAt } from '../../domain/step.ts';
import type { ConversationEntry, Worker } from '../../ports/worker.ts';
import type { OrchestratorDeps } from '../operation.ts';
import { badCursor } from '../shapes.ts';
import { jsonBytes, truncate, truncateMessage } from '../truncate.ts';
import { ENTRY_BYTES, PAGE_BYTES } from './caps.ts';

/** Entries of a page by default. */
export const DEFAULT_ENTRIES = 20;

/** Cursor that asks for the last page. */
export const END = 'end';

/** Shape of a page; `cursor` of an entry begins a page at it. */
export const conversationShape = z.object({
  attempt: z.int(),
  entries: z.array(
    z.looseObject({ seq: z.int(), role: z.string(), kind: z.string(), text: z.string(), cursor: z.string() }),
  ),
  next_cursor: z.string().nullable(),
  path: z.string(),
});

type Page = z.input<typeof conversationShape>;

/**
 * Reads one page of an attempt's conversation: redacted, with at least one entry. `from` is the `next_cursor` of the previous
 * page, or `end`. Throws `invalid_input` for another cursor.
 */
export async function conversationPage(
  deps: OrchestratorDeps,
  attempt: Attempt,
  limit = DEFAULT_ENTRIES,
  from = '',
): Promise<Page> {
  const worker = await workerOf(deps, attempt);
  const page = { attempt: attempt.attempt, path: attempt.runDirectory };
  if (from === END) return { ...page, entries: await lastEntries(worker, attempt, limit), next_cursor: null };
  const entries: Page['entries'] = [];
  const first = parsePosition(from);
  let bytes = 0;
  for await (const entry of entriesFrom(worker, attempt, first.seq)) {
    if (entry.seq === first.seq && positionIn(entry) < first.skip) continue;
    if (entries.length >= limit || bytes >= PAGE_BYTES) return { ...page, entries, next_cursor: entry.cursor };
    const shown = { ...entry, text: truncate(entry.text, ENTRY_BYTES) };
    entries.push(shown);
    bytes += jsonBytes(shown);
  }
  return { ...page, entries, next_cursor: null };
}

/** Reads entries from a line of the log on, each with its position: those of one line share its number. */
async function* entriesFrom(worker: Worker, { runDirectory }: Attempt, seq: number): AsyncGenerator<Entry> {
  const clean = redactLines();
  let at = { seq, skip: 0 };
  for await (const { images: _forScreens, ...entry } of worker.conversation(runDirectory, seq)) {
    at = entry.seq === at.seq ? at : { seq: entry.seq, skip: 0 };
    yield { ...entry, text: clean(entry.text), cursor: at.skip === 0 ? String(at.seq) : `${at.seq}.${at.skip}` };
    at.skip++;
  }
}

type Entry = Omit<ConversationEntry, 'images'> & { readonly cursor: string };

function positionIn({ cursor }: Entry): number {
  return parsePosition(cursor).skip;
}

/** Reads the last entries, each with its end; the cause of a failure is at the end. */
async function lastEntries(worker: Worker, attempt: Attempt, limit: number): Promise<Page['entries']> {
  const entries: Entry[] = [];
  let bytes = 0;
  for await (const entry of entriesFrom(worker, attempt, 0)) {
    const shown = { ...entry, text: truncateMessage(entry.text, ENTRY_BYTES) };
    entries.push(shown);
    bytes += jsonBytes(shown);
    while (entries.length > 1 && (entries.length > limit || bytes > PAGE_BYTES)) bytes -= jsonBytes(entries.shift());
  }
  return entries;
}

/** Position that a page begins at: a line of the log, and how many of its entries to skip. */
function parsePosition(text: string): { readonly seq: number; readonly skip: number } {
  if (text === '') return { seq: 0, skip: 0 };
  const [, seq, skip = '0'] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seq === undefined) throw badCursor(text);
  return { seq: Number(seq), skip: Number(skip) };
}

async function workerOf(deps: OrchestratorDeps, attempt: Attempt) {
  const revision = await deps.repository.jobs.revision(attempt.jobId, attempt.revision);
  if (!revision) throw new AbpError('store', `${attempt.jobId} has no revision ${attempt.revision}.`);
  return (await deps.workers.parse(stepAt(revision, attempt).worker)).worker;
}
