import { cutMiddle, splitNote } from '../domain/cut.ts';
import type { Json, JsonObject } from '../domain/json.ts';

/**
 * Truncation of answers, for screens and for models. Sizes are bytes of JSON, as it is sent: a Chinese character takes three,
 * a control character six. Each truncated part says how much of the whole is missing, also where it was truncated before.
 */

/** Size of a value as JSON, bytes. */
export function jsonBytes(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
}

/** Truncates a text to about `bytes` and says how many characters are missing. */
export function truncate(text: string, bytes: number): string {
  const fitsWith = (length: number) => jsonBytes(text.slice(0, length)) - '""'.length <= bytes;
  // No character takes less than one byte.
  if (text.length <= bytes && fitsWith(text.length)) return text;
  const { kept, missing } = splitNote(text);
  let [fits, tooLong] = [0, Math.min(kept.length, Math.floor(bytes)) + 1];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (fitsWith(middle)) fits = middle;
    else tooLong = middle;
  }
  // Never half of a surrogate pair.
  const shown = kept.slice(0, fits).replace(/[\uD800-\uDBFF]$/, '');
  return `${shown}… (${missing + kept.length - shown.length} more characters)`;
}

/** Truncates an error message in the middle: its cause is at the end. */
export function truncateMessage(message: string, bytes: number): string {
  if (message.length <= bytes && jsonBytes(message) - '""'.length <= bytes) return message;
  // With room for the note about what is missing; a character takes at least one byte, and rarely more than three.
  let length = Math.min(message.length, Math.floor(bytes));
  while (length > 0 && jsonBytes(cutMiddle(message, length)) > bytes + NOTE_BYTES) length = Math.floor(length * 0.9);
  return cutMiddle(message, length);
}

const NOTE_BYTES = 40;

/** Truncates the values of a payload, config or schema, so that it stays below about `bytes`. */
export function truncateObject(object: JsonObject, bytes: number): JsonObject {
  if (jsonBytes(object) <= bytes) return object;
  const { [REST]: rest, ...fields } = object;
  const before = typeof rest === 'string' ? MORE_FIELDS.exec(rest)?.[1] : undefined;
  const names = Object.keys(before === undefined ? object : fields);
  // Names and quotes need room, too; at least the beginnings of the first fields are shown.
  const each = Math.max(20, Math.floor(bytes / names.length) - 24);
  const shown: Record<string, Json> = {};
  let left = bytes;
  for (const name of names) {
    const value = truncateValue(object[name] ?? null, each);
    left -= jsonBytes(name) + jsonBytes(value) + 2;
    if (left < 0 && Object.keys(shown).length > 0) break;
    shown[truncate(name, 200)] = value;
  }
  const missing = names.length - Object.keys(shown).length + Number(before ?? 0);
  return missing === 0 ? shown : { ...shown, [REST]: `${missing} more fields` };
}

/** Field of a truncated object that says how many fields are missing. */
const REST = '…';
const MORE_FIELDS = /^(\d{1,15}) more fields$/;

/** Truncates a value to about `bytes`: a text as text, anything else to the beginning of its JSON. */
export function truncateValue(value: Json, bytes: number): Json {
  if (typeof value === 'string') return truncate(value, bytes);
  return jsonBytes(value) <= bytes ? value : truncate(JSON.stringify(value), bytes);
}

/** Returns the first entries of a list that together stay below `bytes`; at least one. */
export function truncateList<T>(entries: readonly T[], bytes: number): readonly T[] {
  let left = bytes;
  const end = entries.findIndex((entry) => {
    left -= jsonBytes(entry) + 1;
    return left < 0;
  });
  return end < 0 ? entries : entries.slice(0, Math.max(1, end));
}

/** Bytes of a text in a list. */
const ENTRY_BYTES = 200;

/**
 * Makes a field with the first entries of a list, and a field with the number of missing ones, with those that were
 * `missing` before; no field for an empty list.
 */
export function truncateField<T>(
  name: string,
  entries: readonly T[] = [],
  bytes: number,
  missing = 0,
): Record<string, unknown> {
  if (entries.length === 0) return {};
  const shown = truncateList(
    entries.map((entry) =>
      typeof entry === 'string' ? truncate(entry, ENTRY_BYTES) : truncateAny(entry as Json, bytes),
    ),
    bytes,
  );
  return { [name]: shown, ...omittedCount(name, missing + entries.length - shown.length) };
}

/** Makes the field `<name>_left_out` with the number of omitted entries; no field for 0. */
export function omittedCount(name: string, count: number): Record<string, number> {
  return count > 0 ? { [`${name}_left_out`]: count } : {};
}

/** Truncates each part of an object by itself: a list to its first entries and a count of the rest. */
export function truncateParts(object: Readonly<Record<string, unknown>>, bytes: number): Record<string, unknown> {
  const parts = Object.entries(object).map(([name, value]) =>
    Array.isArray(value) && value.length > 0
      ? truncateField(name, value, bytes)
      : { [name]: truncateAny(value as Json | undefined, bytes) },
  );
  return Object.assign({}, ...parts) as Record<string, unknown>;
}

/** Truncates an object to its fields, anything else as `truncateValue`. */
function truncateAny(value: Json | undefined, bytes: number): Json | undefined {
  if (value === undefined) return value;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? truncateObject(value as JsonObject, bytes) : truncateValue(value, bytes);
}

/** Makes the field `fields` with the first fields of a source. */
export function truncateFields(fields: readonly string[]): { readonly fields: readonly string[] } {
  return { fields: [], ...truncateField('fields', fields, 1000) };
}
