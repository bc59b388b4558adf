import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/browser/**', 'test/chaos/**', 'node_modules/**'],
    globalSetup: ['test/helpers/installation.ts'],
    setupFiles: ['test/helpers/patterns.ts'],
    // Programs that tests wait for take as long as the tests: a file for each core.
    maxWorkers: '100%',
    // A busy machine is many times slower than an idle one: only what stands still for good is a failure.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Starting a process for each file costs more than most files.
    isolate: false,
  },
});
