/**
 * Bounds of answers for screens and programs, bytes of JSON: generous, so that only a text that nobody reads there is
 * truncated; exports, run directories and logs have the whole. What a model gets is shorter: `mcp/present`.
 */

/** Bytes of one text where it is shown by itself, and of the results of several attempts together. */
export const TEXT_BYTES = 200_000;
/** Bytes of one part (payload, result) of a row in a list: a page of 100 rows stays near a megabyte. */
export const CELL_BYTES = 5_000;
/** Bytes of a unit's key beside other units. */
export const KEY_BYTES = 500;
/** Bytes of one entry of a conversation. */
export const ENTRY_BYTES = 20_000;
/** Bytes of a page of items or entries: one with long texts has fewer entries. */
export const PAGE_BYTES = 1_000_000;
