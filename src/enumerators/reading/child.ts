import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { dropPartialLine } from '../../domain/cut.ts';
import type { JsonObject } from '../../domain/json.ts';
import { lineCutter } from './lines.ts';
import { MAX_ITEM_LENGTH } from './rows.ts';
import { throwIfAborted } from './yielder.ts';

/** A program in a process of its own: it may block, spin or swell without harm to ours. */
export interface ChildProgram {
  /** JavaScript module text; reads `input` from stdin and writes lines to descriptor 3, synchronously. */
  readonly program: string;
  readonly input: JsonObject;
  /** Flags of Node. */
  readonly flags: readonly string[];
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly signal: AbortSignal | undefined;
  readonly limits: ChildLimits;
  /** Makes the error for a program that ended before it said so. */
  failed(ending: ChildEnding): Error;
}

/** Bounds of a child; null = none. */
export interface ChildLimits {
  readonly timeMs: number | null;
  readonly memoryBytes: number | null;
  readonly outputBytes: number | null;
  /** Enforced by the system, whatever we do meanwhile. */
  readonly cpuSeconds: number;
}

/** Why a child is gone, and the end of what it wrote to stdout and stderr. */
export interface ChildEnding {
  readonly reason: 'time' | 'memory' | 'output' | 'item' | 'exit';
  readonly exit: string;
  readonly log: string;
}

const LOG_TAIL = 8 * 1024;
const WATCH_MS = 100;

/**
 * Becomes the program (`"$@"`), with its limit (`$0`). Beside it waits a small shell at descriptor 4, a pipe from us: a line
 * means that the program has ended; its end without one, that we are gone. Then the program goes too: it may spin, or wait
 * for something, and would never notice.
 */
const START = 'ulimit -t "$0" 2>/dev/null; { read -r _ <&4 || kill -9 "$$"; } >/dev/null 2>&1 3>&- & exec "$@" 4<&-';

/**
 * Reads a child's lines in batches, no faster than they are taken; `log` gets what it wrote to stdout and stderr (the end
 * of it) when all went well. Spawned by hand: loading execa takes longer than the child needs for its first lines.
 */
export async function* childLines(child: ChildProgram, log?: (text: string) => void): AsyncGenerator<string[]> {
  throwIfAborted(child.signal);
  const { flags, program, limits, signal } = child;
  const command = [process.execPath, ...flags, '--input-type=module', '--eval', program];
  const running = spawn('/bin/sh', ['-c', START, String(limits.cpuSeconds), ...command], {
    cwd: child.workingDirectory,
    env: child.environment,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const lifeline = running.stdio[4] as Writable;
  running.once('exit', () => lifeline.end('\n'));
  lifeline.on('error', () => {});
  const exit = endOf(running);
  let reason: ChildEnding['reason'] = 'exit';
  const stop = (why: ChildEnding['reason']) => {
    if (reason === 'exit') reason = why;
    running.kill('SIGKILL');
  };
  const giveUp = () => stop('exit');
  signal?.addEventListener('abort', giveUp, { once: true });
  const timer = limits.timeMs === null ? undefined : setTimeout(stop, limits.timeMs, 'time');
  const watch = watchMemory(running.pid, limits.memoryBytes, () => stop('memory'));
  const tail = keepTail([running.stdout, running.stderr]);
  const output = running.stdio[3] as Readable;
  let finished = false;
  try {
    // A child that is gone before it has read its input is told by its end.
    running.stdin.on('error', () => {}).end(JSON.stringify(child.input));
    yield* linesOf(output, limits.outputBytes, stop);
    const how = await exit;
    throwIfAborted(signal);
    if (how === 'SIGABRT' && tail.text().includes('heap')) reason = 'memory';
    if (how !== 'exit code 0') throw child.failed({ reason, exit: how, log: tail.text() });
    log?.(tail.text());
    finished = true;
  } finally {
    signal?.removeEventListener('abort', giveUp);
    clearTimeout(timer);
    clearInterval(watch);
    if (!finished) running.kill('SIGKILL');
    output.destroy();
    await exit;
    lifeline.destroy();
  }
}

async function* linesOf(
  output: Readable,
  limit: number | null,
  exceeded: (what: 'item' | 'output') => void,
): AsyncGenerator<string[]> {
  output.setEncoding('utf8');
  const cutter = lineCutter();
  let length = 0;
  for await (const text of output as AsyncIterable<string>) {
    const lines = cutter.push(text);
    length += text.length;
    if (cutter.rest().length > MAX_ITEM_LENGTH) exceeded('item');
    else if (limit !== null && length > limit) exceeded('output');
    else yield lines;
  }
}

/** How a process ended: `exit code 1`, the name of a signal, or why it could not start. */
function endOf(running: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    running.once('error', (error) => resolve(error.message));
    running.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

/** Reads streams for good, so that their writer never waits, and keeps the end. */
function keepTail(streams: readonly Readable[]): { text(): string } {
  let tail = '';
  let isCut = false;
  for (const stream of streams) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const all = tail + text;
      isCut ||= all.length > LOG_TAIL;
      tail = all.slice(-LOG_TAIL);
    });
  }
  return { text: () => (isCut ? dropPartialLine(tail) : tail).trim() };
}

/** Looks at the resident memory of a process, which the flags of Node do not bound (buffers live outside its heap). */
function watchMemory(pid: number | undefined, limit: number | null, exceeded: () => void): NodeJS.Timeout | undefined {
  if (pid === undefined || limit === null) return undefined;
  const look = async () => {
    if ((await residentBytes(pid)) > limit) exceeded();
  };
  return setInterval(() => void look(), WATCH_MS);
}

/** 0 when the process is gone. */
async function residentBytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }
  const ps = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return Number(ps.stdout.trim() || 0) * 1024;
}
