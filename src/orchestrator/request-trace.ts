import type { OrchestratorDeps } from './operation.ts';

/**
 * Adds the id of a request to everything that these dependencies cause: each recorded event, and the log of each launched
 * executor, carries it.
 */
export function withRequestId(deps: OrchestratorDeps, requestId: string): OrchestratorDeps {
  const { repository, launcher } = deps;
  const { events } = repository;
  return {
    ...deps,
    repository: {
      ...repository,
      events: {
        ...events,
        add: (tx, jobId, event) => events.add(tx, jobId, { ...event, data: { ...event.data, request_id: requestId } }),
      },
    },
    launcher: {
      ...launcher,
      ensureExecutor: (job, observer) => launcher.ensureExecutor(job, observer, requestId),
    },
  };
}
