import type { AbortReason } from '../../ports/worker.ts';
import type { StopCause } from './ending.ts';
import { countRunningTime, LOOK_INTERVAL_MS } from './running-time.ts';

/** Limits of a running attempt. Times are ms of running time. */
export interface Bounds {
  readonly timeoutMs: number;
  /** 0 = none. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Checks whether the run is stopped (SIGSTOP) and so cannot work; called at each look. */
  readonly isStopped: () => boolean;
  /** Bytes written so far; called only with an idle timeout. */
  readonly outputSize: () => number;
  /** Checks whether the output is complete although the process runs; called every TAIL_MS if given. */
  readonly settled?: (() => boolean) | undefined;
}

const TAIL_MS = 250;
/** Time for a program with complete output to flush and save before it is stopped. */
const SETTLE_GRACE_MS = 3000;

/**
 * Watches a running attempt and calls `stop` once, with the first cause. Returns a function that ends the watch. `now`:
 * a monotonic clock, ms.
 */
export function supervise(bounds: Bounds, stop: (cause: StopCause) => void, now?: () => number): () => void {
  let settled = false;
  const finish = (cause: StopCause) => {
    end();
    stop(settled ? 'settled' : cause);
  };
  const onAbort = () => finish(abortReason(bounds.signal));
  const ends = [() => bounds.signal.removeEventListener('abort', onAbort)];
  const end = () => {
    for (const endOne of ends) endOne();
  };

  if (bounds.signal.aborted) {
    queueMicrotask(onAbort);
    return end;
  }
  bounds.signal.addEventListener('abort', onAbort, { once: true });
  const endLimits = watchLimits(bounds, finish, now);
  ends.push(endLimits);
  if (bounds.settled) {
    const tail = setInterval(() => {
      if (!bounds.settled?.()) return;
      settled = true;
      clearInterval(tail);
      endLimits();
      const grace = setTimeout(() => finish('settled'), SETTLE_GRACE_MS);
      ends.push(() => clearTimeout(grace));
    }, TAIL_MS);
    ends.push(() => clearInterval(tail));
  }
  return end;
}

/** Reason of an abort; `interrupted` unless it was cancelled. */
export function abortReason(signal: AbortSignal): AbortReason {
  return signal.reason === 'cancelled' ? 'cancelled' : 'interrupted';
}

function watchLimits(
  { timeoutMs, idleTimeoutMs, isStopped, outputSize }: Bounds,
  onOver: (cause: StopCause) => void,
  now?: () => number,
): () => void {
  const time = countRunningTime(now);
  const looksForIdle = idleTimeoutMs > 0;
  const oftenEnoughMs = looksForIdle ? Math.min(LOOK_INTERVAL_MS, idleTimeoutMs / 10) : LOOK_INTERVAL_MS;
  let size = looksForIdle ? outputSize() : 0;
  let changedAt = 0;
  let timer: NodeJS.Timeout;
  const look = () => {
    const ran = time.look(isStopped());
    const present = looksForIdle ? outputSize() : 0;
    if (present !== size) changedAt = ran;
    size = present;
    if (ran >= timeoutMs) onOver('timeout');
    else if (looksForIdle && ran - changedAt >= idleTimeoutMs) onOver('idle_timeout');
    else waitFrom(ran);
  };
  const waitFrom = (ran: number) => {
    timer = setTimeout(look, Math.ceil(Math.min(oftenEnoughMs, timeoutMs - ran)));
  };
  waitFrom(0);
  return () => clearTimeout(timer);
}
