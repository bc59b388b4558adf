import { z } from 'zod';
import { fileSize, readTail } from '../../workers/process/run-directory.ts';
import { operation, requireJob, TERMINAL } from '../operation.ts';
import { jobId } from '../shapes.ts';

const TAIL_BYTES = 256 * 1024;

/** Reads the log of a job's executor. */
export const readExecutorLog = operation({
  name: 'read_executor_log',
  title: 'Log of an executor',
  interfaces: TERMINAL,
  description: 'The end of the log of a job’s executor, or what was written after a size that it had before.',
  input: z.strictObject({
    job_id: jobId,
    after: z.int().min(0).optional().describe('next of an earlier answer; a rotated log begins again'),
  }),
  output: z.object({ path: z.string(), text: z.string(), next: z.int().describe('Size of the log, bytes') }),
  effect: 'read',
  async run(deps, { job_id, after }) {
    await requireJob(deps, job_id);
    const path = deps.places.log(job_id);
    const next = fileSize(path);
    const bytes = after === undefined ? TAIL_BYTES : next < after ? next : next - after;
    return { path, text: readTail(path, bytes), next };
  },
});
