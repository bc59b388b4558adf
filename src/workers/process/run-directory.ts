import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { dropPartialLine } from '../../domain/cut.ts';

/**
 * Files of one attempt. `stdin` is the input of the program, `exit` its exit status, `pid` its group leader, `left` its
 * remaining time (ms) when a keeper without executor last checked; `moved` lists the targets of the files that it
 * wrote.
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

/** Input and output of an agent are readable by the user only. */
const PRIVATE_FILE = 0o600;

/** Absolute path of a file in a run directory. */
export function runFile(runDirectory: string, file: RunFile): string {
  return path.join(runDirectory, RUN_FILES[file]);
}

/** Descriptors in the order that the shim expects: 0 stdin, 1 stdout, 2 stderr, 3 exit. The caller closes them. */
export type StdioFiles = readonly number[];

/** Writes the input of the program. Fails with EEXIST if the run directory is in use: an attempt starts once. */
export function writeStdin(runDirectory: string, text: string): void {
  writeFileSync(runFile(runDirectory, 'stdin'), text, { mode: PRIVATE_FILE, flag: 'wx' });
}

/** Opens the files for a shim; stdin exists already, the others may exist if a keeper died while starting it. */
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

/** Checks whether the attempt has started or was sealed. */
export function hasBegun(runDirectory: string): boolean {
  return existsSync(runFile(runDirectory, 'pid'));
}

/**
 * Prevents an attempt that has not started from ever starting, even if a slow keeper or a frozen executor still holds
 * the request: its unit may run again.
 */
export function sealRun(runDirectory: string): void {
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 });
  closeSync(openSync(runFile(runDirectory, 'pid'), 'a', PRIVATE_FILE));
}

/** Closes descriptors after they were passed to a child. */
export function closeAll(fds: readonly number[]): void {
  for (const fd of fds) closeSync(fd);
}

/** Exit status written by the shim; null if it is missing or incomplete (no newline). */
export function readExitStatus(runDirectory: string): number | null {
  return readNumber(runFile(runDirectory, 'exit'));
}

/** Checks whether the exit status is on disk, so that the files will not grow any more. */
export function hasEnded(runDirectory: string): boolean {
  return readExitStatus(runDirectory) !== null;
}

/** Pid written by the shim; null if it did not get that far. */
export function readPid(runDirectory: string): number | null {
  return readNumber(runFile(runDirectory, 'pid'));
}

/** Records the remaining time of an attempt for the executor that adopts it. */
export function writeTimeLeft(runDirectory: string, leftMs: number): void {
  try {
    writeFileSync(runFile(runDirectory, 'left'), `${Math.max(0, Math.round(leftMs))}\n`, { mode: PRIVATE_FILE });
  } catch {
    // Disk full or directory gone: the adopting executor uses the deadline instead.
  }
}

/** Recorded remaining time, ms; null if there is none. */
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

/** Reads the last `maxBytes` of a file as text; '' if it does not exist. Bytes that are not UTF-8 become U+FFFD. */
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

/** Reads the last lines of a file: whole lines within its last `maxBytes`. */
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
