import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    // One browser at a time: what it shows must not depend on what else runs.
    fileParallelism: false,
    isolate: false,
    expect: { requireAssertions: true },
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
