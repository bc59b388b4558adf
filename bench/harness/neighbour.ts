import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Installation } from './installation.ts';

/** Waiting times of another process of the store, ms. */
export interface Waits {
  readonly write: readonly number[];
  readonly read: readonly number[];
}

/** Starts another process that constantly writes and reads a store; `end` returns its waiting times. */
export async function startNeighbour(
  installation: Installation,
  storagePath: string,
): Promise<{ end(): Promise<Waits> }> {
  const child = spawn(process.execPath, [installation.program('neighbour'), storagePath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'readable');
  return {
    async end() {
      child.stdin.end();
      return JSON.parse(await text(child.stdout)) as Waits;
    },
  };
}
