import { type AbpError, toAbpError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { truncate, truncateField, truncateMessage, truncateValue } from './truncate.ts';

/** Room for each part of an error, in bytes: what an engine says about a bad schema or query may be endless. */
const PART_BYTES = 3000;

/** What of an error is told to whoever asked. */
export type BriefError = Pick<AbpError, 'code' | 'blame' | 'message' | 'hint' | 'details'>;

/** Whatever was thrown as interfaces answer it: no part longer than its room; lists stay lists and say what is left out. */
export function briefError(thrown: unknown): BriefError {
  const { code, blame, message, hint, details } = toAbpError(thrown);
  return {
    code,
    blame,
    message: truncateMessage(message, PART_BYTES),
    hint: hint && truncate(hint, PART_BYTES),
    details: details && shortDetails(details),
  };
}

function shortDetails(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const parts = Object.entries(details).map(([name, value]) =>
    Array.isArray(value)
      ? truncateField(name, value, PART_BYTES)
      : { [name]: truncateValue(value as Json, PART_BYTES) },
  );
  return Object.assign({}, ...parts) as Record<string, unknown>;
}
