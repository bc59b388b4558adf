import { setImmediate } from 'node:timers/promises';
import { AbpError } from '../../domain/error.ts';

const TURN_MS = 10;

/**
 * For loops that never wait by themselves: `await turn()` gives timers, sockets and signals their turn when 10 ms have
 * passed since the last one, and throws AbpError `cancelled` once the signal has aborted. Asked once per item it costs a
 * clock reading; `due()` tells whether it is worth awaiting.
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

/** Throws AbpError `cancelled` when the enumeration has been given up. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AbpError('cancelled', 'The enumeration was cancelled.', { cause: signal.reason });
}
