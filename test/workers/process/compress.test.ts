import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compressOutput } from '../../../src/workers/process/compress.ts';
import { readWhole } from '../../../src/workers/process/lines.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

test('compresses large output, which reads as before, and keeps small output', async () => {
  const directory = temporaryDirectory();
  const long = 'a line of an agent that talks a lot\n'.repeat(5000);
  writeFileSync(join(directory, 'stdout'), long);
  writeFileSync(join(directory, 'stderr'), 'short\n');

  await compressOutput(directory);

  expect(existsSync(join(directory, 'stdout'))).toBe(false);
  expect(readFileSync(join(directory, 'stdout.gz')).length).toBeLessThan(long.length / 10);
  expect(await readWhole(join(directory, 'stdout'))).toBe(long);
  expect(readFileSync(join(directory, 'stderr'), 'utf8')).toBe('short\n');
});

test('keeps output that cannot be compressed and leaves no partial file', async () => {
  const directory = temporaryDirectory();
  const long = 'x'.repeat(50_000);
  writeFileSync(join(directory, 'stdout'), long);
  mkdirSync(join(directory, 'stdout.gz'));
  await expect(compressOutput(directory)).rejects.toThrow();
  expect(readFileSync(join(directory, 'stdout'), 'utf8')).toBe(long);
  expect(existsSync(join(directory, 'stdout.part'))).toBe(false);
});
