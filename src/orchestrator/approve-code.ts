import { AbpError } from '../domain/error.ts';
import type { CodeApproval } from '../domain/repository.ts';
import type { OrchestratorDeps } from './operation.ts';

type Deps = Pick<OrchestratorDeps, 'repository'>;

/** The dynamic code whose hash starts so, for a person to read. Never reachable through a tool argument. */
export function findCode({ repository }: Deps, prefix: string): CodeApproval {
  const exact = repository.approvals.get(prefix);
  const matching = exact ? [exact] : repository.approvals.pending().filter(({ sha256 }) => sha256.startsWith(prefix));
  const [found, other] = matching;
  if (found && !other) return found;
  if (other) throw new AbpError('ambiguous', `${prefix} could be several codes.`, { hint: 'Type more of the hash.' });
  throw new AbpError('not_found', `No dynamic code ${prefix} waits for approval.`, {
    hint: 'preview_items or create_job with the code asks for approval and shows its hash.',
  });
}

/** Records that a human approved this very text. Doors call it only after a person said yes. */
export function approveCode({ repository }: Deps, sha256: string, by: string): void {
  repository.transaction((tx) => repository.approvals.approve(tx, sha256, by));
}
