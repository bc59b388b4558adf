import type { AbortReason } from '../../ports/worker.ts';
import type { StopCause } from './ending.ts';
import { countRunningTime, LOOK_MS } from './running-time.ts';

/** What bounds a running attempt. Times are ms in which it was running. */
export interface Bounds {
  readonly timeoutMs: number;
  /** 0 = none. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Whether it is stopped (SIGSTOP), so that it could not work or write; asked for at each look. */
  readonly isStopped: () => boolean;
  /** Bytes written so far; asked for only with an idle timeout. */
  readonly outputSize: () => number;
  /** Whether the output is complete already, though the process lives; asked for every TAIL_MS when present. */
  readonly settled?: (() => boolean) | undefined;
}

const TAIL_MS = 250;
/** A program whose output is complete may still flush and save; then it is stopped. */
const SETTLE_GRACE_MS = 3000;

/**
 * Watches a running attempt and calls `stop` once, with the first cause that occurs. Returns what ends the watch. `now`: a
 * monotonic clock, ms.
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

/** The reason given to `abort()`; an abort without one is an interruption. */
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
  const oftenEnoughMs = looksForIdle ? Math.min(LOOK_MS, idleTimeoutMs / 10) : LOOK_MS;
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
