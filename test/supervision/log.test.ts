import { existsSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLog } from '../../src/supervision/log.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const open = () => {
  const path = join(temporaryDirectory(), 'logs', 'job-a.log');
  return { path, ...openLog(path, { job_id: 'job-a' }) };
};

test('a log is private, with lines of JSON, base fields and no secrets', () => {
  const { path, logger } = open();
  logger.warn({ unit: 3, err: new Error('Bearer abcdefgh12345678 refused') }, 'attempt broke');
  expect([statSync(path).mode & 0o777, statSync(join(path, '..')).mode & 0o777]).toEqual([0o600, 0o700]);
  const text = readFileSync(path, 'utf8');
  expect(JSON.parse(text)).toMatchObject({ job_id: 'job-a', pid: process.pid, unit: 3, msg: 'attempt broke' });
  expect(text).toContain('Bearer [redacted]');
});

test('a log that is too large is rotated to a new private file', () => {
  const { path, logger, rotate } = open();
  logger.info('first');
  rotate();
  expect(existsSync(`${path}.1`)).toBe(false);
  for (const size of [11, 12]) {
    truncateSync(path, size * 1024 * 1024);
    rotate();
    logger.info('after');
    expect(statSync(`${path}.1`).size).toBe(size * 1024 * 1024);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ msg: 'after' });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  }
});

test('a deleted log continues in a new file', () => {
  const { path, logger, rotate } = open();
  rmSync(path);
  rotate();
  logger.info('after');
  expect(readFileSync(path, 'utf8')).toContain('after');
});
