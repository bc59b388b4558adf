import { expect, test } from 'vitest';
import { exitOfError } from '../../src/cli/exit-codes.ts';
import type { CliHost } from '../../src/cli/host.ts';
import { exportCommand } from '../../src/cli/job/export.ts';
import { createSession } from '../../src/cli/session.ts';
import { AbpError, toAbpError } from '../../src/domain/error.ts';

test('Ctrl-C stops what can be stopped, and the command ends as interrupted', async () => {
  const session = createSession({ environment: {} } as CliHost, false);
  const listeners = process.listenerCount('SIGINT');
  const ended = await session
    .interruptible(async (signal) => {
      process.emit('SIGINT');
      signal.throwIfAborted();
    })
    .catch(toAbpError);
  expect(ended).toMatchObject({ code: 'cancelled' });
  expect(exitOfError(ended as AbpError)).toBe('interrupted');
  expect(process.listenerCount('SIGINT')).toBe(listeners);
  expect(exitOfError(new AbpError('cancelled', 'by somebody else'))).toBe('cancelled');
});

test.each([
  [{ path: '/r/out.csv', format: 'csv', force: false }, 'abp export job-x /r/out.csv'],
  [{ path: "/it's/out", format: 'jsonl', force: true }, "abp export job-x '/it'\\''s/out' --format jsonl --force"],
  [
    { path: '/a b.md', format: 'markdown', force: false, fields: ['unit', 'a b'] },
    "abp export job-x '/a b.md' --fields 'unit,a b'",
  ],
] as const)('the export of %j is repeated by hand with one command', (target, command) => {
  expect(exportCommand('job-x', target)).toBe(command);
});
