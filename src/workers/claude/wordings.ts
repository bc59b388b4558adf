import type { FailureClass } from '../../domain/failure.ts';

/** Separators of the clauses of an error: `A · B`, `A: B`, strings of a JSON body, the status before them, lines. */
const BETWEEN_CLAUSES = /: |[·∙"\n]| \(|\b[45]\d\d /;

/**
 * Error texts of the CLI (since 1.0) and the service, by the start of a clause; used for stderr, results and errors
 * alike. The first row that matches any clause wins: billing before a limit that opens by itself, both before
 * accompanying errors (a prompt is too long because a limit prevented compaction).
 */
const WORDINGS: readonly { readonly failureClass: FailureClass; readonly words: RegExp }[] = [
  { failureClass: 'billing', words: /^(?:your )?credit balance\b/i },
  // Accounts without any allowance; waiting does not help.
  {
    failureClass: 'billing',
    words: /^Your (?:seat type doesn't include|usage allocation has been disabled|group's usage limit is set)\b/i,
  },
  {
    failureClass: 'rate_limited',
    words:
      /^(?:not your usage limit|(?:(?:this request would exceed|you(?:'ve| have) (?:hit|reached|exceeded)) )?your (?:[\w']{1,20} )?rate limit|rate limit(?:ed)?)\b/i,
  },
  { failureClass: 'usage_limit', words: /^You(?:'ve| have) (?:hit|reached) your\b/i },
  {
    failureClass: 'usage_limit',
    words: /^(?:You(?:'re| are) out|(?:You(?:'ve| have) run |Your org is )?out of (?:extra )?usage)\b/i,
  },
  {
    failureClass: 'usage_limit',
    words:
      /^(?:(?:Claude(?: AI)?|usage|session|5-hour|weekly|monthly|opus|sonnet|haiku|fable|spend)(?: (?:usage|weekly|spend))? )?limit reached\b/i,
  },
  { failureClass: 'usage_limit', words: /^(?:spending cap|spend cap) reached\b/i },
  {
    failureClass: 'auth',
    words:
      /^(?:invalid (?:api key|x-api-key|bearer token)|not logged in|please run \/login|failed to authenticate|oauth token (?:revoked|has (?:been revoked|expired))|your (?:account|organization) does not have access to claude)\b/i,
  },
  { failureClass: 'auth', words: /\borganization has been disabled\b|\bdisabled organization\b/i },
  { failureClass: 'overloaded', words: /^overloaded\b/i },
  {
    failureClass: 'prompt_too_long',
    words: /\bprompt is too long\b|\bcontext (?:limit|window|length)\b|\bmax_tokens. exceed|\bstdin input exceeds\b/i,
  },
  {
    failureClass: 'model_not_found',
    words: /^(?:There's an issue with the selected model|Claude \w{1,20} is not available with)\b/i,
  },
  { failureClass: 'worker_unavailable', words: /^unknown option\b|\bcannot be used with root\b/i },
];

/** HTTP status in text: `API Error: 529 …`, `API Error (529 …)`, `API Error: Repeated 529 …`. */
const STATUS = /\bAPI Error:? \(?(?:Request rejected \(|Repeated )?([45]\d\d)\b/;

/** Classifies a failure by text of the CLI; undefined = unknown text. */
export function classInWords(said: readonly string[]): FailureClass | undefined {
  const clauses = said.flatMap((text) => text.split(BETWEEN_CLAUSES)).map((clause) => clause.trim());
  return WORDINGS.find(({ words }) => clauses.some((clause) => words.test(clause)))?.failureClass;
}

/** HTTP status of the service if given only in text. */
export function statusInWords(said: readonly string[]): number | null {
  for (const text of said) {
    const status = STATUS.exec(text)?.[1];
    if (status !== undefined) return Number(status);
  }
  return null;
}

/** Checks whether the CLI reports that the service, or the connection to it, failed. */
export function saysApiError(said: readonly string[]): boolean {
  return said.some((text) => text.split('\n').some((line) => line.startsWith('API Error')));
}
