import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessIdentity } from '../../domain/lease.ts';
import { findProcesses, groupIsAlive, isStill } from './processes.ts';

/** Time for processes to end after SIGTERM. */
const TERM_GRACE_MS = 1000;

/** Longest wait after SIGKILL, which only a process inside a system call survives. */
const KILL_WAIT_MS = 2000;

/** Polling intervals for a stopping group: most end at once, and a poll walks through /proc. */
const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 160;

/** Polls at most: one may miss a process, and an unrelated process may look uncertain forever. */
const MAX_POLLS = 5;

/**
 * Stops everything that an attempt left running. Signals only processes proven to belong to it: by the random id in
 * their environment, or as the recorded leader. Resolves when all are gone.
 */
export async function stopGroup(attemptId: string, leader: ProcessIdentity | null = null): Promise<void> {
  if (leader !== null && isStill(leader)) await stopOwnGroup(leader);
  await stopLeftovers(attemptId, leader);
}

/**
 * Sends SIGTERM, then SIGKILL, to the group of a leader identified in this boot. Checks the group again before each
 * signal, since this process may have been suspended.
 */
export async function stopOwnGroup(leader: ProcessIdentity): Promise<void> {
  await terminate(() => (groupIsAlive(leader) ? [leader.pid] : []));
}

/**
 * Stops all processes with the attempt's id in any group: a group with such a member was created by a descendant of the
 * attempt, so all of it belongs to the attempt.
 */
export async function stopLeftovers(attemptId: string, leader: ProcessIdentity | null = null): Promise<void> {
  for (let looks = 0; looks < MAX_POLLS; looks++) {
    const { found, unsure } = findProcesses(attemptId, leader);
    if (found.length > 0)
      await terminate(() => [...new Set(findProcesses(attemptId, leader).found.map(({ group }) => group))]);
    else if (!unsure) return;
    await sleep(FIRST_POLL_MS);
  }
}

async function terminate(livingGroups: () => readonly number[]): Promise<void> {
  let groups = livingGroups();
  for (const [signal, waitMs] of [
    ['SIGTERM', TERM_GRACE_MS],
    ['SIGKILL', KILL_WAIT_MS],
  ] as const) {
    if (groups.length === 0) return;
    for (const group of groups) signalGroup(group, signal);
    const until = performance.now() + waitMs;
    for (let pauseMs = FIRST_POLL_MS; groups.length > 0 && performance.now() < until; pauseMs *= 2) {
      await sleep(Math.min(pauseMs, LONGEST_POLL_MS, until - performance.now()));
      groups = livingGroups();
    }
  }
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Already gone, or another user's: nothing can be done.
  }
}
