import { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { hint, mention } from '../../domain/hint.ts';
import { type OrchestratorDeps, operation, TERMINAL } from '../operation.ts';

/** Returns the job that a person means. */
export const findJob = operation({
  name: 'find_job',
  title: 'Find a job by a part of its id',
  interfaces: TERMINAL,
  description: 'The job whose id begins as a person typed it.',
  input: z.strictObject({ typed: z.string() }),
  output: z.object({ job_id: z.string() }),
  effect: 'read',
  run: async (deps, { typed }) => ({ job_id: await findJobId(deps, typed) }),
});

/** Finds the job whose id a person typed, whole or as a prefix. Throws `invalid_input`, `not_found`, `ambiguous`. */
async function findJobId({ repository }: Pick<OrchestratorDeps, 'repository'>, typed: string): Promise<string> {
  const id = typed.trim().toLowerCase();
  // An unset variable of a script is an empty id: it must never match the only job.
  if (id === '' || id === 'job-') {
    throw new AbpError('invalid_input', `Expected the id of a job, found ${JSON.stringify(typed)}.`, {
      hint: hint`${mention('list_jobs')} shows the jobs.`,
    });
  }
  const prefix = id.startsWith('job-') ? id : `job-${id}`;
  const ids = await repository.jobs.idsWithPrefix(prefix);
  if (ids.length === 1 && ids[0]) return ids[0];
  if (ids.includes(prefix)) return prefix;
  if (ids.length === 0)
    throw new AbpError('not_found', `No job ${typed}.`, { hint: hint`${mention('list_jobs')} shows the jobs.` });
  throw new AbpError('ambiguous', `${typed} matches several jobs: ${ids.slice(0, 5).join(', ')}.`, {
    hint: 'Type more of the id.',
  });
}
