/**
 * Every error code, with whose problem it is: the `caller` can fix the request, a `person` must do something outside
 * (approve, log in, make room), the `state` of the job forbids it now, or `abp` itself is at fault.
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

/** What an AbpError carries beside its message. `details` is JSON, small, and may be shown to a model. */
export interface ErrorParts {
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error type that crosses a layer on purpose. The message names the thing, what was expected and what was
 * found; the hint says the next step. Interfaces map it once; anything else that is thrown is a bug and becomes `internal`.
 */
export class AbpError extends Error {
  override readonly name = 'AbpError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
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

/** Wraps whatever was thrown: an AbpError passes unchanged, everything else becomes `internal` with its cause kept. */
export function toAbpError(thrown: unknown): AbpError {
  if (thrown instanceof AbpError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new AbpError('internal', `Unexpected error: ${message}`, {
    hint: 'This is a fault in ABP. `abp doctor` checks the installation.',
    cause: thrown,
  });
}
