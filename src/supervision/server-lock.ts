import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { isUnobservable, provablyDead } from '../workers/process/processes.ts';

const serverRecord = z.readonly(
  z.object({
    pid: z.int().min(1),
    startedAt: z.string().nullable(),
    bootId: z.string().nullable(),
    machineId: z.string().nullable().default(null),
    url: z.string(),
    port: z.int(),
    token: z.string(),
    servingSince: z.string(),
  }),
);

/** The server of a store: its process, address and token. The token reads and operates for everybody who can read the file. */
export type ServerRecord = z.infer<typeof serverRecord>;

/** Returns the path of the lock file of a store. */
export function lockPath(storagePath: string): string {
  return `${storagePath}.server.json`;
}

/**
 * Returns the living server of a store, or null. A dead one does not count, nor one in another container or on another
 * machine: its address is not valid here. Throws AbpError `environment` if the file cannot be read.
 */
export function readLock(path: string): ServerRecord | null {
  const record = parse(path);
  return record && !isUnobservable(record) && !provablyDead(record) ? record : null;
}

/**
 * Records this process as the server of the store; returns the living server instead if there is one. Must run inside a
 * transaction of the store, so that two processes cannot both replace the record of a dead server.
 */
export function takeLock(path: string, record: ServerRecord): ServerRecord | null {
  const living = readLock(path);
  if (living && living.token !== record.token) return living;
  const draft = `${path}.${record.pid}`;
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  // Readers, which take no lock, see the old file or the new one, never a part of it.
  renameSync(draft, path);
  return null;
}

/** Removes the lock file if it is still this server's. */
export function releaseLock(path: string, record: ServerRecord): void {
  if (parse(path)?.token === record.token) rmSync(path, { force: true });
}

/** Returns null for a missing file, and for one that no server wrote. */
function parse(path: string): ServerRecord | null {
  try {
    return serverRecord.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data ?? null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || error instanceof SyntaxError) return null;
    const found = code === 'EISDIR' ? 'a directory' : `one that cannot be read (${code})`;
    throw new AbpError('environment', `Expected the lock file of the dashboard, found ${found}: ${path}`, {
      hint: 'Move it away or make it readable, then start again: only a server writes it.',
      cause: error,
    });
  }
}
