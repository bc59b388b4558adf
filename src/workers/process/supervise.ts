import type { AbortReason } from '../../domain/worker.ts';
import type { StopCause } from './ending.ts';

/** What bounds a running attempt. Times are ms on the monotonic clock. */
export interface Bounds {
  readonly timeoutMs: number;
  /** 0 = none. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Bytes written so far; asked for only with an idle timeout. */
  readonly outputSize: () => number;
  /** Whether the output is complete already, though the process lives; asked for every TAIL_MS when present. */
  readonly settled?: (() => boolean) | undefined;
}

/** setTimeout fires at once beyond this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const TAIL_MS = 250;
/** A program whose output is complete may still flush and save; then it is stopped. */
const SETTLE_GRACE_MS = 3000;

/**
 * Watches a running attempt and calls `stop` once, with the first cause that occurs. Returns what ends the watch.
 */
export function supervise(bounds: Bounds, stop: (cause: StopCause) => void): () => void {
  const timers: NodeJS.Timeout[] = [];
  let settled = false;

  const end = () => {
    for (const timer of timers) clearTimeout(timer);
    bounds.signal.removeEventListener('abort', onAbort);
  };
  const finish = (cause: StopCause) => {
    end();
    stop(settled ? 'settled' : cause);
  };
  const onAbort = () => finish(abortReason(bounds.signal));
  const after = (ms: number, cause: StopCause) => {
    timers.push(setTimeout(() => finish(cause), Math.min(ms, LONGEST_TIMER_MS)));
  };

  if (bounds.signal.aborted) {
    queueMicrotask(onAbort);
    return end;
  }
  bounds.signal.addEventListener('abort', onAbort, { once: true });
  after(bounds.timeoutMs, 'timeout');
  if (bounds.idleTimeoutMs > 0) timers.push(watchIdle(bounds, () => finish('idle_timeout')));
  if (bounds.settled) {
    const tail = setInterval(() => {
      if (!bounds.settled?.()) return;
      settled = true;
      for (const timer of timers) clearTimeout(timer);
      after(SETTLE_GRACE_MS, 'settled');
    }, TAIL_MS);
    timers.push(tail);
  }
  return end;
}

/** The reason given to `abort()`; an abort without one is an interruption. */
export function abortReason(signal: AbortSignal): AbortReason {
  return signal.reason === 'cancelled' ? 'cancelled' : 'interrupted';
}

function watchIdle({ idleTimeoutMs, outputSize }: Bounds, onIdle: () => void): NodeJS.Timeout {
  let size = outputSize();
  let changedAt = performance.now();
  return setInterval(
    () => {
      const now = performance.now();
      const present = outputSize();
      if (present !== size) {
        size = present;
        changedAt = now;
      } else if (now - changedAt >= idleTimeoutMs) {
        onIdle();
      }
    },
    Math.min(1000, Math.ceil(idleTimeoutMs / 10)),
  );
}
