import type { Awaitable } from '../domain/awaitable.ts';
import type { Orchestrator } from '../orchestrator/index.ts';

/** A growing record that clients follow from any point on. */
export interface FeedSource {
  /** Changes whenever there is more; null = it is gone for good. Cheap: it is read at every look of every client. */
  mark(): Awaitable<string | null>;
  /** Returns what comes after a position, as one ready piece of an event stream; null when there is nothing yet. */
  page(after: number): Awaitable<FeedPage | null>;
  /** The time between two looks while the store does not change, ms: for a record that is not in the store. */
  readonly lookMs?: number;
}

/** One piece of a stream. */
export interface FeedPage {
  readonly text: string;
  /** The position behind it. */
  readonly next: number;
  /** Nothing will ever follow. */
  readonly last?: boolean;
}

/** Follows records for many clients at once: each page is made once for all who need it. */
export interface Feeds {
  /**
   * Yields the pieces of an event stream after a position, until the signal. It goes only as fast as it is read, and holds
   * one page at most, so that a slow client costs nothing. Throws what `source` throws.
   */
  follow(key: string, source: FeedSource, after: number, signal: AbortSignal): AsyncGenerator<string, void>;
  /** Clients that follow something now. */
  readonly clients: number;
  close(): void;
}

const HEARTBEAT_MS = 15_000;
/** Pages kept for other clients of the same records. */
const KEPT_PAGES = 64;
const GONE: FeedPage = { text: 'event: gone\ndata: {}\n\n', next: 0, last: true };

/** Makes the feeds of one server. */
export function createFeeds({ changes }: Pick<Orchestrator, 'changes'>): Feeds {
  const pages = new Map<string, Promise<FeedPage | null>>();
  const closing = new AbortController();
  let clients = 0;

  /** The page after a position; a record with another mark has other pages. */
  async function pageOf(key: string, source: FeedSource, position: number): Promise<FeedPage | null> {
    const mark = await source.mark();
    if (mark === null) return GONE;
    const name = JSON.stringify([key, mark, position]);
    const known = pages.get(name);
    if (known) return known;
    if (pages.size >= KEPT_PAGES) pages.clear();
    const page = Promise.resolve(source.page(position));
    pages.set(name, page);
    page.catch(() => pages.delete(name));
    return page;
  }

  async function* follow(
    key: string,
    source: FeedSource,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<string, void> {
    const stop = AbortSignal.any([signal, closing.signal]);
    let position = after;
    let sentAt = performance.now();
    const heartbeatDueMs = () => Math.max(0, sentAt + HEARTBEAT_MS - performance.now());
    const pauseMs = () => Math.min(source.lookMs ?? HEARTBEAT_MS, heartbeatDueMs());
    clients++;
    try {
      yield 'retry: 1000\n\n';
      for await (const _ of changes(stop, pauseMs)) {
        while (!stop.aborted) {
          const page = await pageOf(key, source, position);
          if (page === null) break;
          yield page.text;
          if (page.last) return;
          position = page.next;
          sentAt = performance.now();
        }
        if (heartbeatDueMs() > 0) continue;
        yield ': still here\n\n';
        sentAt = performance.now();
      }
    } finally {
      clients--;
      if (clients === 0) pages.clear();
    }
  }

  return {
    follow,
    get clients() {
      return clients;
    },
    close: () => closing.abort(),
  };
}
