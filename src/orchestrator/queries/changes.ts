import type { OrchestratorDeps } from '../operation.ts';

/**
 * Yields at once, soon after each change of the store, and at the latest `pauseMs()` (finite) after the last look; ends when
 * the signal aborts. Changes while the caller is looking are one more look, at least `restMs` later. `for await` stops
 * watching when it is left.
 */
export async function* changes(
  { feed, clock }: Pick<OrchestratorDeps, 'feed' | 'clock'>,
  signal: AbortSignal | undefined,
  pauseMs: () => number,
  restMs = 0,
): AsyncGenerator<void, void> {
  let pause = new AbortController();
  const wake = () => pause.abort();
  const stop = feed.watch(wake);
  signal?.addEventListener('abort', wake);
  try {
    while (!signal?.aborted) {
      pause = new AbortController();
      yield;
      if (restMs > 0) await clock.sleep(restMs, signal);
      await clock.sleep(pauseMs(), pause.signal);
    }
  } finally {
    signal?.removeEventListener('abort', wake);
    stop();
  }
}
