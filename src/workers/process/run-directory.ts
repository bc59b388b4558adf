import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dropPartialLine } from '../../domain/cut.ts';

/**
 * The files of one attempt. `stdin` is what the program reads, `exit` holds its exit status, `pid` its group leader, `left`
 * how much of its time limit it had left, ms, when its keeper last looked without an executor; `moved` lists
 * where the files that it wrote went.
 */
export const RUN_FILES = {
  stdin: 'stdin',
  stdout: 'stdout',
  stderr: 'stderr',
  exit: 'exit',
  pid: 'pid',
  left: 'left',
  moved: 'moved',
} as const;

export type RunFile = keyof typeof RUN_FILES;

/** Only the user may read what went into an agent and what came out. */
const PRIVATE_FILE = 0o600;

/** Absolute path of one of the files. */
export function runFile(runDirectory: string, file: RunFile): string {
  return path.join(runDirectory, RUN_FILES[file]);
}

/** Descriptors in the order that the shim expects them: 0 stdin, 1 stdout, 2 stderr, 3 exit. The caller closes them. */
export type StdioFiles = readonly number[];

/** Writes what the program will read. An attempt is asked for once: EEXIST instead of two with one run directory. */
export function writeStdin(runDirectory: string, text: string): void {
  writeFileSync(runFile(runDirectory, 'stdin'), text, { mode: PRIVATE_FILE, flag: 'wx' });
}

/** Opens the files for a shim; stdin is there already. The others may be, from a keeper that died over it. */
export function openStdio(runDirectory: string): StdioFiles {
  const opened: number[] = [];
  try {
    opened.push(openSync(runFile(runDirectory, 'stdin'), 'r'));
    for (const file of ['stdout', 'stderr', 'exit'] as const) {
      opened.push(openSync(runFile(runDirectory, file), 'a', PRIVATE_FILE));
    }
    return opened;
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

/** Whether the attempt has begun, or was sealed. */
export function hasBegun(runDirectory: string): boolean {
  return existsSync(runFile(runDirectory, 'pid'));
}

/**
 * Makes sure that an attempt which has not begun never will, whoever was asked to start it and has not come to it yet (a
 * slow keeper, an executor that was frozen): its unit may run again.
 */
export function sealRun(runDirectory: string): void {
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
  closeSync(openSync(runFile(runDirectory, 'pid'), 'a', PRIVATE_FILE));
}

/** Closes descriptors that were handed to a child. */
export function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

/** The exit status that the shim wrote; null when there is none or only half of it (it ends with a newline). */
export function readExitStatus(runDirectory: string): number | null {
  return readNumber(runFile(runDirectory, 'exit'));
}

/** Whether nothing will be added to its files any more, as far as they tell. */
export function hasEnded(runDirectory: string): boolean {
  return readExitStatus(runDirectory) !== null;
}

/** The pid that the shim wrote about itself; null when it never came so far. */
export function readPid(runDirectory: string): number | null {
  return readNumber(runFile(runDirectory, 'pid'));
}

/** Keeps how much of its time limit an attempt has left, for the executor that adopts it. */
export function writeTimeLeft(runDirectory: string, leftMs: number): void {
  try {
    writeFileSync(runFile(runDirectory, 'left'), `${Math.max(0, Math.round(leftMs))}\n`, { mode: PRIVATE_FILE });
  } catch {
    // A full disk, or the directory is gone: whoever adopts it goes by the clock.
  }
}

/** What was kept of it; null when nothing was. */
export function readTimeLeft(runDirectory: string): number | null {
  return readNumber(runFile(runDirectory, 'left'));
}

function readNumber(file: string): number | null {
  const text = readIfThere(file);
  return text !== null && /^\d+\n$/.test(text) ? Number(text) : null;
}

/** Size in bytes, 0 when the file does not exist. */
export function fileSize(file: string): number {
  const fd = openIfThere(file);
  if (fd === null) return 0;
  try {
    return fstatSync(fd).size;
  } finally {
    closeSync(fd);
  }
}

/** The last `maxBytes` of a file as text; '' when it does not exist. What is not UTF-8 becomes U+FFFD. */
export function readTail(file: string, maxBytes: number): string {
  const fd = openIfThere(file);
  if (fd === null) return '';
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, maxBytes));
    const read = readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString('utf8', 0, read);
  } finally {
    closeSync(fd);
  }
}

/** What a program said last, from its first whole line within the last `maxBytes` of a file on; all of a shorter one. */
export function readLastLines(file: string, maxBytes: number): string {
  const tail = readTail(file, maxBytes);
  return fileSize(file) > maxBytes ? dropPartialLine(tail) : tail;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function openIfThere(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
