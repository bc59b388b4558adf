import { type AbpError, toAbpError } from '../../domain/error.ts';
import { truncate, truncateMessage, truncateParts } from '../../orchestrator/truncate.ts';
import { errorHint } from './error-hint.ts';

/** Bytes for each part of an error: messages of engines about a schema or query have no bound. */
const PART_BYTES = 3000;

/** The parts of an error that a model gets. */
export type BriefError = Pick<AbpError, 'code' | 'blame' | 'message' | 'details'> & { readonly hint?: string };

/** Presents anything thrown to a model: each part truncated, lists kept as lists with a count of the rest. */
export function briefError(thrown: unknown): BriefError {
  const error = toAbpError(thrown);
  const { code, blame, message, details } = error;
  const hint = errorHint(error);
  return {
    code,
    blame,
    message: truncateMessage(message, PART_BYTES),
    ...(hint === undefined ? {} : { hint: truncate(hint, PART_BYTES) }),
    details: details && truncateParts(details, PART_BYTES),
  };
}
