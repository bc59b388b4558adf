import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { compiledIn, type Installation, install, installationAt } from '../../bench/harness/installation.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the package is laid out for this run. */
    readonly installation: string;
  }
}

/** Programs of the tests that use our code: bundled like the package's own, they start in half the time. */
const PROGRAMS = {
  attempt: 'test/fixtures/workers/attempt.ts',
  call: 'test/fixtures/process/call.ts',
  count: 'test/fixtures/count-up.ts',
  serve: 'test/fixtures/http/serve.ts',
};

const root = join(tmpdir(), `abp-installation-${process.pid}`);

/** Global setup: the package as users have it. Tests that start programs start those, not the sources. */
export function setup({ provide }: TestProject): void {
  install(root, PROGRAMS);
  provide('installation', root);
}

/** Its end. */
export function teardown(): void {
  rmSync(root, { recursive: true, force: true });
}

/** The installation of this run. */
export function installed(): Installation {
  return installationAt(inject('installation'));
}

/** For the environment of programs that tests start. */
export const compileCache = () => compiledIn(installed());
