import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Usage } from '../../domain/attempt.ts';
import { runFile } from './run-directory.ts';

/** With less than this on its disk a program could not write what it had to say. */
const ENOUGH_BYTES = 64 << 10;
/** A write that finds no room fills the last block of its file before it fails. */
const BLOCK_BYTES = 4096;
/** With so little, others may have made the room that is there now after the attempt found none. */
const SCARCE_BYTES = 16 << 20;

/** The disk is full, and what an attempt said or made may be missing: that is the job's affair, not the agent's fault. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
  readonly code = 'ENOSPC';
  /** What the attempt used all the same. */
  readonly usage: Usage;

  constructor(directory: string, { usage, ...outcome }: Outcome) {
    const how = outcome.ok ? 'its output may be cut off' : outcome.message;
    super(`no room is left for ${directory}; the attempt ended with: ${how}`);
    this.usage = usage;
  }
}

/**
 * An outcome as it is, unless its attempt ended where nothing could be written any more: in its run directory or where its
 * agent writes. Then throws NoRoomError for a failure, and for a success whose output ends where a full disk would have cut
 * it. Where there is room again, but little, that end alone tells.
 */
export function requireRoom(
  outcome: Outcome,
  { runDirectory, outputDirectory }: { readonly runDirectory: string; readonly outputDirectory: string },
): Outcome {
  if (!isDoubtful(outcome, runDirectory)) return outcome;
  for (const directory of [runDirectory, outputDirectory]) {
    if (!hasRoom(directory, ENOUGH_BYTES)) throw new NoRoomError(directory, outcome);
  }
  const looksCut = mayBeCut(runDirectory, outcome.ok ? 1 : 0);
  if ((looksCut && !hasRoom(runDirectory, SCARCE_BYTES)) || !canWrite(runDirectory))
    throw new NoRoomError(runDirectory, outcome);
  return outcome;
}

/** Whether an outcome may come of a full disk, if there was one while its attempt ran. */
export function isDoubtful(outcome: Outcome, runDirectory: string): boolean {
  return outcome.ok ? mayBeCut(runDirectory) : !ELSEWHERE.has(outcome.failureClass);
}

/** Failures that say who ended the attempt, or that it never began. */
const ELSEWHERE: ReadonlySet<string> = new Set(['cancelled', 'interrupted', 'worker_unavailable', 'bad_input']);

/** Whether its output, of at least so many bytes, and what it said besides end with a block. */
function mayBeCut(runDirectory: string, leastBytes = 0): boolean {
  const sizeOf = (file: 'stdout' | 'stderr') => statSync(runFile(runDirectory, file), { throwIfNoEntry: false })?.size;
  const [output, said = 0] = [sizeOf('stdout'), sizeOf('stderr')];
  return output !== undefined && output >= leastBytes && output % BLOCK_BYTES === 0 && said % BLOCK_BYTES === 0;
}

/** Blocks and inodes that are left; a directory that is gone has its own error. */
function hasRoom(directory: string, bytes: number): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(directory);
    return bavail * bsize >= bytes && (files === 0 || ffree > 0);
  } catch {
    return true;
  }
}

/** The system's own answer, which also knows of quotas. */
function canWrite(runDirectory: string): boolean {
  const probe = join(runDirectory, 'room');
  try {
    writeFileSync(probe, Buffer.alloc(ENOUGH_BYTES), { mode: 0o600 });
    return true;
  } catch (error) {
    return !['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    rmSync(probe, { force: true });
  }
}
