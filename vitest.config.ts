import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/browser/**', 'test/chaos/**', 'node_modules/**'],
    globalSetup: ['test/helpers/installation.ts'],
    setupFiles: ['test/helpers/patterns.ts'],
    // Programs that tests wait for take as long as the tests: a file for each core.
    maxWorkers: '100%',
    // A test that expects nothing proves nothing: it skips itself visibly, or expects something.
    expect: { requireAssertions: true },
    // A busy machine is many times slower than an idle one; what takes longer than this stands still for good. Longer than
    // PATIENCE, so that a wait that fails says what it waited for. What takes long by nature says so with its test.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Starting a process for each file costs more than most files.
    isolate: false,
  },
});
