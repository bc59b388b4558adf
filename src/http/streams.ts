import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { AbpError, toAbpError } from '../domain/error.ts';
import { parseWith } from '../domain/validate.ts';
import type { InputOf, Orchestrator } from '../orchestrator/index.ts';
import { attemptLog } from '../orchestrator/queries/attempt-log.ts';
import type { HttpEnv } from './caller.ts';
import { ENDPOINTS, routerPath } from './endpoints.ts';
import type { FeedSource, Feeds } from './feed.ts';
import { headerValue, inputReader, resourceReader } from './input.ts';
import { jobEvents } from './resources.ts';
import { OWN_CALL, serverCall } from './server-call.ts';

const EVENTS_A_PAGE = 200;
const ENTRIES_A_PAGE = 100;
/** What an agent says goes to files, of which the store's feed does not know. */
const LOG_LOOK_MS = 250;

/** Adds the live streams: events of a job, and the log of an attempt while it runs. */
export function addStreams(app: Hono<HttpEnv>, orchestrator: Orchestrator, feeds: Feeds): void {
  const { call } = orchestrator;

  const readEvents = resourceReader(jobEvents);
  app.get(routerPath(jobEvents.path), async (c) => {
    const { job_id, since = 0 } = await readEvents(c);
    const { last_seq } = await call('list_events', { job_id, after: -1, limit: 0 }, serverCall(c));
    return streamed(c, feeds, `events ${job_id}`, eventSource(job_id), beginning(c, since, last_seq));
  });

  for (const endpoint of ENDPOINTS.filter(({ operation }) => operation.name === attemptLog.name)) {
    const readLog = inputReader(endpoint, attemptLog.input);
    // The address of the view for polling: the Accept header chooses between the two.
    app.get(routerPath(endpoint.path), async (c, next) => {
      if (!c.req.header('Accept')?.includes('text/event-stream')) return next();
      const input = parseWith(attemptLog.input, await readLog(c), 'request');
      const { job_id, scope = 'unit', unit, attempt, since = -1 } = input;
      const log = { job_id, scope, unit, attempt };
      // An attempt that does not exist is a 404 before the stream begins.
      await call('attempt_log', { ...log, limit: 1 }, serverCall(c));
      const name = `log ${job_id} ${scope} ${unit} ${attempt}`;
      return streamed(c, feeds, name, logSource(log), lastSeen(c) ?? since);
    });
  }

  function eventSource(job_id: string): FeedSource {
    const eventsAfter = (after: number, limit: number) => call('list_events', { job_id, after, limit }, OWN_CALL);
    return {
      mark: () => eventsAfter(-1, 0).then(({ last_seq }) => String(last_seq), nullIfGone),
      page: async (after) => {
        // Deleted since its mark was read: the next look sees that.
        const { events } = (await eventsAfter(after, EVENTS_A_PAGE).catch(nullIfGone)) ?? { events: [] };
        const last = events.at(-1);
        return last ? { text: events.map((event) => piece(event.seq, event)).join(''), next: last.seq } : null;
      },
    };
  }

  function logSource(log: InputOf<'attempt_log_version'>): FeedSource {
    return {
      lookMs: LOG_LOOK_MS,
      mark: async () => (await call('attempt_log_version', log, OWN_CALL)).version,
      page: async (since) => {
        const page = await call('attempt_log', { ...log, since, limit: ENTRIES_A_PAGE }, OWN_CALL);
        const lines = Map.groupBy(page.entries, (entry) => entry.seq);
        const text = [...lines].map(([seq, entries]) => piece(seq, { entries })).join('');
        if (page.ended) return { text: `${text}event: end\ndata: {}\n\n`, next: page.next_since, last: true };
        return page.entries.length > 0 ? { text, next: page.next_since } : null;
      },
    };
  }
}

/** Returns the mark of a job that was deleted. Throws any other error. */
function nullIfGone(error: unknown): null {
  if (toAbpError(error).code === 'not_found') return null;
  throw error;
}

function piece(id: number, data: unknown): string {
  return `id: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Returns the id of the last piece that a reconnecting client has received. */
function lastSeen(c: Context): number | undefined {
  return headerValue(c, 'Last-Event-ID', z.int().min(-1));
}

/**
 * Returns the event after which a stream begins. Throws AbpError `invalid_input` when `since` is beyond the latest event. A
 * Last-Event-ID beyond it (the store was restored, say) continues from now: a browser that reconnects shows no error.
 */
function beginning(c: Context, since: number | 'latest', latest: number): number {
  const seen = lastSeen(c);
  if (seen !== undefined) return Math.min(seen, latest);
  if (since === 'latest') return latest;
  if (since <= latest) return since;
  throw new AbpError('invalid_input', `since: expected at most ${latest}, the latest event so far, found ${since}.`, {
    hint: 'since=latest begins now.',
  });
}

function streamed(c: Context<HttpEnv>, feeds: Feeds, key: string, source: FeedSource, after: number): Response {
  const leaving = new AbortController();
  const pieces = feeds.follow(key, source, after, AbortSignal.any([c.req.raw.signal, leaving.signal]));
  const encoder = new TextEncoder();
  // Pulled only: no page is made before the client has read the one before.
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await pieces.next();
        if (piece.done) controller.close();
        else controller.enqueue(encoder.encode(piece.value));
      },
      async cancel() {
        leaving.abort();
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return c.body(body, 200, {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
}
