import type { Hint } from '../../domain/hint.ts';

/** Request to the thread: to compile a schema and, with `result`, to check it. Both are JSON as text. */
export interface CheckRequest {
  readonly schema: string;
  readonly result: string | null;
}

/** Answer of the thread; `ready` comes once, at its start. */
export type CheckAnswer =
  | { readonly is: 'ready' }
  /** null = the result satisfies the schema, or the schema compiles. */
  | { readonly is: 'checked'; readonly problem: string | null }
  /** The schema is not usable: an AbpError `invalid_input`. */
  | { readonly is: 'refused'; readonly message: string; readonly hint: Hint | undefined }
  /** The check broke. */
  | { readonly is: 'broken'; readonly message: string };
