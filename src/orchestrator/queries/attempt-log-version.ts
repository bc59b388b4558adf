import { z } from 'zod';
import { IN_PROCESS, operation } from '../operation.ts';
import { attemptLog, logBytes } from './attempt-log.ts';

/** Returns the version of an attempt's log, which changes when the log grows or the attempt ends. */
export const attemptLogVersion = operation({
  name: 'attempt_log_version',
  title: 'Version of the conversation of an attempt',
  interfaces: IN_PROCESS,
  description: 'Changes when the conversation grows or the attempt ends: cheap to ask often. null = no such attempt.',
  input: attemptLog.input.omit({ since: true, limit: true }),
  output: z.object({ version: z.string().nullable() }),
  effect: 'read',
  async run({ repository }, { job_id, unit, attempt: number, scope = 'unit' }) {
    const attempt = await repository.attempts.get({ jobId: job_id, scope, index: unit, attempt: number });
    return { version: attempt && `${attempt.status} ${logBytes(attempt)}` };
  },
});
