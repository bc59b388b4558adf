import type { FailureClass } from '../../domain/failure.ts';
import { cannotRun, type Ending } from '../process/ending.ts';
import { openingTime, saysQuotaClosed } from './quota.ts';
import type { ResultLine } from './result-line.ts';
import type { StreamFacts } from './stream.ts';

/** Why an attempt failed, with what the service said about trying again. */
export interface Classified {
  readonly failureClass: FailureClass;
  readonly retryAfterMs?: number;
  /** Epoch ms. */
  readonly resumeAt?: number;
}

const COMPACTING = /compact/i;
/** What the service calls a closed window behind a 429. */
const QUOTA_429_WORDS = /usage limit/i;
/** How the CLI words a 429 to an account that may use nothing, which no waiting changes. */
const NO_ALLOWANCE =
  /^Your (seat type doesn't include|usage allocation has been disabled|group's usage limit is set)\b/;

const BY_SUBTYPE: Readonly<Record<string, FailureClass>> = {
  error_max_turns: 'max_turns',
  error_max_budget_usd: 'unit_budget',
  error_max_structured_output_retries: 'invalid_output',
};

const BY_TERMINAL_REASON: Readonly<Record<string, FailureClass>> = {
  prompt_too_long: 'prompt_too_long',
  // The CLI's own look at the length, before it asks; and a context that is full again after each compaction.
  blocking_limit: 'prompt_too_long',
  rapid_refill_breaker: 'prompt_too_long',
  max_turns: 'max_turns',
  budget_exhausted: 'unit_budget',
  structured_output_retry_exhausted: 'invalid_output',
};

/** `error` of an assistant message that the CLI made of an API error. `server_error` also stands for a 529. */
const BY_ASSISTANT_ERROR: Readonly<Record<string, FailureClass>> = {
  authentication_failed: 'auth',
  oauth_org_not_allowed: 'auth',
  billing_error: 'billing',
  model_not_found: 'model_not_found',
  rate_limit: 'rate_limited',
  overloaded: 'overloaded',
};

const BY_STATUS: Readonly<Record<number, FailureClass>> = {
  401: 'auth',
  402: 'billing',
  403: 'auth',
  404: 'model_not_found',
  408: 'server_error',
  409: 'server_error',
  413: 'prompt_too_long',
  429: 'rate_limited',
  529: 'overloaded',
};

/** Requests that are refused with a 400, by what the service says against them. */
const BY_WORDS_OF_400: readonly { readonly words: RegExp; readonly failureClass: FailureClass }[] = [
  { words: /prompt is too long|context (?:limit|window|length)|max_tokens. exceed/i, failureClass: 'prompt_too_long' },
  { words: /credit balance/i, failureClass: 'billing' },
  { words: /organization has been disabled/i, failureClass: 'auth' },
];
/** How older versions of the CLI told a status: in words alone. */
const STATUS_IN_WORDS = /^API Error: (?:Request rejected \()?([45]\d\d)\b/;

/** The class of an attempt whose result line, of `saidAt`, says that it failed. */
export function classifyError(facts: StreamFacts, result: ResultLine, saidAt: number): Classified {
  const { text, errors } = result;
  const subtype = BY_SUBTYPE[result.subtype];
  if (subtype) return { failureClass: subtype };
  if (NO_ALLOWANCE.test(text)) return { failureClass: 'billing' };
  // A window that closes while the CLI makes room in the context is reported as a prompt that is too long.
  if ([text, ...errors].some(saysQuotaClosed) || (facts.rateLimit?.rejected && COMPACTING.test(text))) {
    return closedWindow(facts, [text, ...errors], saidAt);
  }
  const ownLimit = byTerminalReason(result);
  if (ownLimit) return { failureClass: ownLimit };
  const status = result.apiErrorStatus ?? statusIn(text);
  if (facts.rateLimit?.rejected || (status === 429 && QUOTA_429_WORDS.test(text))) {
    return closedWindow(facts, [text, ...errors], saidAt);
  }
  const failureClass =
    BY_ASSISTANT_ERROR[facts.assistantError ?? ''] ??
    (status === 400 ? BY_WORDS_OF_400.find(({ words }) => words.test(text))?.failureClass : undefined) ??
    byStatus(status) ??
    (facts.assistantError === 'invalid_request' ? 'bad_input' : undefined) ??
    (facts.assistantError === 'server_error' || result.terminalReason === 'api_error' ? 'server_error' : 'agent_error');
  const waits = failureClass === 'rate_limited' || failureClass === 'overloaded';
  return { failureClass, ...(waits && facts.retryDelayMs !== null && { retryAfterMs: facts.retryDelayMs }) };
}

/** What a CLI writes to stderr when it gives up before it has a stream. */
const BY_STDERR: readonly { readonly words: RegExp; readonly failureClass: FailureClass }[] = [
  { words: /Not logged in|Invalid API key|Please run \/login/i, failureClass: 'auth' },
  { words: /stdin input exceeds/i, failureClass: 'prompt_too_long' },
  { words: /unknown option|cannot be used with root/i, failureClass: 'worker_unavailable' },
];

/** The class of an attempt that ended by itself without a result line. */
export function classifySilence(facts: StreamFacts, ending: Ending, stderr: string): Classified {
  if (facts.rateLimit?.rejected) return closedWindow(facts, [], Date.now());
  if (cannotRun(ending)) return { failureClass: 'worker_unavailable' };
  const said =
    facts.lastAuthor === 'model' || facts.lastAuthor === 'unnamed'
      ? undefined
      : BY_STDERR.find(({ words }) => words.test(stderr));
  return { failureClass: said?.failureClass ?? 'crashed' };
}

/** The class that the reason for the end of a run names by itself, whatever else the result line says. */
export function byTerminalReason({ terminalReason }: ResultLine): FailureClass | undefined {
  return BY_TERMINAL_REASON[terminalReason ?? ''];
}

/** A closed window, with the time when it opens where the service or the words of the CLI, of `saidAt`, tell it. */
export function closedWindow({ rateLimit }: StreamFacts, words: readonly string[], saidAt: number): Classified {
  const resumeAt = rateLimit?.rejected
    ? (rateLimit.resetsAt ?? openingTime(words, saidAt))
    : (openingTime(words, saidAt) ?? rateLimit?.resetsAt);
  return { failureClass: 'usage_limit', ...(typeof resumeAt === 'number' && { resumeAt }) };
}

/** A refused request (4xx) is refused again, however often it is sent; one that was late or in conflict is not. */
function byStatus(status: number | null): FailureClass | undefined {
  if (status === null) return undefined;
  return BY_STATUS[status] ?? (status >= 500 ? 'server_error' : status >= 400 ? 'bad_input' : undefined);
}

function statusIn(text: string): number | null {
  const status = STATUS_IN_WORDS.exec(text)?.[1];
  return status === undefined ? null : Number(status);
}
