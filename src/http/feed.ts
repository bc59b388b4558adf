import type { Awaitable } from '../domain/awaitable.ts';
import { type AbpError, toAbpError } from '../domain/error.ts';

/** A growing record that clients follow from any point on. */
export interface FeedSource {
  /** Changes whenever there is more; null = it is gone for good. Cheap: it is looked at four times a second. */
  mark(): string | null;
  /** What comes after a position, as one ready piece of an event stream; null when there is nothing yet. */
  page(after: number): Awaitable<FeedPage | null>;
}

/** One piece of a stream. */
export interface FeedPage {
  readonly text: string;
  /** The position behind it. */
  readonly next: number;
  /** Nothing will ever follow. */
  readonly last?: boolean;
}

/** Follows records for many clients at once: one look for all who follow the same, each page made once for all who need it. */
export interface Feeds {
  /**
   * Pieces of an event stream after a position, until the signal. It goes only as fast as it is read, and holds one page
   * at most, so that a slow client costs nothing.
   */
  follow(key: string, source: FeedSource, after: number, signal: AbortSignal): AsyncGenerator<string, void>;
  /** Clients that follow something now. */
  readonly clients: number;
  close(): void;
}

const LOOK_MS = 250;
const HEARTBEAT_MS = 15_000;
/** Pages kept for clients at other positions of the same record. */
const KEPT_PAGES = 16;

/** Everything that the followers of one record share. */
interface Channel {
  readonly source: FeedSource;
  followers: number;
  mark: string | null;
  /** Why it cannot be looked at any more. */
  broken?: AbpError;
  pages: Map<number, Promise<FeedPage | null>>;
  /** Followers that wait for a change. */
  readonly waiting: Set<() => void>;
}

/** Makes the feeds of one server. */
export function createFeeds(): Feeds {
  const channels = new Map<string, Channel>();
  const closing = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let clients = 0;

  function look(): void {
    for (const [key, channel] of channels) {
      try {
        const mark = channel.source.mark();
        if (mark === channel.mark) continue;
        channel.mark = mark;
      } catch (error) {
        // Its streams end with it; who comes back is told why.
        channel.broken = toAbpError(error);
        channels.delete(key);
      }
      channel.pages = new Map();
      for (const wake of channel.waiting) wake();
    }
  }

  function enter(key: string, source: FeedSource): Channel {
    const channel = channels.get(key) ?? {
      source,
      followers: 0,
      mark: source.mark(),
      pages: new Map(),
      waiting: new Set(),
    };
    channels.set(key, channel);
    channel.followers++;
    clients++;
    timer ??= setInterval(look, LOOK_MS);
    return channel;
  }

  function leave(key: string, channel: Channel): void {
    channel.followers--;
    clients--;
    if (channel.followers === 0 && channels.get(key) === channel) channels.delete(key);
    if (channels.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  async function* follow(
    key: string,
    source: FeedSource,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<string, void> {
    const stop = AbortSignal.any([signal, closing.signal]);
    const channel = enter(key, source);
    let position = after;
    try {
      yield 'retry: 1000\n\n';
      while (!stop.aborted) {
        const { mark } = channel;
        if (channel.broken) throw channel.broken;
        if (mark === null) {
          yield 'event: gone\ndata: {}\n\n';
          return;
        }
        const page = await pageOf(channel, position);
        if (page) {
          position = page.next;
          yield page.text;
          if (page.last) return;
        } else if (channel.mark === mark && (await change(channel, stop)) === 'quiet') {
          yield ': still here\n\n';
        }
      }
    } finally {
      leave(key, channel);
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

function pageOf(channel: Channel, position: number): Promise<FeedPage | null> {
  const known = channel.pages.get(position);
  if (known) return known;
  const page = Promise.resolve(channel.source.page(position));
  if (channel.pages.size >= KEPT_PAGES) channel.pages.clear();
  channel.pages.set(position, page);
  return page;
}

/** Waits for a change, the end, or so long that the client should hear that we live; leaves nothing behind. */
function change({ waiting }: Channel, stop: AbortSignal): Promise<'changed' | 'quiet'> {
  return new Promise((resolve) => {
    const done = (what: 'changed' | 'quiet') => {
      clearTimeout(timer);
      waiting.delete(wake);
      stop.removeEventListener('abort', wake);
      resolve(what);
    };
    const wake = () => done('changed');
    const timer = setTimeout(() => done('quiet'), HEARTBEAT_MS);
    waiting.add(wake);
    stop.addEventListener('abort', wake);
    if (stop.aborted) wake();
  });
}
