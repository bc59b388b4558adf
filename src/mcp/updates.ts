import type { Repository } from '../ports/repository.ts';
import { URIS } from './uris.ts';

/** Between two looks at the store: what a person feels as at once, and one cheap query. */
const LOOK_MS = 500;
/** The store's counter does not count what this process writes itself: that is looked for every so many looks. */
const FULL_LOOK_EVERY = 4;
/** Events looked through between two looks: more than any job has in that time. */
const EVENTS_A_LOOK = 10_000;

/** Hears which resources are not what they were. */
export interface UpdateListener {
  updated(uri: string): void;
  /** Jobs were made or deleted. */
  listChanged(): void;
}

/** Watches a store for all connections of this process. */
export interface ResourceUpdates {
  /** Hears of every change from now on; returns how to stop. Looks only while somebody listens. */
  listen(listener: UpdateListener): () => void;
}

/** Makes one. It sees what any process does to the store, by the numbers of the jobs' last events. */
export function createResourceUpdates(repository: Pick<Repository, 'events' | 'changeCounter'>): ResourceUpdates {
  const listeners = new Set<UpdateListener>();
  let timer: NodeJS.Timeout | undefined;
  let counter = 0;
  let looks = 0;
  let seen: ReadonlyMap<string, number> = new Map();

  function look(): void {
    const count = repository.changeCounter();
    looks++;
    if (count === counter && looks % FULL_LOOK_EVERY !== 0) return;
    const now = repository.events.lastSeqs();
    const changed = [...now].filter(([jobId, seq]) => seen.get(jobId) !== seq).map(([jobId]) => jobId);
    const listChanged = changed.some((jobId) => !seen.has(jobId)) || [...seen.keys()].some((id) => !now.has(id));
    const uris = changed.flatMap((jobId) => urisOf(jobId, seen.get(jobId) ?? 0));
    // From here on nothing can fail: what has been seen is told.
    counter = count;
    seen = now;
    if (changed.length === 0 && !listChanged) return;
    for (const listener of listeners) {
      if (listChanged) listener.listChanged();
      for (const uri of [URIS.status, URIS.jobs, ...uris]) listener.updated(uri);
    }
  }

  /**
   * A store that is busy now, or closed already, is no reason to end the server: the next look sees what this one missed.
   */
  function lookOrWait(): void {
    try {
      look();
    } catch {
      // The counter of the last good look stands.
    }
  }

  function urisOf(jobId: string, afterSeq: number): readonly string[] {
    const units = repository.events
      .list(jobId, afterSeq, EVENTS_A_LOOK)
      .filter(({ index, stage }) => index !== null && stage !== 'post');
    const named = new Set(units.map(({ index }) => URIS.unit(jobId, String(index))));
    return [URIS.job(jobId), URIS.results(jobId), ...named];
  }

  return {
    listen(listener) {
      listeners.add(listener);
      if (!timer) {
        counter = repository.changeCounter();
        seen = repository.events.lastSeqs();
        timer = setInterval(lookOrWait, LOOK_MS);
        timer.unref();
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
