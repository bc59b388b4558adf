import type { AttemptNotes } from '../../domain/attempt.ts';
import { omittedCount, truncateList } from '../truncate.ts';

/** What an attempt did, as answers show it; each list has at most `bytes` and says how many entries are missing. */
export function attemptNotes(notes: AttemptNotes | null, bytes: number) {
  const { toolsUsed, toolsDenied = [], filesChanged = [], secretsRemoved } = notes ?? {};
  const denied = truncateList(toolsDenied, bytes);
  const changed = truncateList(filesChanged, bytes);
  return {
    ...(toolsUsed ? { tools_used: toolsUsed } : {}),
    ...(denied.length > 0 ? { tools_denied: denied } : {}),
    ...omittedCount('tools_denied', toolsDenied.length - denied.length),
    ...(changed.length > 0 ? { files_changed: changed } : {}),
    ...omittedCount('files_changed', filesChanged.length - changed.length),
    ...(secretsRemoved ? { secrets_removed: secretsRemoved } : {}),
  };
}
