import type { Orchestrator } from '../orchestrator/index.ts';
import { OWN_CALL } from './call.ts';
import { URIS } from './uris.ts';

/** Between two notifications of a resource, however often it changes. */
const REST_MS = 500;
/** A look that failed is made up for after so long, also when nothing changes any more. */
const RETRY_MS = 2000;
/** Events read at one look: more than any job has between two. */
const EVENTS_A_LOOK = 10_000;

/** Receives the addresses of resources that have changed. */
export interface UpdateListener {
  updated(uri: string): void;
  /** Jobs were made or deleted. */
  listChanged(): void;
}

/**
 * Reports every change of a resource by any process from now on; returns how to stop. Changes are seen by the numbers of
 * the jobs' last events.
 */
export function watchResources(
  { call, changes }: Pick<Orchestrator, 'call' | 'changes'>,
  listener: UpdateListener,
): () => void {
  const latest = async () => (await call('latest_events', {}, OWN_CALL)).seqs;
  const stopped = new AbortController();
  // Read at once: what changes from now on is reported.
  const first = latest();
  first.catch(() => undefined);
  let seen: ReadonlyMap<string, number> | null = null;

  async function watch(): Promise<void> {
    for await (const _ of changes(stopped.signal, () => RETRY_MS, REST_MS)) {
      try {
        await look();
      } catch {
        // A store that is busy or closed does not end the server: the next look sees what this one missed.
      }
    }
  }

  async function look(): Promise<void> {
    const now = await latest();
    const before = seen ?? (await first.catch(() => now));
    const changed = [...now].filter(([jobId, seq]) => before.get(jobId) !== seq).map(([jobId]) => jobId);
    const listChanged = changed.some((jobId) => !before.has(jobId)) || [...before.keys()].some((id) => !now.has(id));
    const uris: string[] = [];
    for (const jobId of changed) uris.push(...(await urisOf(jobId, before.get(jobId) ?? 0)));
    // From here on nothing can fail: every change that was seen is reported.
    seen = now;
    if (changed.length === 0 && !listChanged) return;
    if (listChanged) listener.listChanged();
    for (const uri of [URIS.status, URIS.jobs, ...uris]) listener.updated(uri);
  }

  async function urisOf(jobId: string, afterSeq: number): Promise<readonly string[]> {
    const { events } = await call('list_events', { job_id: jobId, after: afterSeq, limit: EVENTS_A_LOOK }, OWN_CALL);
    const units = events.filter(({ unit, scope }) => unit !== undefined && scope !== 'job');
    const named = new Set(units.map(({ unit }) => URIS.unit(jobId, String(unit))));
    return [URIS.job(jobId), URIS.results(jobId), ...named];
  }

  void watch();
  return () => stopped.abort();
}
