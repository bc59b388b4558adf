import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { abpEnvironment } from './caller.ts';
import type { Installation } from './installation.ts';
import { type Used, usedBy } from './process.ts';

/** A running `abp serve`. */
export interface ServedDashboard {
  readonly url: string;
  /** Sends a request with the token. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** A sign-in link, as printed in a terminal. */
  signInLink(): string;
  used(): Used;
  close(): Promise<void>;
}

/** Serves a store on a free port. */
export async function serveDashboard(installation: Installation, storagePath: string): Promise<ServedDashboard> {
  const child = spawn(process.execPath, [installation.program('main'), 'serve', '--port', '0'], {
    stdio: 'ignore',
    env: abpEnvironment(storagePath),
  });
  // Stops also if a benchmark fails.
  const stop = () => child.kill('SIGTERM');
  process.once('exit', stop);
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // The file by which other processes of the store find the server.
  const lock = `${storagePath}.server.json`;
  while (!existsSync(lock)) {
    if (child.exitCode !== null) throw new Error(`abp serve ended with exit code ${child.exitCode}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { url, token } = JSON.parse(readFileSync(lock, 'utf8')) as { url: string; token: string };
  return {
    url,
    fetch: (path, init) =>
      fetch(url + path, { ...init, headers: { ...init?.headers, Authorization: `Bearer ${token}` } }),
    signInLink() {
      const args = [installation.program('main'), 'serve', '--link'];
      return execFileSync(process.execPath, args, { env: abpEnvironment(storagePath), encoding: 'utf8' }).trim();
    },
    used() {
      const used = usedBy(child.pid ?? 0);
      if (used === null) throw new Error('abp serve is gone.');
      return used;
    },
    async close() {
      process.off('exit', stop);
      stop();
      await gone;
    },
  };
}
