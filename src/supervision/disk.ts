import type { Usage } from '../domain/attempt.ts';
import { NoRoomError } from '../workers/process/room.ts';

/** Tells whether an error, or its cause, reports a full disk. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, details } = error as { code?: unknown; details?: { disk?: unknown } };
  return code === 'ENOSPC' || code === 'EDQUOT' || details?.disk === true || isDiskFull(error.cause);
}

/** Returns the usage of an attempt that a full disk ended. */
export function usageOf(error: unknown): Usage {
  return error instanceof NoRoomError ? error.usage : {};
}

/** Tells whether an error reports that another process holds the store's lock. */
export function isStoreBusy(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'busy' || (typeof code === 'string' && code.startsWith('SQLITE_BUSY'));
}

/** Tells whether an error reports that the store's path no longer names the opened file. */
export function isStoreGone(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'store_gone';
}
