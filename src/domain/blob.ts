import { AbpError } from './error.ts';

/** What a store computed while it took a blob: bytes, and SHA-256 as hex. */
export interface StoredBlob {
  readonly size: number;
  readonly sha256: string;
}

/** Part of a blob in bytes: from `start` to before `end`; absent `end` = to the end of the blob. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number | undefined;
}

const MAX_KEY = 512;
/** A part of a key. A disk takes names of 255 bytes, and drivers add to them. */
const PART = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/**
 * Checks the key of a blob, or a prefix of keys: parts of 1 to 200 characters of `A-Z a-z 0-9 . _ -`, none with a dot first
 * and no `..`, joined by `/`, at most 512 characters in all. Throws AbpError `internal`: only ABP makes keys.
 */
export function requireBlobKey(key: string): void {
  const isWhole = key.split('/').every((part) => PART.test(part));
  if (key.length <= MAX_KEY && isWhole && !key.includes('..')) return;
  throw new AbpError('internal', `${JSON.stringify(key.slice(0, MAX_KEY))} is no key of a blob.`, {
    hint: 'This is a fault in ABP.',
  });
}

/**
 * Returns the part of a blob of `size` bytes that a range names, with both ends; the end of the blob cuts it off. Throws
 * AbpError `invalid_input`: no range of whole bytes, or (`details.size`) it begins behind the last byte.
 */
export function rangeWithin(
  size: number,
  range: ByteRange | undefined,
): { readonly start: number; readonly end: number } {
  if (range === undefined) return { start: 0, end: size };
  const { start, end = Number.MAX_SAFE_INTEGER } = range;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start) {
    throw new AbpError('invalid_input', `Expected a range of whole bytes, found ${start} to ${end}.`);
  }
  if (start >= size) {
    throw new AbpError('invalid_input', `The range begins at byte ${start}, behind the last of ${size} bytes.`, {
      details: { size },
    });
  }
  return { start, end: Math.min(end, size) };
}
