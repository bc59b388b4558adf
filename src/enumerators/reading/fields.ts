import { z } from 'zod';

/** `limit`, the same in every enumerator. */
export const limitField = z
  .int()
  .min(1)
  .max(1_000_000_000)
  .optional()
  .describe('Stop after this many items. Left out: all of them.');

/** `on_duplicate`, in every enumerator that takes keys from the source. */
export const onDuplicateField = z
  .enum(['error', 'skip'])
  .default('error')
  .describe('Two items with one key: refuse the source and name both places (error), or keep the first (skip).');

/** An encoding of the WHATWG list, as TextDecoder takes it. */
export const encodingField = z
  .string()
  .refine(isEncoding, {
    error: ({ input }) =>
      `expected an encoding such as "utf-8", "utf-16le", "windows-1252" or "shift_jis", found ${JSON.stringify(input)}`,
  })
  .optional()
  .describe(
    'Text encoding, by its WHATWG name ("windows-1252", "shift_jis"…). Left out: UTF-8, or what a byte order mark says.',
  );

function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name);
    return true;
  } catch {
    return false;
  }
}
