/** The port to time; with a fake one a test does not wait. */
export interface Clock {
  /** Wall clock, epoch ms: for what is stored and shown. */
  now(): number;
  /**
   * Monotonic ms: for what is measured, so that neither a changed clock nor a sleeping laptop ends an attempt or a
   * lease.
   */
  monotonic(): number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
