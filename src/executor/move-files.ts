import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readlink, rename, rm, symlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Attempt, AttemptRef, Outcome } from '../domain/attempt.ts';
import type { Run } from '../ports/worker.ts';
import { isDiskFull } from '../supervision/disk.ts';
import type { StorePaths } from '../supervision/store-paths.ts';
import { movedFiles, ownFiles, ownOutput, recordMove } from '../workers/process/own-output.ts';
import { NoRoomError } from '../workers/process/room.ts';

/** Most files of one attempt listed with its result; more are moved all the same. */
const MAX_LISTED = 1000;
/** Errors after which another name is tried: the name or folder is taken, or too long. */
const NAME_TAKEN: readonly (string | undefined)[] = ['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'ENAMETOOLONG'];
const MAX_NAMES = 10;

/** An attempt that may have written files, and where they are and go. */
type Writer = AttemptRef & Pick<Attempt, 'attemptId' | 'runDirectory'> & Pick<Run, 'outputDirectory'>;

/**
 * Moves the files of a successful attempt from its own directory to the job's output directory, each atomically, and
 * lists them with the result. The first unit of a job that writes a path owns it and replaces what is there; another
 * unit's file becomes `<name>.unit-<index>.<ext>`, so that none is lost. Can be repeated, also by another executor,
 * after a kill at any point. A success whose files cannot be moved becomes a failure `bad_input`. Throws NoRoomError
 * when the disk is full.
 */
export async function moveFiles(places: StorePaths, writer: Writer, outcome: Outcome): Promise<Outcome> {
  if (!outcome.ok) return outcome;
  const { runDirectory, outputDirectory } = writer;
  try {
    for await (const file of ownFiles(runDirectory)) await moveFile(places, writer, file);
    const artifacts = movedFiles(runDirectory).slice(0, MAX_LISTED);
    return artifacts.length === 0 ? outcome : { ...outcome, result: { ...outcome.result, artifacts } };
  } catch (error) {
    if (isDiskFull(error)) throw new NoRoomError(outputDirectory, outcome);
    const message = `its files could not be moved to the output directory: ${(error as Error).message}`;
    return { ok: false, failureClass: 'bad_input', message, usage: outcome.usage };
  }
}

async function moveFile(places: StorePaths, writer: Writer, file: Buffer): Promise<void> {
  const { runDirectory, outputDirectory, attemptId } = writer;
  const from = Buffer.concat([Buffer.from(`${ownOutput(runDirectory)}/`), file]);
  const size = await sizeOf(from);
  if (size === null) return;
  let taken: NodeJS.ErrnoException | undefined;
  for (const name of namesFor(writer, file)) {
    const target = Buffer.concat([Buffer.from(`${outputDirectory}/`), name]);
    if (!(await claim(places, writer, file, target))) continue;
    try {
      const folder = target.subarray(0, target.lastIndexOf('/') + 1);
      await mkdir(folder, { recursive: true });
      recordMove(runDirectory, file, { path: name.toString(), bytes: size });
      await move(from, target, Buffer.concat([folder, Buffer.from(`.${attemptId}.${process.pid}.part`)]));
      return;
    } catch (error) {
      if ((await sizeOf(from)) === null) return;
      taken = error as NodeJS.ErrnoException;
      if (!NAME_TAKEN.includes(taken.code)) throw error;
    }
  }
  throw taken ?? new Error(`every name for ${file.toString()} belongs to another unit`);
}

/** Returns the size; null = just moved, by an executor that has lost its lease without knowing, or by its successor. */
async function sizeOf(file: Buffer): Promise<number | null> {
  try {
    return (await lstat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** `a/report.md`, `a/report.unit-7.md`, `unit-7/a/report.md`, `unit-7.2/a/report.md`… */
function* namesFor({ scope, index }: Writer, file: Buffer): Generator<Buffer, void> {
  const unit = scope === 'job' ? 'job' : `unit-${index}`;
  yield file;
  const dot = file.lastIndexOf('.');
  const end = dot > file.lastIndexOf('/') + 1 ? dot : file.length;
  yield Buffer.concat([file.subarray(0, end), Buffer.from(`.${unit}`), file.subarray(end)]);
  for (let n = 1; n <= MAX_NAMES; n++) yield Buffer.concat([Buffer.from(`${unit}${n === 1 ? '' : `.${n}`}/`), file]);
}

/**
 * Tells whether a path belongs to this file of this unit, and claims a free one. The owner is the text of a link, whose
 * creation is atomic between units.
 */
async function claim(places: StorePaths, writer: Writer, file: Buffer, target: Buffer): Promise<boolean> {
  const owners = places.owners(writer.jobId);
  const link = path.join(owners, hash(target));
  const owner = `${writer.scope}-${writer.index}-${hash(file)}`;
  await mkdir(owners, { recursive: true, mode: 0o700 });
  try {
    await symlink(owner, link);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readlink(link)) === owner;
  }
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function move(file: Buffer, target: Buffer, part: Buffer): Promise<void> {
  try {
    await rename(file, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyAcross(file, target, part);
  }
}

/** Copies to another file system, atomically. `part` is used by this process alone; after a kill it remains, hidden. */
async function copyAcross(file: Buffer, target: Buffer, part: Buffer): Promise<void> {
  try {
    const { atime, mtime } = await lstat(file);
    await copyFile(file, part, constants.COPYFILE_FICLONE);
    await utimes(part, atime, mtime);
    await rename(part, target);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await rm(file);
}
