import { z } from 'zod';

/** Config field `limit`, the same in every enumerator. */
export const limitField = z
  .int()
  .min(1)
  .max(1_000_000_000)
  .optional()
  .describe('Stop after this many items. Default: all.');

/** Config field `offset`, for enumerators whose items have an order. */
export const offsetField = z
  .int()
  .min(0)
  .max(1_000_000_000)
  .default(0)
  .describe('Skip so many at the beginning; the others keep their numbers.');

/** Config field `on_duplicate`, for enumerators that take keys from the source. */
export const onDuplicateField = z
  .enum(['refuse', 'skip'])
  .default('refuse')
  .describe('Items with a repeated key: refuse, or skip and list them.');

/** Config field `on_invalid`, for enumerators whose records may be invalid. */
export const onInvalidField = z
  .enum(['refuse', 'skip'])
  .default('refuse')
  .describe('Records that cannot be items: refuse, or skip and list them.');

/** Config field `encoding`: a WHATWG name, as TextDecoder accepts it. */
export const encodingField = z
  .string()
  .refine(isEncoding, {
    error: ({ input }) =>
      `expected an encoding such as "utf-8", "utf-16le", "windows-1252" or "shift_jis", found ${JSON.stringify(input)}`,
  })
  .optional()
  .describe('WHATWG name ("windows-1252", "shift_jis"…). Default: UTF-8, or the encoding of a byte order mark.');

function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
}
