import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { AttemptRef, Outcome } from '../domain/attempt.ts';
import type { Assignment } from '../domain/worker.ts';
import { markHanded, ownFiles, ownOutput } from '../workers/process/own-output.ts';
import { NoRoomError } from '../workers/process/room.ts';
import { isDiskFull } from './disk.ts';
import type { Places } from './places.ts';

/**
 * Moves what a successful attempt wrote in its own directory to the output directory of its job, each file in one step. The
 * first unit of a job that writes a path owns it and replaces what is there; the file of another unit becomes
 * `<name>.unit-<index>.<ext>`, so that none is lost. May be called again, also by another executor, after a kill at any
 * point. A success whose files cannot be moved is a failure `bad_input`; throws NoRoomError where the disk is full.
 */
export async function handOver(places: Places, assignment: Assignment, outcome: Outcome): Promise<Outcome> {
  if (!outcome.ok) return outcome;
  const { runDirectory, outputDirectory } = assignment;
  const own = Buffer.from(`${ownOutput(runDirectory)}/`);
  const folders = new Set<string>();
  try {
    for await (const file of ownFiles(runDirectory)) {
      if (folders.size === 0) markHanded(runDirectory);
      const name = await placeOf(places, assignment, file);
      const target = Buffer.concat([Buffer.from(`${outputDirectory}/`), name]);
      const folder = target.subarray(0, target.lastIndexOf('/'));
      if (!folders.has(folder.toString('latin1'))) await mkdir(folder, { recursive: true });
      folders.add(folder.toString('latin1'));
      await move(Buffer.concat([own, file]), target);
    }
    return outcome;
  } catch (error) {
    if (isDiskFull(error)) throw new NoRoomError(outputDirectory, outcome);
    const message = `its files could not be put into the output directory: ${(error as Error).message}`;
    return { ok: false, failureClass: 'bad_input', message, usage: outcome.usage };
  }
}

/** The path that a unit's file gets. A link whose text is the index is made at once or not at all, also by two units. */
async function placeOf(places: Places, { jobId, stage, index }: AttemptRef, file: Buffer): Promise<Buffer> {
  const owners = path.join(places.runs(jobId), stage, 'owners');
  const owner = path.join(owners, createHash('sha256').update(file).digest('hex'));
  await mkdir(owners, { recursive: true, mode: 0o700 });
  try {
    await symlink(String(index), owner);
    return file;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readlink(owner)) === String(index) ? file : besides(file, index);
  }
}

/** `a/report.md` → `a/report.unit-7.md`. */
function besides(file: Buffer, index: number): Buffer {
  const dot = file.lastIndexOf('.');
  const end = dot > file.lastIndexOf('/') + 1 ? dot : file.length;
  return Buffer.concat([file.subarray(0, end), Buffer.from(`.unit-${index}`), file.subarray(end)]);
}

async function move(file: Buffer, target: Buffer): Promise<void> {
  try {
    await rename(file, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyAcross(file, target);
  }
}

/** To another file system: whole, or not there. */
async function copyAcross(file: Buffer, target: Buffer): Promise<void> {
  const part = Buffer.concat([target, Buffer.from('.part')]);
  try {
    await copyFile(file, part, constants.COPYFILE_FICLONE);
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await rm(file);
}
