import { AbpError, type ErrorCode } from '../domain/error.ts';

/** Exit codes with what they mean: the source of `abp --help` and of the README's table. */
export const EXIT_CODES = {
  done: [0, 'done; of a job: every unit is completed or was left out by a person'],
  failed: [
    1,
    'the job ended and some of its units, or its post-processing, failed, or invalid records of its source were skipped',
  ],
  usage: [2, 'the command, its files or the state of the job do not allow it; nothing was changed'],
  person: [3, 'a person is needed: the job is paused or waits for approval, or something must be installed or set'],
  notFound: [4, 'no such job, unit or approval'],
  cancelled: [5, 'the job was cancelled, or its test rejected'],
  internal: [70, 'a fault in ABP, or a store that cannot be used'],
  interrupted: [130, 'left with Ctrl-C or q; a job goes on unless it said otherwise'],
} as const satisfies Record<string, readonly [number, string]>;

export type Exit = keyof typeof EXIT_CODES;

/** How each error ends a command. */
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

/** The error of a command that its person ended, who is told apart from somebody else that cancelled its job. */
export function interrupted(message: string, cause: unknown): AbpError {
  return new AbpError('cancelled', message, { details: { interrupted: true }, cause });
}

/** How an error ends the command that met it. */
export function exitOfError(error: AbpError): Exit {
  return error.details?.interrupted === true ? 'interrupted' : EXIT_OF_ERROR[error.code];
}
