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

/** Lifetime of a link, ms. */
export const LINK_TTL_MS = 120_000;
/** 32 bytes in base64url. */
const CODE = /^[A-Za-z0-9_-]{43}$/;
const HASH = /^[0-9a-f]{64}$/;

/** Returns the folder with the hashes of unused links. */
export function linkFolder(storagePath: string): string {
  return `${storagePath}.sign-in`;
}

/**
 * Makes the code of a link that signs one browser in once: 256 random bits, base64url. Only its hash is kept, as a file
 * beside the store, where only the user can write; the token of the lock file gives no access here
 * (docs/decisions/0001-sign-in.md). Throws AbpError `environment` if the file cannot be written.
 */
export function mintCode(storagePath: string, now: number = Date.now()): string {
  const folder = linkFolder(storagePath);
  const code = randomBytes(32).toString('base64url');
  const hash = hashOf(code);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeExpired(folder, now);
    // The content repeats the name: another file that a rename or an export puts here is not a link.
    writeFileSync(join(folder, hash), hash, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new AbpError('environment', `Cannot make a sign-in link: ${(cause as Error).message}`, {
      hint: `${folder} must be a folder of this user, on a disk with free space.`,
      cause,
    });
  }
  return code;
}

/**
 * Redeems a code, which works once; false = unknown, used or expired. The time of a look-up by hash reveals nothing about
 * existing codes. Throws AbpError `environment` if the file cannot be read or removed.
 */
export function redeemCode(storagePath: string, code: string, now: number = Date.now()): boolean {
  if (!CODE.test(code)) return false;
  const hash = hashOf(code);
  const path = join(linkFolder(storagePath), hash);
  try {
    const file = lstatSync(path);
    if (!file.isFile()) return false;
    const valid = isLink(path, file, hash, now);
    // Only one process can remove the file.
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

/** Tells whether mintCode wrote this file: owned by this user, with its own hash in it, not expired. */
function isLink(path: string, file: Stats, hash: string, now: number): boolean {
  const isOwn = file.uid === process.getuid?.() && file.size === hash.length;
  return isOwn && !isExpired(file.mtimeMs, now) && readFileSync(path, 'utf8') === hash;
}

/** Also expired: a link of the future, so that setting the clock back extends none. */
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
