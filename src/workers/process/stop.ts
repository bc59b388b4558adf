import { setTimeout as sleep } from 'node:timers/promises';
import type { SpawnRecord } from '../../ports/worker.ts';
import { groupIsAlive, isStill, lookFor } from './processes.ts';

/** How long processes may take to end by themselves after SIGTERM. */
const TERM_GRACE_MS = 1000;

/** After SIGKILL only a process in the middle of a system call lives on; nobody waits for it longer than this. */
const KILL_WAIT_MS = 2000;

/** Pauses between looks at a group that is being stopped: most end at once, and a look costs a walk through /proc. */
const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 160;

/** Something may be missed in one look, and a stranger may look like it for ever. */
const MOST_LOOKS = 5;

/**
 * Stops everything that an attempt left running, whoever spawned it. Signals nothing that is not provably the
 * attempt's: by the random id in its environment, or as the recorded leader. Resolves when all of it is gone.
 */
export async function stopGroup(attemptId: string, leader: SpawnRecord | null = null): Promise<void> {
  if (leader !== null && isStill(leader)) await stopOwnGroup(leader);
  await stopLeftovers(attemptId, leader);
}

/**
 * TERM, then KILL, to the group of a leader that was identified in this boot. Whoever calls may have slept since: its number
 * is looked at again before each signal.
 */
export async function stopOwnGroup(leader: SpawnRecord): Promise<void> {
  await ladder(() => (groupIsAlive(leader) ? [leader.pid] : []));
}

/**
 * Stops what carries the attempt's id in whichever group it moved itself to: a group with such a member was made by a
 * descendant of the attempt, so all of it is the attempt's.
 */
export async function stopLeftovers(attemptId: string, leader: SpawnRecord | null = null): Promise<void> {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const { found, unsure } = lookFor(attemptId, leader);
    if (found.length > 0) await ladder(() => [...new Set(lookFor(attemptId, leader).found.map(({ group }) => group))]);
    else if (!unsure) return;
    await sleep(FIRST_POLL_MS);
  }
}

async function ladder(livingGroups: () => readonly number[]): Promise<void> {
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
    // Gone in the meantime, or another user's: nothing to be done either way.
  }
}
