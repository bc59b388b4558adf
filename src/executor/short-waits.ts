import type { Repository } from '../ports/repository.ts';

/** Longest wait of a transaction for other writers, ms: the heartbeat of the executor waits behind it. */
const MAX_WAIT_MS = 4_000;

/** Returns the repository with transactions that give up early (AbpError `busy`): an executor tries again in a later round. */
export function withShortWaits(repository: Repository): Repository {
  return {
    ...repository,
    transaction: (scope, work, options) => repository.transaction(scope, work, { maxWaitMs: MAX_WAIT_MS, ...options }),
  };
}
