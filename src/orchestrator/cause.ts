import type { OrchestratorDeps } from './operation.ts';

/**
 * The same dependencies, leaving a trace of who asked: every event that is recorded through them, and the log of every
 * executor that is launched through them, carries the id of the request.
 */
export function causedBy(deps: OrchestratorDeps, requestId: string): OrchestratorDeps {
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
