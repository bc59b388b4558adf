/**
 * How long a test waits for what must come, and how often it looks: milliseconds, for `vi.waitFor` and `expect.poll`.
 *
 * A busy machine is many times slower than an idle one; only what stands still for good is a failure.
 */
export const PATIENCE = { timeout: 25_000, interval: 50 } as const;
