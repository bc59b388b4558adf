import { z } from 'zod';

/** `limit`, the same in every enumerator. */
export const limitField = z
  .int()
  .min(1)
  .max(1_000_000_000)
  .optional()
  .describe('Stop after this many items. Left out: all.');

/** `offset`, in enumerators whose items have an order. */
export const offsetField = z
  .int()
  .min(0)
  .max(1_000_000_000)
  .default(0)
  .describe('Leave out so many at the beginning; the others keep their numbers.');

/** `on_duplicate`, in every enumerator that takes keys from the source. */
export const onDuplicateField = z
  .enum(['refuse', 'skip'])
  .default('refuse')
  .describe('Items whose key came before: refuse, or skip and list them.');

/** `on_invalid`, in every enumerator whose records may be none that can be an item. */
export const onInvalidField = z
  .enum(['refuse', 'skip'])
  .default('refuse')
  .describe('Records that cannot be items: refuse, or skip and list them.');

/** An encoding of the WHATWG list, as TextDecoder takes it. */
export const encodingField = z
  .string()
  .refine(isEncoding, {
    error: ({ input }) =>
      `expected an encoding such as "utf-8", "utf-16le", "windows-1252" or "shift_jis", found ${JSON.stringify(input)}`,
  })
  .optional()
  .describe('WHATWG name ("windows-1252", "shift_jis"…). Left out: UTF-8, or what a byte order mark says.');

function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
}
