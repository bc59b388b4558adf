import type { FailureClass } from '../../domain/failure.ts';
import { cannotRun, type Ending } from '../process/ending.ts';
import type { ResultLine } from './result-line.ts';
import type { StreamFacts } from './stream.ts';

/** Why an attempt failed, with what the service said about trying again. */
export interface Classified {
  readonly failureClass: FailureClass;
  readonly retryAfterMs?: number;
  /** Epoch ms. */
  readonly resumeAt?: number;
}

/** How messages about a closed quota window begin, and what the service calls one behind a 429. */
const QUOTA_WORDS = /^(You've hit your|You've reached your|You're out of|Your org is out of usage)\b/;
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
  413: 'prompt_too_long',
  429: 'rate_limited',
  529: 'overloaded',
};

/** The class of an attempt whose result line says that it failed. */
export function classifyError(facts: StreamFacts, result: ResultLine): Classified {
  const ownLimit = BY_SUBTYPE[result.subtype] ?? byTerminalReason(result);
  if (ownLimit) return { failureClass: ownLimit };
  if (NO_ALLOWANCE.test(result.text)) return { failureClass: 'billing' };
  if (isQuotaClosed(facts, result)) return usageLimit(facts);
  const failureClass =
    BY_ASSISTANT_ERROR[facts.assistantError ?? ''] ??
    byStatus(result.apiErrorStatus) ??
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
  if (facts.rateLimit?.rejected) return usageLimit(facts);
  if (cannotRun(ending)) return { failureClass: 'worker_unavailable' };
  const said = facts.lastAuthor === 'model' ? undefined : BY_STDERR.find(({ words }) => words.test(stderr));
  return { failureClass: said?.failureClass ?? 'crashed' };
}

/** The class that the reason for the end of a run names by itself, whatever else the result line says. */
export function byTerminalReason({ terminalReason }: ResultLine): FailureClass | undefined {
  return BY_TERMINAL_REASON[terminalReason ?? ''];
}

/** Whether an error of the CLI says that the quota window is closed. */
function isQuotaClosed({ rateLimit }: StreamFacts, { text, errors, apiErrorStatus }: ResultLine): boolean {
  if (rateLimit?.rejected || [text, ...errors].some((words) => QUOTA_WORDS.test(words))) return true;
  return apiErrorStatus === 429 && QUOTA_429_WORDS.test(text);
}

/** A closed window, with the time when it opens where that was told. */
function usageLimit({ rateLimit }: StreamFacts): Classified {
  const resumeAt = rateLimit?.resetsAt;
  return { failureClass: 'usage_limit', ...(typeof resumeAt === 'number' && { resumeAt }) };
}

function byStatus(status: number | null): FailureClass | undefined {
  if (status === null) return undefined;
  return BY_STATUS[status] ?? (status >= 500 ? 'server_error' : undefined);
}
