import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import { dropPartialLine } from '../../domain/cut.ts';
import { lineCutter } from './lines.ts';
import { MAX_ITEM_LENGTH } from './rows.ts';
import { throwIfAborted } from './yielder.ts';

/**
 * A program in a process of its own: it may block, loop forever, exhaust its memory or crash without harm to ours, which a
 * thread could not promise (docs/decisions/0008-child-programs.md).
 */
export interface ChildProgram {
  /** Absolute path of a module that reads `input` (JSON) from stdin and writes lines to descriptor 3, synchronously. */
  readonly program: string;
  readonly input: object;
  /** Flags of Node. */
  readonly flags: readonly string[];
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly signal: AbortSignal | undefined;
  readonly limits: ChildLimits;
  /** Makes the error for a child that did not end with exit code 0. */
  failed(ending: ChildEnding): Error;
}

/** Bounds of a child; null = none. */
export interface ChildLimits {
  readonly timeMs: number | null;
  readonly memoryBytes: number | null;
  readonly outputBytes: number | null;
  /** Enforced by the operating system, also while our process is busy or stopped. */
  readonly cpuSeconds: number;
}

/** Why a child ended (`item`: a line is too long), its exit code or signal, and the end of its stdout and stderr. */
export interface ChildEnding {
  readonly reason: 'time' | 'memory' | 'output' | 'item' | 'exit';
  readonly exit: string;
  readonly log: string;
}

const LOG_TAIL = 8 * 1024;
const WATCH_MS = 100;

/**
 * Replaces itself by the program (`"$@"`), under its limit of CPU seconds (`$0`). A background shell reads descriptor 4, a pipe
 * from us: a line means that the program has ended; an end without a line, that our process is gone. It then kills the program,
 * which would not notice while it computes or waits.
 */
const START = 'ulimit -t "$0" 2>/dev/null; { read -r _ <&4 || kill -9 "$$"; } >/dev/null 2>&1 3>&- & exec "$@" 4<&-';

/**
 * Reads a child's lines in batches, no faster than the caller takes them; after a success `log` receives the end of its stdout
 * and stderr. Kills the child when the caller stops early or a limit is exceeded; throws the error of `failed`, or AbpError
 * `cancelled`.
 */
export async function* childLines(child: ChildProgram, log?: (text: string) => void): AsyncGenerator<string[]> {
  throwIfAborted(child.signal);
  const { flags, program, limits, signal } = child;
  const command = [process.execPath, ...flags, program];
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
    // A child that ends before it has read its input is reported by its ending.
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

/** Resolves with how a process ended: `exit code 1`, the name of a signal, or why it could not start. */
function endOf(running: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    running.once('error', (error) => resolve(error.message));
    running.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

/** Reads streams to their end, so that their writer never waits, and keeps the last characters. */
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

/** Watches the resident memory of a process, which Node's flags do not limit (buffers are outside the heap). */
function watchMemory(pid: number | undefined, limit: number | null, exceeded: () => void): NodeJS.Timeout | undefined {
  if (pid === undefined || limit === null) return undefined;
  const look = async () => {
    if ((await residentBytes(pid)) > limit) exceeded();
  };
  return setInterval(() => void look(), WATCH_MS);
}

/** Resident memory of a process; 0 when it is gone. */
async function residentBytes(pid: number): Promise<number> {
  if (process.platform === 'linux') {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }
  const ps = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return Number(ps.stdout.trim() || 0) * 1024;
}
