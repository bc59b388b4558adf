import type { Attempt } from '../../domain/attempt.ts';
import type { Job } from '../../domain/job.ts';
import { stepAt } from '../../domain/step.ts';
import type { Unit } from '../../domain/unit.ts';
import type { OrchestratorDeps } from '../operation.ts';

/** Command that continues the session of an attempt in a terminal; null = there is no session. */
export async function terminalCommand(
  deps: OrchestratorDeps,
  job: Job,
  { payload, scope }: Unit,
  attempt: Attempt,
): Promise<string | null> {
  const { sessionId } = attempt.usage;
  const revision = await deps.repository.jobs.revision(job.jobId, attempt.revision);
  if (!sessionId || !revision) return null;
  const { worker, config } = await deps.workers.parse(stepAt(revision, attempt).worker);
  return worker.resumeCommand(sessionId, {
    config,
    payload,
    scope,
    home: job.home,
    workingDirectory: job.workingDirectory,
    outputDirectory: job.outputDirectory,
  });
}
