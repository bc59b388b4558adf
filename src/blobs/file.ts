import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readlink, rename, rm, rmdir, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { rangeWithin, requireBlobKey, type StoredBlob } from '../domain/blob.ts';
import { AbpError } from '../domain/error.ts';
import type { ProcessIdentity } from '../domain/lease.ts';
import type { BlobStore } from '../ports/blob-store.ts';

/** Files and folders that one call of `delete` removes at most. */
const REMOVED_AT_ONCE = 1000;
/** Folder of files that are being written. No part of a key has an `=`. */
const UNFINISHED = '=unfinished';
/** Times that a folder is made for a blob, while deletions remove it for being empty. */
const MAX_TRIES = 20;

/** Errors that pass by themselves. `ENOENT`: a folder was removed while it was used. */
const PASSING = ['EAGAIN', 'EBUSY', 'EINTR', 'EMFILE', 'ENFILE', 'ENOENT', 'ENOMEM', 'ESTALE', 'ETIMEDOUT'];
const NO_ROOM = ['ENOSPC', 'EDQUOT'];

/** This process, and how to recognize that another one has ended: its unfinished files are removed. */
export interface Processes {
  readonly self: ProcessIdentity;
  /** Tells whether a process has certainly ended; false where that cannot be known. */
  readonly provablyDead: (owner: ProcessIdentity) => boolean;
}

/** Opens the blobs in a folder (absolute; made with the first blob), which several processes may use at once. */
export function openFileBlobs(root: string, processes: Processes): BlobStore {
  const unfinished = createUnfinished(root, processes);
  return {
    async put(key, source, signal) {
      const file = fileOf(root, key);
      signal?.throwIfAborted();
      return unfinished.use(async (path) => {
        const stored = await write(path, source, root, signal);
        signal?.throwIfAborted();
        await inStore(root, () => publish(path, file, root));
        return stored;
      });
    },
    get: (key, range) =>
      inStore(root, async () => {
        const handle = await open(fileOf(root, key), 'r').catch(nullIfMissing);
        if (handle === null) throw new AbpError('not_found', `The blob ${key} does not exist.`);
        try {
          const { start, end } = rangeWithin((await handle.stat()).size, range);
          // Both ends are inclusive; an empty file has no byte 0 either.
          return handle.createReadStream({ start, end: Math.max(end - 1, 0) });
        } catch (error) {
          await handle.close();
          throw error;
        }
      }),
    stat: (key) => inStore(root, async () => (await stat(fileOf(root, key)).catch(nullIfMissing))?.size ?? null),
    delete: (prefix) =>
      inStore(root, async () => {
        await rm(fileOf(root, prefix), { force: true });
        const folder = folderOf(root, prefix);
        if ((await removeTree(folder, { removals: REMOVED_AT_ONCE })) === 'left') return 'left';
        await syncFolder(await removeEmptyParents(dirname(folder), root));
        return 'deleted';
      }),
  };
}

/** Returns the file of a blob: a name that no folder has, since a key may continue another one. */
function fileOf(root: string, key: string): string {
  return `${folderOf(root, key)}=`;
}

/** Returns the folder of the blobs below a key. Numbers from 1000 are in a folder of their thousand: `=12/12345`. */
function folderOf(root: string, key: string): string {
  requireBlobKey(key);
  const parts = key.split('/').flatMap((part) => {
    const [, thousands] = /^(\d+)\d{3}/.exec(part) ?? [];
    return thousands === undefined ? [part] : [`=${thousands}`, part];
  });
  return join(root, ...parts);
}

/** Writes and syncs a new file. */
async function write(path: string, source: () => Readable, root: string, signal?: AbortSignal): Promise<StoredBlob> {
  await using handle = await inStore(root, () => open(path, 'wx', 0o600));
  const hash = createHash('sha256');
  let size = 0;
  const stream = source();
  if (signal) addAbortSignal(signal, stream);
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      size += chunk.length;
      await inStore(root, () => handle.writeFile(chunk));
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  await inStore(root, () => handle.sync());
  return { size, sha256: hash.digest('hex') };
}

/** Moves a written file to its place, durably. */
async function publish(path: string, file: string, root: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await rename(path, file);
      break;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || tries === MAX_TRIES) throw error;
    }
  }
  // All of them, although most are old: who made a folder a moment ago may not have synced its parent yet.
  const last = dirname(root);
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === last) return;
  }
}

/** Syncs a folder; one that is gone was removed by a deletion, with all in it. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r').catch(nullIfMissing);
  await handle?.sync();
}

/** Removes a folder and all in it, as far as the number of removals goes. */
async function removeTree(folder: string, budget: { removals: number }): Promise<'removed' | 'left'> {
  for (const entry of (await readdir(folder, { withFileTypes: true }).catch(nullIfMissing)) ?? []) {
    const path = join(folder, entry.name);
    if (budget.removals === 0) return 'left';
    if (entry.isDirectory()) {
      if ((await removeTree(path, budget)) === 'left') return 'left';
    } else {
      await rm(path, { force: true });
      budget.removals -= 1;
    }
  }
  budget.removals = Math.max(budget.removals - 1, 0);
  return removeIfEmpty(folder);
}

/** Removes a folder and its parents below the store as long as they are empty; returns the first that stays. */
async function removeEmptyParents(folder: string, root: string): Promise<string> {
  return folder === root || (await removeIfEmpty(folder)) === 'left'
    ? folder
    : removeEmptyParents(dirname(folder), root);
}

/** Removes a folder if it is empty; `left` = something is in it. */
async function removeIfEmpty(folder: string): Promise<'removed' | 'left'> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return 'left';
    nullIfMissing(error);
  }
  return 'removed';
}

/** The files that are being written. */
interface Unfinished {
  /** Calls `work` with the path of a new file, which is removed if it is still there when `work` fails. */
  use<T>(work: (path: string) => Promise<T>): Promise<T>;
}

/**
 * Keeps unfinished files in a folder: `<id>.<n>` belongs to the process that the link `<id>` names in its text. A link is made
 * before the first file and whole at once, so that no file is without an owner.
 */
function createUnfinished(root: string, { self, provablyDead }: Processes): Unfinished {
  const folder = join(root, UNFINISHED);
  const id = randomUUID();
  let swept = false;
  let files = 0;
  const prepare = async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await symlink(JSON.stringify(self), join(folder, id)).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    if (!swept) await sweep(folder, provablyDead);
    swept = true;
  };
  return {
    async use(work) {
      await inStore(root, prepare);
      const path = join(folder, `${id}.${++files}`);
      try {
        return await work(path);
      } catch (error) {
        await rm(path, { force: true }).catch(() => undefined);
        throw error;
      }
    },
  };
}

async function sweep(folder: string, provablyDead: Processes['provablyDead']): Promise<void> {
  const dead: string[] = [];
  for (const name of await readdir(folder)) {
    const owner = name.includes('.') ? null : await readlink(join(folder, name)).catch(nullIfMissing);
    if (owner !== null && provablyDead(JSON.parse(owner) as ProcessIdentity)) dead.push(name);
  }
  if (dead.length === 0) return;
  // Listed again: the dead write no more, but may have done so since the first list. Links last: they lead to the files.
  const files = (await readdir(folder)).filter((name) => name.includes('.') && dead.includes(name.split('.')[0] ?? ''));
  for (const name of [...files, ...dead]) await rm(join(folder, name), { force: true });
}

/** Performs work on the store's own files; converts system errors to the AbpErrors of the port. */
async function inStore<T>(root: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (error instanceof AbpError || code === undefined) throw error;
    if (NO_ROOM.includes(code)) {
      throw new AbpError('environment', `No room is left for the blobs in ${root} (${code}).`, {
        hint: 'Make room on the disk, then try again.',
        details: { disk: true },
        cause: error,
      });
    }
    throw PASSING.includes(code)
      ? new AbpError('busy', `The blobs in ${root} cannot be used now (${code}).`, { hint: 'Try again.', cause: error })
      : new AbpError('environment', `The blobs in ${root} cannot be used (${code}).`, {
          hint: 'Let this user read and write that folder.',
          cause: error,
        });
  }
}

function nullIfMissing(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null;
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
