import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { provablyDead } from '../supervision/lease.ts';
import { isUnobservable } from '../workers/process/processes.ts';

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

/** The server of a store, as others find it: a process, and the token, with which whoever may read the user's files reads and operates. */
export type ServerRecord = z.infer<typeof serverRecord>;

/** Where the server of a store says that it is there. */
export function lockPath(storagePath: string): string {
  return `${storagePath}.server.json`;
}

/**
 * The living server of a store, or null. The lock file of a dead one counts as nothing, as does one out of reach in a
 * container or on another machine: its address says nothing here.
 */
export function readLock(path: string): ServerRecord | null {
  const record = parse(path);
  return record && !isUnobservable(record) && !provablyDead(record) ? record : null;
}

/**
 * Says that this process is the server of the store; returns the living one that was quicker, or null. Between looking at
 * a dead one's record and taking its place nobody else may do so: the caller sees to that.
 */
export function takeLock(path: string, record: ServerRecord): ServerRecord | null {
  const draft = `${path}.${record.pid}`;
  writeFileSync(draft, JSON.stringify(record), { mode: 0o600 });
  try {
    for (;;) {
      try {
        // A link is made whole or not at all: nobody ever reads half a record.
        linkSync(draft, path);
        return null;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const living = readLock(path);
      if (living) return living;
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Takes the record away, if it is still ours. */
export function releaseLock(path: string, record: ServerRecord): void {
  if (parse(path)?.token === record.token) rmSync(path, { force: true });
}

/** What no server wrote counts as nothing, as what is not there does. */
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
