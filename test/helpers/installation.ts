import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { compiledIn, type Installation, install, installationAt } from '../../bench/harness/installation.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the package for this run. */
    readonly installation: string;
  }
}

/** Test programs that use our code, bundled like the package's own: they start in half the time. */
const PROGRAMS = {
  attempt: 'test/fixtures/workers/attempt.ts',
  call: 'test/fixtures/process/call.ts',
  count: 'test/fixtures/count-up.ts',
  serve: 'test/fixtures/http/serve.ts',
};

const root = join(tmpdir(), `abp-installation-${process.pid}`);

/** Global setup: installs the package as users have it. Tests start these programs instead of the sources. */
export function setup({ provide }: TestProject): void {
  install(root, PROGRAMS);
  provide('installation', root);
}

/** Global teardown. */
export function teardown(): void {
  rmSync(root, { recursive: true, force: true });
}

/** Returns the installation of this run. */
export function installed(): Installation {
  return installationAt(inject('installation'));
}

/** Environment variables for programs that tests start. */
export const compileCache = () => compiledIn(installed());
