import { AbpError, type ErrorCode } from '../domain/error.ts';

/** Exit codes with their meanings: the source of `abp --help` and of the README's table. */
export const EXIT_CODES = {
  done: [0, 'success; for a job: every unit is completed or was left out by a person'],
  failed: [
    1,
    'the job ended, but some units or a step over all results failed, or invalid records of its source were skipped',
  ],
  usage: [2, 'rejected: the command, its files or the state of the job do not allow it; nothing was changed'],
  person: [3, 'action required: the job is paused or awaits approval, or something must be installed or set'],
  notFound: [4, 'no such job, unit or approval'],
  cancelled: [5, 'the job was cancelled, or its test was rejected'],
  internal: [70, 'an internal error, or a store that cannot be used'],
  interrupted: [130, 'interrupted with Ctrl-C or q; a job keeps running unless the output says otherwise'],
} as const satisfies Record<string, readonly [number, string]>;

export type Exit = keyof typeof EXIT_CODES;

/** The exit for each error code. */
export const EXIT_OF_ERROR = {
  invalid_input: 'usage',
  already_exists: 'usage',
  ambiguous: 'usage',
  request_reused: 'usage',
  conflict: 'usage',
  not_found: 'notFound',
  cancelled: 'cancelled',
  approval_required: 'person',
  worker_unavailable: 'person',
  environment: 'person',
  store_damaged: 'person',
  store_foreign: 'person',
  store_gone: 'person',
  busy: 'internal',
  newer_store: 'person',
  store: 'internal',
  internal: 'internal',
} as const satisfies Record<ErrorCode, Exit>;

/** Creates the error of a command that was interrupted here; a job that was cancelled elsewhere has another exit. */
export function interrupted(message: string, cause: unknown): AbpError {
  return new AbpError('cancelled', message, { details: { interrupted: true }, cause });
}

/** The exit of a command that failed with an error. */
export function exitOfError(error: AbpError): Exit {
  return error.details?.interrupted === true ? 'interrupted' : EXIT_OF_ERROR[error.code];
}
