import { join } from 'node:path';
import type { Begun } from '../domain/answers.ts';
import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import { type Step, stepDirectory } from '../domain/step.ts';
import { checkTarget } from '../export/atomic-file.ts';
import { formerExports } from '../export/former-exports.ts';
import { exportUnits } from '../export/index.ts';
import { exportRows } from '../export/rows.ts';
import { makeOutputDirectory } from '../export/write-target.ts';
import type { Repository } from '../ports/repository.ts';
import type { JobStepPayload } from '../prompt/synthesizer.ts';
import type { ExecutorContext } from './context.ts';

/**
 * Begins the steps of scope job with one of them: writes the results file to its directory, then in one transaction
 * creates (or puts back) the one unit of scope job. `conflict` = the job has stopped running, units were put back meanwhile,
 * or the lease is lost. Throws what the export throws.
 */
export async function beginJobSteps(
  { repository, places, lease }: Pick<ExecutorContext, 'repository' | 'places' | 'lease'>,
  job: Job,
  first: Pick<Step, 'scope' | 'name'> & { readonly number: number },
  signal: AbortSignal,
): Promise<Begun> {
  const { jobId, outputDirectory } = job;
  const directory = stepDirectory(outputDirectory, first);
  makeOutputDirectory(places, directory);
  const { path, former } = await resultsFile(repository, jobId, directory);
  const rows = () => exportRows(repository, job);
  const { sha256 } = await exportUnits('jsonl', rows, path, { former, signal });
  return repository.transaction({ job: jobId }, async (tx) => {
    const counts = await tx.units.counts(jobId);
    if (counts.pending + counts.running > 0 || !(await tx.leases.holds(lease))) return 'conflict';
    const begun = { jobStepsBegun: true, askedJobStep: null };
    if ((await tx.jobs.patch(jobId, begun, ['running'])) === 'conflict') return 'conflict';
    const payload: JobStepPayload = {
      results_path: path,
      units_total: counts.total,
      units_completed: counts.completed,
      units_failed: counts.failed,
    };
    const ref = { jobId, scope: 'job', index: 0 } as const;
    if (!(await tx.units.get(ref))) await tx.units.add(jobId, 'job', 0, [{ payload }]);
    await tx.units.setPayload(ref, payload);
    await tx.units.restart(jobId, 'job', [0], first.number);
    await tx.events.add(jobId, { type: 'job:step_started', data: { step: first.name, path, sha256 } });
    return 'begun';
  });
}

/** Most names tried: other files called results.jsonl may exist. */
const MOST_FILES = 1000;

/** Finds a path for the results: beside files of that name which are not this job's, or were changed since. */
async function resultsFile(repository: Repository, jobId: string, directory: string) {
  for (let number = 1; ; number += 1) {
    const path = join(directory, number === 1 ? 'results.jsonl' : `results-${number}.jsonl`);
    const former = await formerExports(repository, jobId, path);
    try {
      await checkTarget(path, { former });
      return { path, former };
    } catch (error) {
      const taken = error instanceof AbpError && error.code !== 'environment';
      if (!taken || number === MOST_FILES) throw error;
    }
  }
}
