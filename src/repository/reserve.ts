import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { sizeOf } from './file.ts';

/** Room kept beside the database, for taking rows back and noting a pause once the disk is full. */
const RESERVE_BYTES = 4 << 20;
/** Handed out in these parts: others fill the disk as well. */
const STEP_BYTES = 1 << 20;
/** It is made only where it is a small part of what is free. */
const PLENTY_BYTES = 16 * RESERVE_BYTES;
/** With less than this the disk counts as full: SQLite's index of the log alone takes 32 kB. */
const FULL_BELOW_BYTES = 256 << 10;

const NO_ROOM = ['ENOSPC', 'EDQUOT'];

/** Bytes that this user may still write on the disk of a file. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}

/** Whether hardly anything can be written beside a file any more; where its folder is gone, that is another trouble. */
export function isFull(path: string): boolean {
  try {
    return freeBytes(path) < FULL_BELOW_BYTES;
  } catch {
    return false;
  }
}

/** Makes the reserve of a database whole, where there is plenty of room; a disk that refuses it (a quota) has none. */
export function keepReserve(path: string): void {
  const reserve = reserveOf(path);
  if (sizeOf(reserve) >= RESERVE_BYTES || freeBytes(path) < PLENTY_BYTES) return;
  const fd = openSync(reserve, 'w', 0o600);
  try {
    // Random, because some file systems store what repeats as nothing.
    const part = Buffer.alloc(STEP_BYTES);
    for (let bytes = 0; bytes < RESERVE_BYTES; bytes += STEP_BYTES) writeSync(fd, randomFillSync(part));
  } catch (error) {
    rmSync(reserve, { force: true });
    if (!NO_ROOM.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(fd);
  }
}

/** Gives part of the reserve to whoever writes next; false = none is left. */
export function useReserve(path: string): boolean {
  const reserve = reserveOf(path);
  const bytes = sizeOf(reserve);
  if (bytes === 0) return false;
  truncateSync(reserve, Math.max(0, bytes - STEP_BYTES));
  return true;
}

/** Where the reserve of a database lies; it stays there when it is spent. */
export function reserveOf(path: string): string {
  return `${path}-reserve`;
}
