import type { Tx } from '../ports/repository.ts';
import type { Call, OrchestratorDeps } from './operation.ts';

/** Longest wait of a transaction of a call for other processes, ms: MCP hosts wait 60 s for an answer. */
const MAX_WAIT_MS = 30_000;

/**
 * Returns the dependencies for one call: its transactions wait no longer than the call does, and the id of its request is
 * added to everything that it causes: each recorded event, and the log of each launched executor.
 */
export function dependenciesOf(deps: OrchestratorDeps, { requestId, maxWaitMs }: Call): OrchestratorDeps {
  const { repository, launcher } = deps;
  const traced = (tx: Tx): Tx => ({
    ...tx,
    events: {
      ...tx.events,
      add: (jobId, event) => tx.events.add(jobId, { ...event, data: { ...event.data, request_id: requestId ?? null } }),
    },
  });
  return {
    ...deps,
    repository: {
      ...repository,
      transaction: (scope, work, options) =>
        repository.transaction(scope, (tx) => work(requestId === undefined ? tx : traced(tx)), {
          maxWaitMs: Math.min(maxWaitMs, MAX_WAIT_MS),
          ...options,
        }),
    },
    launcher: {
      ...launcher,
      ensureExecutor: (job, observer) => launcher.ensureExecutor(job, observer, requestId),
    },
  };
}
