import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { absolutePath, isWithin } from '../../src/domain/paths.ts';

test.each([
  ['~', homedir()],
  ['~/notes', join(homedir(), 'notes')],
  ['~other', '/base/~other'],
  ['notes/../x', '/base/x'],
  ['/etc', '/etc'],
])('the path %s is %s', (path, absolute) => {
  expect(absolutePath(path, '/base')).toBe(absolute);
});

test.each([
  ['/a', '/a', true],
  ['/a/b', '/a', true],
  ['/ab', '/a', false],
  ['/a', '/a/b', false],
  ['/a', '/', true],
])('%s is within %s: %s', (path, directory, isInside) => {
  expect(isWithin(path, directory)).toBe(isInside);
});
