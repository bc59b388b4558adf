import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    globalSetup: ['../helpers/installation.ts'],
    setupFiles: ['../helpers/patterns.ts'],
    include: ['**/*.test.ts'],
    expect: { requireAssertions: true },
    // A real CLI takes half a second of both cores to start: a generous ceiling, never an expectation of speed.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Two cores: more than one file at a time only makes each slower.
    fileParallelism: false,
    isolate: false,
  },
});
