import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty directory, with links resolved; gone after this test, or at another end (`afterAll`). */
export function temporaryDirectory(name = 'test', atEnd: (end: () => void) => void = onTestFinished): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), `abp-${name}-`)));
  atEnd(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}
