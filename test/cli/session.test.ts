import { expect, test } from 'vitest';
import { exitOfError } from '../../src/cli/exit-codes.ts';
import type { CliHost } from '../../src/cli/host.ts';
import { exportAgain } from '../../src/cli/job/output-text.ts';
import { createSession } from '../../src/cli/session.ts';
import { AbpError, toAbpError } from '../../src/domain/error.ts';

test('Ctrl-C stops interruptible work, and the command ends as interrupted', async () => {
  const session = createSession({ environment: {} } as CliHost, false);
  const listeners = process.listenerCount('SIGINT');
  const ended = await session
    .interruptible((signal) => {
      process.emit('SIGINT');
      signal.throwIfAborted();
      return Promise.resolve();
    })
    .catch(toAbpError);
  expect(ended).toMatchObject({ code: 'cancelled' });
  expect(exitOfError(ended as AbpError)).toBe('interrupted');
  expect(process.listenerCount('SIGINT')).toBe(listeners);
  expect(exitOfError(new AbpError('cancelled', 'by somebody else'))).toBe('cancelled');
});

test.each([
  [{ path: '/r/out.csv', format: 'csv' }, 'environment', undefined, 'abp export job-x'],
  [{ path: '/r/out.csv', format: 'csv' }, 'already_exists', undefined, 'abp export job-x --force'],
  [{ path: '/r/out.csv', format: 'csv' }, 'conflict', undefined, 'abp export job-x --force'],
  [{ path: '/r/out.csv', format: 'csv' }, 'invalid_input', undefined, 'abp export job-x results.csv'],
  [{ path: '/a b.md', format: 'markdown' }, 'invalid_input', 'titel', "abp export job-x '/a b.md'"],
  [{ path: "/it's/out", format: 'jsonl' }, 'invalid_input', 'x', "abp export job-x '/it'\\''s/out' --format jsonl"],
] as const)('%j that could not be written because of %s is exported with one command', (to, code, field, command) => {
  expect(exportAgain('job-x', { ...to, error: { code, message: 'no', field } })).toBe(command);
});
