import { z } from 'zod';
import { type SilentExecutor, silentText } from '../../supervision/await-heartbeats.ts';
import { operation, TERMINAL } from '../operation.ts';

const executor = z.object({ job_id: z.string(), executor_pid: z.int() });

/** Starts new executors, once, for jobs whose executor died or hangs. */
export const recoverJobs = operation({
  name: 'recover_jobs',
  title: 'Recover jobs',
  interfaces: TERMINAL,
  description:
    'Starts new executors for jobs whose executor died or hangs, and removes jobs that were never completely created. Waits up to a lease for those that may hang, and reports them as progress.',
  input: z.strictObject({}),
  output: z.object({
    recovered: z.array(z.string()),
    stood_still: z.array(executor).describe('Recovered jobs whose executor did not respond and was killed'),
    silent: z.array(executor.extend({ silent_s: z.int(), lost_after_s: z.number(), message: z.string() })),
    refused: z.array(z.object({ job_id: z.string(), reason: z.string() })),
    deleted: z.array(z.string()),
  }),
  effect: 'write',
  async run({ recovery }, _input, { onProgress }) {
    const textOf = (silent: SilentExecutor) => `${silent.jobId}: ${silentText(silent)}`;
    const report = await recovery.tick({
      patient: true,
      onSilent: (silent) => onProgress?.({ done: 0, total: null, message: textOf(silent) }),
    });
    return {
      recovered: [...report.recovered],
      stood_still: (report.stalled ?? []).map(({ jobId, pid }) => ({ job_id: jobId, executor_pid: pid })),
      silent: (report.silent ?? []).map((silent) => ({
        job_id: silent.jobId,
        executor_pid: silent.pid,
        silent_s: Math.round(silent.silentMs / 1000),
        lost_after_s: silent.leaseMs / 1000,
        message: textOf(silent),
      })),
      refused: report.refused.map(({ jobId, reason }) => ({ job_id: jobId, reason })),
      deleted: [...report.deleted],
    };
  },
});
