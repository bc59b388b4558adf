import { createHash, randomBytes } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AbpError } from '../domain/error.ts';

/** For so long a link can be used, ms. */
export const LINK_TTL_MS = 120_000;
/** 32 bytes in base64url. */
const CODE = /^[A-Za-z0-9_-]{43}$/;
const HASH = /^[0-9a-f]{64}$/;

/** Where the hashes of links wait to be used. */
export function linkFolder(storagePath: string): string {
  return `${storagePath}.sign-in`;
}

/**
 * Makes the code of a link that signs one browser in once: 256 random bits, base64url. Only its hash is kept, as a file
 * beside the store: who may write there is the user, while the token of the lock file opens nothing here
 * (docs/decisions/0001-sign-in.md). Throws AbpError `environment` when the file cannot be written.
 */
export function mintCode(storagePath: string, now: number = Date.now()): string {
  const folder = linkFolder(storagePath);
  const code = randomBytes(32).toString('base64url');
  const hash = hashOf(code);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeExpired(folder, now);
    // The content is the name: no other file that gets there, by a rename or an export, is taken for a link.
    writeFileSync(join(folder, hash), hash, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new AbpError('environment', `Cannot make a sign-in link: ${(cause as Error).message}`, {
      hint: `${folder} must be a folder of this user, on a disk with room.`,
      cause,
    });
  }
  return code;
}

/**
 * Uses a code up; false = unknown, used before or too old. It is looked for by its hash, so that the time this takes says
 * nothing about codes that are there.
 */
export function redeemCode(storagePath: string, code: string, now: number = Date.now()): boolean {
  if (!CODE.test(code)) return false;
  const hash = hashOf(code);
  const path = join(linkFolder(storagePath), hash);
  try {
    const file = lstatSync(path);
    if (!file.isFile()) return false;
    const valid = isLink(path, file, hash, now);
    // Removing succeeds once.
    unlinkSync(path);
    return valid;
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return false;
    throw new AbpError('environment', `Cannot use a sign-in link: ${(cause as Error).message}`, {
      hint: 'Run abp serve --link as the user who runs the server.',
      cause,
    });
  }
}

/** Whether this is what mintCode wrote: a file of this user, with its own hash in it, not too old. */
function isLink(path: string, file: Stats, hash: string, now: number): boolean {
  const isOwn = file.uid === process.getuid?.() && file.size === hash.length;
  return isOwn && !isExpired(file.mtimeMs, now) && readFileSync(path, 'utf8') === hash;
}

/** A clock that was set back makes no link live longer. */
function isExpired(mtimeMs: number, now: number): boolean {
  return Math.abs(now - mtimeMs) > LINK_TTL_MS;
}

function removeExpired(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    if (!HASH.test(name)) continue;
    const path = join(folder, name);
    const file = statSync(path, { throwIfNoEntry: false });
    if (file && isExpired(file.mtimeMs, now)) rmSync(path, { force: true });
  }
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
