import type { FailureClass } from '../../domain/failure.ts';

/** What stands between the clauses of an error: `A · B`, `A: B`, the strings of a JSON body, the status before them, lines. */
const BETWEEN_CLAUSES = /: |[·∙"\n]| \(|\b[45]\d\d /;

/**
 * How the CLI, in its versions since 1.0, and the service word a failure, by how a clause begins; on stderr, as a result and
 * among errors alike. The first row that fits any clause counts: money before a limit that opens by itself, both before what
 * else is said beside them (a prompt is too long because a limit kept the CLI from making room).
 */
const WORDINGS: readonly { readonly failureClass: FailureClass; readonly words: RegExp }[] = [
  { failureClass: 'billing', words: /^(?:your )?credit balance\b/i },
  // Accounts that may use nothing, which no waiting changes.
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

/** A status in words alone: `API Error: 529 …`, `API Error (529 …)`, `API Error: Repeated 529 …`. */
const STATUS = /\bAPI Error:? \(?(?:Request rejected \(|Repeated )?([45]\d\d)\b/;

/** What a failure is by words of the CLI; undefined = they say none that is known. */
export function classInWords(said: readonly string[]): FailureClass | undefined {
  const clauses = said.flatMap((text) => text.split(BETWEEN_CLAUSES)).map((clause) => clause.trim());
  return WORDINGS.find(({ words }) => clauses.some((clause) => words.test(clause)))?.failureClass;
}

/** The status of an answer of the service, where only words tell it. */
export function statusInWords(said: readonly string[]): number | null {
  for (const text of said) {
    const status = STATUS.exec(text)?.[1];
    if (status !== undefined) return Number(status);
  }
  return null;
}

/** Whether the CLI says that the service, or the way to it, failed, whatever the reason. */
export function saysApiError(said: readonly string[]): boolean {
  return said.some((text) => text.split('\n').some((line) => line.startsWith('API Error')));
}
