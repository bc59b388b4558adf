import { type Hint, type Mention, partsOf } from './hint.ts';

/**
 * Every error code with who can fix it: the `caller` (the request), a `person` (approve, log in, make room), the
 * `state` of the job (not allowed now), or `abp` (a bug).
 */
export const ERROR_CODES = {
  invalid_input: 'caller',
  not_found: 'caller',
  already_exists: 'caller',
  ambiguous: 'caller',
  request_reused: 'caller',
  conflict: 'state',
  busy: 'state',
  cancelled: 'state',
  approval_required: 'person',
  worker_unavailable: 'person',
  environment: 'person',
  newer_store: 'person',
  store_damaged: 'person',
  store_foreign: 'person',
  store_gone: 'person',
  store: 'abp',
  internal: 'abp',
} as const satisfies Record<string, 'caller' | 'state' | 'person' | 'abp'>;

export type ErrorCode = keyof typeof ERROR_CODES;
export type ErrorBlame = (typeof ERROR_CODES)[ErrorCode];

/** Parts of an AbpError beside its message. `details` is small JSON and may be shown to a model. */
export interface ErrorParts {
  readonly hint?: Hint;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The only error type that crosses a layer on purpose. The message names the thing, the expected and the found; the
 * hint names the next step: of `approval_required` it is the one operation by which a person decides. Interfaces map it in one place; any other error is a bug and becomes `internal`.
 */
export class AbpError extends Error {
  override readonly name = 'AbpError';
  readonly code: ErrorCode;
  readonly hint: Hint | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, parts: ErrorParts = {}) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = code;
    this.hint = parts.hint;
    this.details = parts.details;
  }

  get blame(): ErrorBlame {
    return ERROR_CODES[this.code];
  }
}

/** Converts a thrown value: an AbpError passes unchanged, anything else becomes `internal` with its cause. */
export function toAbpError(thrown: unknown): AbpError {
  if (thrown instanceof AbpError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AbpError('internal', `Unexpected error: ${message}`, {
    hint: 'This is a fault in ABP. `abp doctor` checks the installation.',
    cause: thrown,
  });
}

/** The operation by which a person decides, of an `approval_required` error whose hint is that; null = another error. */
export function decisionIn({ code, hint }: Pick<AbpError, 'code' | 'hint'>): Mention | null {
  const [decision, ...rest] = code === 'approval_required' ? partsOf(hint ?? '') : [];
  return typeof decision === 'object' && rest.length === 0 ? decision : null;
}

/** The id of the job that an error is about, which the operations of its hint need; undefined = none. */
export function jobIn({ details }: Pick<AbpError, 'details'>): string | undefined {
  return typeof details?.job_id === 'string' ? details.job_id : undefined;
}
