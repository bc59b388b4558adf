import { setImmediate } from 'node:timers/promises';
import { AbpError } from '../../domain/error.ts';

const TURN_MS = 10;

/**
 * Lets a synchronous loop yield: `turn()` gives timers, sockets and signals a turn and throws AbpError `cancelled` once
 * the signal has aborted; `due()` (one clock reading) is true when 10 ms have passed since the last turn.
 */
export function createYielder(signal: AbortSignal | undefined): { due(): boolean; turn(): Promise<void> } {
  let next = performance.now() + TURN_MS;
  return {
    due: () => performance.now() >= next,
    async turn() {
      await setImmediate();
      throwIfAborted(signal);
      next = performance.now() + TURN_MS;
    },
  };
}

/** Throws AbpError `cancelled` if the enumeration was cancelled. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbpError('cancelled', 'The enumeration was cancelled.', { cause: signal.reason });
}
