import type { Usage } from '../domain/attempt.ts';
import { NoRoomError } from '../workers/process/room.ts';

/** Whether an error, or what caused it, says that nothing more can be written. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, details } = error as { code?: unknown; details?: { disk?: unknown } };
  return code === 'ENOSPC' || code === 'EDQUOT' || details?.disk === true || isDiskFull(error.cause);
}

/** What an attempt used that a full disk ended. */
export function usageOf(error: unknown): Usage {
  return error instanceof NoRoomError ? error.usage : {};
}

/** Whether an error says that another process has the store at this moment. */
export function isStoreBusy(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'busy' || (typeof code === 'string' && code.startsWith('SQLITE_BUSY'));
}

/** Whether an error says that the file of the store is no longer the one that its path names. */
export function isStoreGone(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'store_gone';
}
