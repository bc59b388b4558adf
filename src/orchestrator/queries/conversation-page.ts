import type { Attempt } from '../../domain/attempt.ts';
import { AbpError } from '../../domain/error.ts';
import { redactLines } from '../../domain/redact.ts';
import type { ConversationEntry, Worker } from '../../ports/worker.ts';
import type { OrchestratorDeps } from '../operation.ts';
import { badCursor } from '../shapes.ts';
import { jsonBytes, truncate, truncateMessage } from '../truncate.ts';

/** Entries of a page by default. */
export const DEFAULT_ENTRIES = 20;
const ENTRY_BYTES = 600;

/** Cursor that asks for the last page. */
const END = 'end';

/**
 * Reads one page of an attempt's conversation: redacted, each entry truncated, the page below `bytes` bytes of JSON but with
 * at least one entry. `from` is the `next_cursor` of the previous page, or `end`. Throws `invalid_input` for another cursor.
 */
export async function conversationPage(
  deps: OrchestratorDeps,
  attempt: Attempt,
  bytes: number,
  limit = DEFAULT_ENTRIES,
  from = '',
) {
  const worker = await workerOf(deps, attempt);
  if (from === END) return lastPage(worker, attempt, bytes, limit);
  const entries: Omit<ConversationEntry, 'images'>[] = [];
  const first = parsePosition(from);
  let at = { seq: first.seq, skip: 0 };
  let next: string | null = null;
  let room = bytes - jsonBytes({ path: attempt.runDirectory }) - 150;
  const clean = redactLines();
  for await (const { images: _forScreens, ...entry } of worker.conversation(attempt.runDirectory, first.seq)) {
    // Entries of one line share its number; `skip` counts them within the line.
    at = entry.seq === at.seq ? at : { seq: entry.seq, skip: 0 };
    const place = at.skip === 0 ? String(at.seq) : `${at.seq}.${at.skip}`;
    const isSeen = at.seq === first.seq && at.skip < first.skip;
    at.skip++;
    const text = clean(entry.text);
    if (isSeen) continue;
    const shown = { ...entry, text: truncate(text, ENTRY_BYTES) };
    room -= jsonBytes(shown) + 1;
    if (entries.length >= limit || (room < 0 && entries.length > 0)) {
      next = place;
      break;
    }
    entries.push(shown);
  }
  return { attempt: attempt.attempt, entries, next_cursor: next, path: attempt.runDirectory };
}

/** Reads the last entries that fit; the cause of a failure is at the end. */
async function lastPage(worker: Worker, attempt: Attempt, bytes: number, limit: number) {
  const entries: Omit<ConversationEntry, 'images'>[] = [];
  const clean = redactLines();
  let room = bytes - jsonBytes({ path: attempt.runDirectory }) - 150;
  for await (const { images: _forScreens, ...entry } of worker.conversation(attempt.runDirectory, 0)) {
    const shown = { ...entry, text: truncateMessage(clean(entry.text), ENTRY_BYTES) };
    entries.push(shown);
    room -= jsonBytes(shown) + 1;
    while (entries.length > limit || (room < 0 && entries.length > 1)) room += jsonBytes(entries.shift()) + 1;
  }
  return { attempt: attempt.attempt, entries, next_cursor: null, path: attempt.runDirectory };
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
  return (await deps.workers.parse(revision.worker)).worker;
}
