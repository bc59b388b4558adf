import type { Handle } from '../../domain/attempt.ts';
import type { ProcessIdentity } from '../../domain/lease.ts';
import { provablyDead } from './processes.ts';

/** Makes the handle of a run of processes: its leader; null = it started under an unknown one. */
export function handleOf(leader: ProcessIdentity | null): Handle {
  return { ...leader };
}

/** Returns the leader that a handle names; null = it names none. */
export function leaderOf(handle: Handle | null): ProcessIdentity | null {
  return typeof handle?.pid === 'number' ? (handle as unknown as ProcessIdentity) : null;
}

/** Tells whether the run of a handle is certainly gone; false for a handle that names no process. */
export function isGone(handle: Handle): boolean {
  const leader = leaderOf(handle);
  return leader !== null && provablyDead(leader);
}
