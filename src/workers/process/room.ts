import { rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Usage } from '../../domain/attempt.ts';
import { runFile } from './run-directory.ts';

/** Free space below which a program may have failed to write its output. */
const NEEDED_BYTES = 64 << 10;
/** Block size: a write that finds no space fills the last block of its file before it fails. */
const BLOCK_BYTES = 4096;
/** Free space below which space may have been freed only after the attempt ran out of it. */
const SCARCE_BYTES = 16 << 20;

/** The disk is full and output of an attempt may be missing: the job pauses, the agent is not at fault. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
  readonly code = 'ENOSPC';
  /** Usage of the attempt, which counts regardless. */
  readonly usage: Usage;

  constructor(directory: string, { usage, ...outcome }: Outcome) {
    const how = outcome.ok ? 'its output may be cut off' : outcome.message;
    super(`no space is left on the disk of ${directory}; the attempt ended with: ${how}`);
    this.usage = usage;
  }
}

/**
 * Returns the outcome unless the run directory or the output directory has run out of space. Then throws NoRoomError
 * for a failure, and for a success whose output ends at a block boundary, where a full disk would cut it. If a little
 * space is free again, the block boundary alone decides.
 */
export function requireRoom(
  outcome: Outcome,
  { runDirectory, outputDirectory }: { readonly runDirectory: string; readonly outputDirectory: string },
): Outcome {
  if (!isDoubtful(outcome, runDirectory)) return outcome;
  for (const directory of [runDirectory, outputDirectory]) {
    if (!hasRoom(directory, NEEDED_BYTES)) throw new NoRoomError(directory, outcome);
  }
  const looksCut = mayBeCut(runDirectory, outcome.ok ? 1 : 0);
  if ((looksCut && !hasRoom(runDirectory, SCARCE_BYTES)) || !canWrite(runDirectory))
    throw new NoRoomError(runDirectory, outcome);
  return outcome;
}

/** Checks whether a full disk during the attempt could explain the outcome. */
export function isDoubtful(outcome: Outcome, runDirectory: string): boolean {
  return outcome.ok ? mayBeCut(runDirectory) : !OTHER_CAUSES.has(outcome.failureClass);
}

/** Failures with another known cause. */
const OTHER_CAUSES: ReadonlySet<string> = new Set(['cancelled', 'interrupted', 'worker_unavailable', 'bad_input']);

/** Checks whether stdout, of at least `leastBytes`, and stderr both end at a block boundary. */
function mayBeCut(runDirectory: string, leastBytes = 0): boolean {
  const sizeOf = (file: 'stdout' | 'stderr') => statSync(runFile(runDirectory, file), { throwIfNoEntry: false })?.size;
  const [output, said = 0] = [sizeOf('stdout'), sizeOf('stderr')];
  return output !== undefined && output >= leastBytes && output % BLOCK_BYTES === 0 && said % BLOCK_BYTES === 0;
}

/** Checks whether blocks and inodes are free; true for a missing directory, which causes its own error. */
function hasRoom(directory: string, bytes: number): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(directory);
    return bavail * bsize >= bytes && (files === 0 || ffree > 0);
  } catch {
    return true;
  }
}

/** Checks whether a write succeeds; this also detects quotas. */
function canWrite(runDirectory: string): boolean {
  const probe = join(runDirectory, 'room');
  try {
    writeFileSync(probe, Buffer.alloc(NEEDED_BYTES), { mode: 0o600 });
    return true;
  } catch (error) {
    return !['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    rmSync(probe, { force: true });
  }
}
