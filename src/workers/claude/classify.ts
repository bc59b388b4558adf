import type { FailureClass } from '../../domain/failure.ts';
import { cannotRun, type Ending } from '../process/ending.ts';
import { openingTime } from './quota.ts';
import type { ResultLine } from './result-line.ts';
import type { StreamFacts } from './stream.ts';
import { classInWords, saysApiError, statusInWords } from './wordings.ts';

/** Failure class of an attempt, with the retry time given by the service. */
export interface Classified {
  readonly failureClass: FailureClass;
  readonly retryAfterMs?: number;
  /** Epoch ms. */
  readonly resumeAt?: number;
}

const COMPACTING = /compact/i;
/** Text of the service that marks a 429 as a closed quota window. */
const QUOTA_429_WORDS = /usage limit/i;

const BY_SUBTYPE: Readonly<Record<string, FailureClass>> = {
  error_max_turns: 'max_turns',
  error_max_budget_usd: 'unit_budget',
  error_max_structured_output_retries: 'invalid_output',
};

const BY_TERMINAL_REASON: Readonly<Record<string, FailureClass>> = {
  prompt_too_long: 'prompt_too_long',
  // The CLI's own length check before the request; and a context that is full again after each compaction.
  blocking_limit: 'prompt_too_long',
  rapid_refill_breaker: 'prompt_too_long',
  max_turns: 'max_turns',
  budget_exhausted: 'unit_budget',
  structured_output_retry_exhausted: 'invalid_output',
};

/** `error` of an assistant message that the CLI generated from an API error. `server_error` also covers a 529. */
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

/** Classifies an attempt whose result line, of time `saidAt`, reports a failure. The order of the checks is the precedence. */
export function classifyError(facts: StreamFacts, result: ResultLine, saidAt: number): Classified {
  const words = [result.text, ...result.errors];
  const said = classInWords(words);
  const subtype = BY_SUBTYPE[result.subtype];
  if (subtype) return { failureClass: subtype };
  if (said === 'billing') return { failureClass: said };
  // A window that closes while the CLI makes room in the context is reported as a prompt that is too long.
  if (said === 'usage_limit' || (facts.rateLimit?.rejected && COMPACTING.test(result.text))) {
    return closedWindow(facts, words, saidAt);
  }
  const ownLimit = byTerminalReason(result);
  if (ownLimit) return { failureClass: ownLimit };
  const status = result.apiErrorStatus ?? statusInWords(words);
  const isQuota429 = status === 429 && said === undefined && words.some((text) => QUOTA_429_WORDS.test(text));
  if (facts.rateLimit?.rejected || isQuota429) return closedWindow(facts, words, saidAt);
  const isApiError = result.terminalReason === 'api_error' || saysApiError(words);
  const failureClass =
    BY_ASSISTANT_ERROR[facts.assistantError ?? ''] ??
    // A 400 alone is unspecific; any other status is exact.
    (status === null || status === 400 ? said : undefined) ??
    byStatus(status) ??
    (facts.assistantError === 'invalid_request' ? 'bad_input' : undefined) ??
    (facts.assistantError === 'server_error' || isApiError ? 'server_error' : 'agent_error');
  const waits = failureClass === 'rate_limited' || failureClass === 'overloaded';
  return { failureClass, ...(waits && facts.retryDelayMs !== null && { retryAfterMs: facts.retryDelayMs }) };
}

/**
 * Classifies an attempt that ended by itself without a result line; stderr text before the agent's first message comes
 * from the CLI.
 */
export function classifyWithoutResult(facts: StreamFacts, ending: Ending, stderr: string, saidAt: number): Classified {
  if (facts.rateLimit?.rejected) return closedWindow(facts, [], saidAt);
  if (cannotRun(ending)) return { failureClass: 'worker_unavailable' };
  if (facts.lastAuthor === 'model' || facts.lastAuthor === 'unnamed') return { failureClass: 'crashed' };
  const said = classInWords([stderr]) ?? byStatus(statusInWords([stderr]));
  if (said === 'usage_limit') return closedWindow(facts, [stderr], saidAt);
  return { failureClass: said ?? (saysApiError([stderr]) ? 'server_error' : 'crashed') };
}

/** Failure class implied by the terminal reason alone. */
export function byTerminalReason({ terminalReason }: ResultLine): FailureClass | undefined {
  return BY_TERMINAL_REASON[terminalReason ?? ''];
}

/**
 * Describes a closed quota window, with its opening time if the service or the CLI's text (of time `saidAt`) gives it.
 */
export function closedWindow({ rateLimit }: StreamFacts, words: readonly string[], saidAt: number): Classified {
  const resumeAt = rateLimit?.rejected
    ? (rateLimit.resetsAt ?? openingTime(words, saidAt))
    : (openingTime(words, saidAt) ?? rateLimit?.resetsAt);
  return { failureClass: 'usage_limit', ...(typeof resumeAt === 'number' && { resumeAt }) };
}

/** Class of an HTTP status. A 4xx fails again on retry; except a timeout or a conflict. */
function byStatus(status: number | null): FailureClass | undefined {
  if (status === null) return undefined;
  return BY_STATUS[status] ?? (status >= 500 ? 'server_error' : status >= 400 ? 'bad_input' : undefined);
}
