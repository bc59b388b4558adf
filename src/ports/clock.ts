/** The port to time, so that a flow can be tested without waiting. */
export interface Clock {
  /** Wall clock, epoch ms: for what is stored and shown. */
  now(): number;
  /** Monotonic ms: for what is measured, so that a changed clock or a sleeping laptop kills nobody. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
