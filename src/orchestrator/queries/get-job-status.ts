import { z } from 'zod';
import { isExecuting, type Job } from '../../domain/job.ts';
import { EVERYWHERE, operation } from '../operation.ts';
import { jobId, jobStatusOutput, waitSeconds } from '../shapes.ts';
import { jobStatus } from './job-status.ts';
import { waitForChange } from './wait.ts';

/** Returns the status of a job, at once or after a wait for news. */
export const getJobStatus = operation({
  name: 'get_job_status',
  title: 'Status of a job',
  interfaces: EVERYWHERE,
  description:
    'Shows the status of a job: units by status, rate and ETA, cost, failures by class with an example, the test, running units, sensible next calls. With wait_seconds it answers as soon as there is news (test finished, job ended or paused, first failure).',
  input: z.strictObject({ job_id: jobId, wait_seconds: waitSeconds.optional() }),
  output: jobStatusOutput,
  effect: 'read',
  async run(deps, { job_id, wait_seconds = 0 }, call) {
    return jobStatus(deps, await waitForChange(deps, job_id, wait_seconds, call, waitsForPerson));
  },
});

/** True when the job does not continue without a person. */
function waitsForPerson(job: Job): boolean {
  if (job.status === 'paused') return job.pauseReason !== 'usage_limit';
  return job.status !== 'enumerating' && !isExecuting(job);
}
