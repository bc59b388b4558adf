/** What is asked of the thread: to compile a schema and, with `result`, to check it. Both are JSON as text. */
export interface CheckRequest {
  readonly schema: string;
  readonly result: string | null;
}

/** What it answers; `ready` comes once, unasked. */
export type CheckAnswer =
  | { readonly is: 'ready' }
  /** null = the result satisfies the schema, or the schema compiles. */
  | { readonly is: 'checked'; readonly problem: string | null }
  /** The schema is not usable: an AbpError `invalid_input`. */
  | { readonly is: 'refused'; readonly message: string; readonly hint: string | undefined }
  /** The check broke. */
  | { readonly is: 'broken'; readonly message: string };
