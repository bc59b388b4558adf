import { changes } from '../orchestrator/changes.ts';
import type { OrchestratorDeps } from '../orchestrator/operation.ts';
import { URIS } from './uris.ts';

/** Between two notifications of a resource, however often it changes. */
const REST_MS = 500;
/** A look that failed is made up for after so long, also when nothing changes any more. */
const RETRY_MS = 2000;
/** Events read between two looks: more than any job has in that time. */
const EVENTS_A_LOOK = 10_000;

/** Receives the resources that have changed. */
export interface UpdateListener {
  updated(uri: string): void;
  /** Jobs were made or deleted. */
  listChanged(): void;
}

/** Watches a store for all connections of this process. */
export interface ResourceUpdates {
  /** Reports every change from now on; returns how to stop. Watches the store only while there are listeners. */
  listen(listener: UpdateListener): () => void;
}

/** Makes one. It sees the changes by any process, by the numbers of the jobs' last events. */
export function createResourceUpdates(deps: Pick<OrchestratorDeps, 'repository' | 'feed' | 'clock'>): ResourceUpdates {
  const { events } = deps.repository;
  const listeners = new Set<UpdateListener>();
  let idle = new AbortController();
  let seen: ReadonlyMap<string, number> = new Map();

  async function watch({ signal }: AbortController): Promise<void> {
    for await (const _ of changes(deps, signal, () => RETRY_MS)) {
      try {
        look();
      } catch {
        // A store that is busy or closed does not end the server: the next look sees what this one missed.
      }
      await deps.clock.sleep(REST_MS, signal);
    }
  }

  function look(): void {
    const now = events.lastSeqs();
    const changed = [...now].filter(([jobId, seq]) => seen.get(jobId) !== seq).map(([jobId]) => jobId);
    const listChanged = changed.some((jobId) => !seen.has(jobId)) || [...seen.keys()].some((id) => !now.has(id));
    const uris = changed.flatMap((jobId) => urisOf(jobId, seen.get(jobId) ?? 0));
    // From here on nothing can fail: every change that was seen is reported.
    seen = now;
    if (changed.length === 0 && !listChanged) return;
    for (const listener of listeners) {
      if (listChanged) listener.listChanged();
      for (const uri of [URIS.status, URIS.jobs, ...uris]) listener.updated(uri);
    }
  }

  function urisOf(jobId: string, afterSeq: number): readonly string[] {
    const units = events
      .list(jobId, afterSeq, EVENTS_A_LOOK)
      .filter(({ index, stage }) => index !== null && stage !== 'post');
    const named = new Set(units.map(({ index }) => URIS.unit(jobId, String(index))));
    return [URIS.job(jobId), URIS.results(jobId), ...named];
  }

  return {
    listen(listener) {
      if (listeners.size === 0) {
        seen = events.lastSeqs();
        idle = new AbortController();
        void watch(idle);
      }
      listeners.add(listener);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) idle.abort();
      };
    },
  };
}
