import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/** The domain's own tests, which need no database, and how much of the domain they run: all of it. */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      coverage: {
        enabled: true,
        include: ['src/domain/**'],
        reporter: ['text-summary', ['text', { skipFull: true }]],
        thresholds: { lines: 100, branches: 100, functions: 100, statements: 100 },
      },
    },
  }),
);
