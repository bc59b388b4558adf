import type { Job } from '../job.ts';
import { sentences } from '../sentences.ts';
import type { Pause } from './pause.ts';

/** Length of a closed window when the service does not say when it opens. */
const UNKNOWN_WINDOW_MS = 15 * 60_000;
/** Shortest window, also when the service names a time in the past: clocks differ. */
const SHORTEST_WINDOW_MS = 60_000;

/** A closed usage window of a worker: until when (epoch ms), and what its service said. */
export interface ClosedWindow {
  readonly closedUntil: number;
  readonly reason: string;
}

/** What a job does about the quota of its worker. */
export type QuotaAction =
  | { readonly kind: 'none' }
  | { readonly kind: 'pause'; readonly pause: Pause }
  /** The window opens at another time than was recorded. */
  | { readonly kind: 'wait'; readonly resumeAt: number }
  | { readonly kind: 'resume' };

/** Returns the time until which a window is closed. `resumeAt` is what the service said, if anything; epoch ms. */
export function closedUntil(resumeAt: number | undefined, now: number): number {
  return Math.max(resumeAt ?? now + UNKNOWN_WINDOW_MS, now + SHORTEST_WINDOW_MS);
}

/**
 * Decides what a job does about a window: it pauses while the window is closed (also when another job found that), and
 * resumes when it opens. `window` null = never closed.
 */
export function quotaAction(
  { status, pauseReason, resumeAt }: Pick<Job, 'status' | 'pauseReason' | 'resumeAt'>,
  window: ClosedWindow | null,
  now: number,
): QuotaAction {
  const closed = window && window.closedUntil > now ? window : null;
  if (status === 'running') {
    if (!closed) return { kind: 'none' };
    const message = sentences(closed.reason);
    const pause = {
      reason: 'usage_limit',
      message,
      failureClass: 'usage_limit',
      resumeAt: closed.closedUntil,
    } as const;
    return { kind: 'pause', pause };
  }
  if (status !== 'paused' || pauseReason !== 'usage_limit') return { kind: 'none' };
  if (!closed) return { kind: 'resume' };
  return closed.closedUntil === resumeAt ? { kind: 'none' } : { kind: 'wait', resumeAt: closed.closedUntil };
}
