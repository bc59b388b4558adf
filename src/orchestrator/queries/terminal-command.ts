import type { Attempt } from '../../domain/attempt.ts';
import type { Job } from '../../domain/job.ts';
import type { Unit } from '../../domain/unit.ts';
import type { OrchestratorDeps } from '../operation.ts';

/** Command that continues the session of an attempt in a terminal; null = there is no session. */
export async function terminalCommand(
  deps: OrchestratorDeps,
  job: Job,
  { payload, stage }: Unit,
  { usage: { sessionId }, revision: number }: Attempt,
): Promise<string | null> {
  const revision = await deps.repository.jobs.revision(job.jobId, number);
  if (!sessionId || !revision) return null;
  const { worker, config } = await deps.workers.parse(revision.worker);
  return worker.resumeCommand(sessionId, {
    config,
    payload,
    stage,
    home: job.home,
    workingDirectory: job.workingDirectory,
    outputDirectory: job.outputDirectory,
  });
}
