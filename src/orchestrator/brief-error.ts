import { type AbpError, toAbpError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { truncateField, truncateMessage, truncateValue } from './truncate.ts';

/** Bytes for each part of an error: messages of engines about a schema or query have no bound. */
const PART_BYTES = 3000;

/** The parts of an error that interfaces return. */
export type BriefError = Pick<AbpError, 'code' | 'blame' | 'message' | 'hint' | 'details'>;

/**
 * Converts anything thrown to the error that interfaces return: each part truncated, lists kept as lists with a count of
 * the rest.
 */
export function briefError(thrown: unknown): BriefError {
  const { code, blame, message, hint, details } = toAbpError(thrown);
  return {
    code,
    blame,
    message: truncateMessage(message, PART_BYTES),
    hint: hint,
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
