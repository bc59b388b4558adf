import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { sizeOf } from './file.ts';

/**
 * Room kept beside the database for merging its log, which must come before rows can be taken back on a full disk: SQLite
 * merges it at 4 MB, one more transaction included.
 */
const RESERVE_BYTES = 8 << 20;
/** Largest part of the free disk space that the reserve takes. */
const LARGEST_PART = 1 / 4;
/** Handed out in these parts: others fill the disk as well. */
const STEP_BYTES = 1 << 20;
/** With less than this the disk counts as full: SQLite's index of the log alone takes 32 kB. */
const FULL_BELOW_BYTES = 256 << 10;

const NO_ROOM = ['ENOSPC', 'EDQUOT'];

/** Bytes that this user may still write on the disk of a file. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}

/** Whether hardly anything can be written beside a file any more (`besides` so many bytes); a folder that is gone is another trouble. */
export function isFull(path: string, besides = 0): boolean {
  try {
    return freeBytes(path) < FULL_BELOW_BYTES + besides;
  } catch {
    return false;
  }
}

/** Makes the reserve of a database whole; a disk that is small, or refuses it (a quota), has less or none. */
export function keepReserve(path: string): void {
  const reserve = reserveOf(path);
  const present = sizeOf(reserve);
  const wanted = Math.min(
    RESERVE_BYTES,
    Math.floor(((freeBytes(path) + present) * LARGEST_PART) / STEP_BYTES) * STEP_BYTES,
  );
  if (present >= wanted) return;
  const fd = openSync(reserve, 'w', 0o600);
  try {
    // Random, because some file systems store what repeats as nothing.
    const part = randomFillSync(Buffer.alloc(STEP_BYTES));
    for (let bytes = 0; bytes < wanted; bytes += STEP_BYTES) writeSync(fd, part);
  } catch (error) {
    rmSync(reserve, { force: true });
    if (!NO_ROOM.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(fd);
  }
}

/** Frees part of the reserve for the next write; returns the bytes, 0 when none is left. */
export function spendReserve(path: string): number {
  const reserve = reserveOf(path);
  const bytes = sizeOf(reserve);
  const part = Math.min(bytes, STEP_BYTES);
  if (part > 0) truncateSync(reserve, bytes - part);
  return part;
}

/** Where the reserve of a database lies; it stays there when it is spent. */
export function reserveOf(path: string): string {
  return `${path}-reserve`;
}
