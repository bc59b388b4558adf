import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Installation } from './installation.ts';
import { type Used, usedBy } from './process.ts';

/** An answered call. */
interface Answer {
  readonly output: Record<string, unknown>;
  /** Time inside the process. */
  readonly ms: number;
}

/** A process that calls ABP's operations on one store, as the MCP server does. */
export interface Caller {
  readonly pid: number;
  call(name: string, input: Record<string, unknown>): Promise<Answer>;
  used(): Used;
  close(): Promise<void>;
}

/** Complete environment of an ABP process: of the user's only PATH and HOME. `more` overrides. */
export function abpEnvironment(
  storagePath: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const { PATH = '', HOME = '/' } = process.env;
  return { PATH, HOME, ABP_MAX_TOTAL_WORKERS: '64', ABP_AUTO_RECOVER: '0', ...more, ABP_STORAGE_PATH: storagePath };
}

/** Starts a caller. */
export function openCaller(installation: Installation, storagePath: string, environment = {}): Caller {
  const child = spawn(process.execPath, [installation.program('calls')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: abpEnvironment(storagePath, environment),
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('The caller could not be started.');
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  let last = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, error, ...answer } = JSON.parse(line) as Answer & { id: number; error?: string };
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(answer);
    else caller?.reject(new Error(error));
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const caller of waiting.values()) caller.reject(new Error(`The caller ended (${signal ?? code}).`));
      resolve();
    });
  });
  return {
    pid,
    call: (name, input) =>
      new Promise((resolve, reject) => {
        last++;
        waiting.set(last, { resolve, reject });
        child.stdin.write(`${JSON.stringify({ id: last, name, input })}\n`);
      }),
    used() {
      const used = usedBy(pid);
      if (used === null) throw new Error('The caller is gone.');
      return used;
    },
    async close() {
      child.stdin.end();
      await gone;
    },
  };
}
