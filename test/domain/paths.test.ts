import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DYNAMIC_CODE_NOTICE } from '../../src/domain/dynamic-code-notice.ts';
import { absolutePath, isWithin } from '../../src/domain/paths.ts';

test.each([
  ['a/b', '/base/a/b'],
  ['../b', '/b'],
  ['/x', '/x'],
  ['~', homedir()],
  ['~/x', join(homedir(), 'x')],
  ['~x', '/base/~x'],
])('%s from /base is %s', (path, absolute) => {
  expect(absolutePath(path, '/base')).toBe(absolute);
});

test.each([
  ['/a', '/a', true],
  ['/a/b', '/a', true],
  ['/ab', '/a', false],
  ['/a', '/a/b', false],
  ['/a', '/', true],
])('%s is within %s: %s', (path, directory, within) => {
  expect(isWithin(path, directory)).toBe(within);
});

test('a person who approves code is told what Node cannot limit', () => {
  expect(DYNAMIC_CODE_NOTICE).toMatch(/runs as you.*cannot limit: its network access/);
});
