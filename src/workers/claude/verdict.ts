import type { AttemptNotes, Outcome, Usage } from '../../domain/attempt.ts';
import type { FailureClass } from '../../domain/failure.ts';
import type { Json } from '../../domain/json.ts';
import type { OutputCheck } from '../../domain/output-schema.ts';
import { reportedFailure } from '../../domain/report.ts';
import { describeExit, type Ending, stopFailure } from '../process/ending.ts';
import { answerText, type Candidate, resultCandidates } from './answer.ts';
import { byTerminalReason, classifyError, classifyWithoutResult, closedWindow } from './classify.ts';
import { costOf, type ModelTokens } from './cost.ts';
import { isQuotaBanner } from './quota.ts';
import type { ResultLine } from './result-line.ts';
import { type StreamFacts, tokensByModel } from './stream.ts';

/** Evidence for a verdict. */
export interface Evidence {
  readonly facts: StreamFacts;
  /** Null if the end of the process was not observed. */
  readonly ending: Ending | null;
  /** End of its stderr. */
  readonly stderr: string;
  /** Check against the job's output schema; null without one. */
  readonly check: OutputCheck | null;
  readonly allowDenials: boolean;
  /** Time of its last output, epoch ms, the base of relative times in it. Absent = now. */
  readonly saidAt?: number;
  /** Cost of the session when this attempt resumed it; absent = new session or unknown. */
  readonly resumedAtUsd?: number;
}

/** Terminal reasons of an agent that finished; a Stop hook runs after that. */
const NORMAL_ENDS: ReadonlySet<string> = new Set(['completed', 'stop_hook_prevented']);
/** Stop reasons of a truncated answer. */
const TRUNCATED: ReadonlySet<string | null> = new Set(['max_tokens', 'model_context_window_exceeded']);

/** A verdict without usage and notes. */
type Verdict =
  | { readonly ok: true; readonly text: string; readonly structured?: Json; readonly remarks?: readonly string[] }
  | {
      readonly ok: false;
      readonly failureClass: FailureClass;
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly resumeAt?: number;
    };

/**
 * Decides the outcome of an attempt from all evidence: neither the exit code nor the agent's claim alone. Null = it was
 * cut off in an unknown way. The order of the checks is the precedence.
 */
export function verdict(evidence: Evidence): Outcome | null {
  const { result } = evidence.facts;
  const found = result === null ? withoutResult(evidence) : withResult(evidence, result);
  if (found === null) return null;
  const usage = usageOf(evidence.facts, evidence.ending, evidence.resumedAtUsd);
  const notes = notesOf(evidence.facts);
  if (!found.ok) return { ...found, usage, notes };
  const { structured, remarks = [] } = found;
  const common = { usage, notes: { ...notes, ...(remarks.length > 0 && { remarks }) } };
  return { ok: true, result: { text: found.text, ...(structured !== undefined && { structured }) }, ...common };
}

function withoutResult({ facts, ending, stderr, saidAt = Date.now() }: Evidence): Verdict | null {
  if (ending === null) return null;
  const stopped = stopFailure(ending);
  if (stopped !== null) return failed(stopped.failureClass, stopped.message);
  const words = stderr.trim();
  const message = `${describeExit(ending)} without a result${words === '' ? '' : `: ${words}`}`;
  return { ok: false, ...classifyWithoutResult(facts, ending, words, saidAt), message };
}

function withResult(evidence: Evidence, result: ResultLine): Verdict {
  const { facts, ending, check, allowDenials, saidAt = Date.now() } = evidence;
  if (result.isError || result.subtype !== 'success') return erred(evidence, result);
  if (ending?.reason === 'signalled' && ending.signal !== null) {
    return failed('crashed', `${describeExit(ending)} after a result that said success`);
  }
  const text = answerText(facts, result);
  if (isBanner(facts, result)) return { ok: false, ...closedWindow(facts, [text], saidAt), message: text.trim() };
  if (isCliMessage(facts, result)) return cliMessageVerdict(facts, result, saidAt);
  const { denials, tasksLeft } = facts;
  if (denials.length > 0 && !allowDenials) return failed('incomplete', `refused: ${denials.join(', ')}`);
  const cut = endedEarly(result, ending);
  if (cut !== null) return cut;
  const reported = reportedFailure(text);
  if (reported !== null) return failed('agent_error', reported);
  if (result.stopReason === 'refusal') return failed('agent_error', `the model refused: ${text.trim()}`);
  if (tasksLeft.length > 0)
    return failed('incomplete', `it ended while background tasks were running: ${tasksLeft.join(', ')}`);
  const remarks = remarkOn(ending);
  if (check !== null) return structuredVerdict(facts, result, check, remarks);
  if (TRUNCATED.has(result.stopReason)) return failed('incomplete', 'the answer was cut off at the token limit');
  if (text.trim() === '' && facts.filesChanged.size === 0) {
    return failed('incomplete', 'the answer is empty and no file was changed');
  }
  return { ok: true, text, remarks };
}

/** Remark on an exit code that contradicts the result line: what the CLI does after that line does not affect the answer. */
function remarkOn(ending: Ending | null): readonly string[] {
  if (ending === null || ending.reason !== 'exited' || ending.exitCode === 0) return [];
  return [`${describeExit(ending)} after a result that said success`];
}

/**
 * Checks whether the answer is the CLI's notice of a closed quota window; the same text written by a model at a cost is
 * an answer.
 */
function isBanner(facts: StreamFacts, result: ResultLine): boolean {
  if (!isQuotaBanner(answerText(facts, result))) return false;
  return facts.lastAuthor !== 'model' || facts.rateLimit?.rejected === true || result.outputTokens === 0;
}

/** Checks whether the CLI itself generated the answer: no model wrote it, or none was called. */
function isCliMessage({ lastAuthor }: StreamFacts, { text, turns, apiErrorStatus }: ResultLine): boolean {
  if (text.trim() === '') return false;
  return lastAuthor === 'cli' || (lastAuthor === null && (turns === 0 || apiErrorStatus !== null));
}

/** Verdict on a CLI message marked as success: about a service error, or the answer to a slash command. */
function cliMessageVerdict(facts: StreamFacts, result: ResultLine, saidAt: number): Verdict {
  const classified = classifyError(facts, result, saidAt);
  const message = result.text.trim();
  if (classified.failureClass !== 'agent_error') return { ok: false, ...classified, message };
  return failed('incomplete', `the last answer was generated by the CLI, not by a model: ${message}`);
}

/** Verdict on a success of a run that was aborted or stopped by a hook, a deferred tool or a limit; null if it ran to its end. */
function endedEarly(result: ResultLine, ending: Ending | null): Verdict | null {
  const { terminalReason } = result;
  if (terminalReason === null || NORMAL_ENDS.has(terminalReason)) return null;
  const stopped = ending === null ? null : stopFailure(ending);
  if (stopped !== null) return failed(stopped.failureClass, stopped.message);
  return failed(byTerminalReason(result) ?? 'incomplete', `the run ended early: ${terminalReason}`);
}

function structuredVerdict(
  facts: StreamFacts,
  result: ResultLine,
  check: OutputCheck,
  remarks: readonly string[],
): Verdict {
  const text = answerText(facts, result);
  const judged = resultCandidates(facts, result).map((given) => ({ given, problem: check(given.value) }));
  const fitting = judged.filter(({ problem }) => problem === null);
  const [found, another] = fitting;
  if (found && !another) {
    const { asText, exact } = found.given;
    const noted = asText ? [...remarks, 'the result was given as text, not as structured output'] : remarks;
    return { ok: true, text, structured: exact, remarks: noted };
  }
  return failed('invalid_output', whyNoResult(facts, text, judged[0], fitting.length));
}

/** Explains why an answer has no result; `first` is the first candidate. */
function whyNoResult(
  facts: StreamFacts,
  text: string,
  first: { readonly given: Candidate; readonly problem: string | null } | undefined,
  fitting: number,
): string {
  if (first && !first.given.asText) return first.problem ?? '';
  const none = 'no structured output was given';
  const refused = refusedOutput(facts);
  if (refused !== null) return refused;
  if (!first) return `${none}, only text: ${text.trim()}`;
  if (fitting > 1) return `${none}, and its text holds ${fitting} results, expected one`;
  return `${none}, and its text is not a valid result: ${first.problem}`;
}

/** The reason for which the structured output was refused, so that the next attempt can correct it. */
function refusedOutput({ refusedOutput: reason }: StreamFacts): string | null {
  return reason === null ? null : `the structured output was refused: ${reason}`;
}

function erred({ facts, ending, stderr, saidAt = Date.now() }: Evidence, result: ResultLine): Verdict {
  const words = [result.text, ...result.errors].filter((text) => text.trim() !== '').join('; ');
  const classified = classifyError(facts, result, saidAt);
  const refused = classified.failureClass === 'invalid_output' ? refusedOutput(facts) : null;
  if (refused !== null) return failed('invalid_output', refused);
  // A CLI that ABP stopped may report that as its own failure.
  const stopped = ending === null ? null : stopFailure(ending);
  if (stopped !== null && classified.failureClass === 'agent_error') {
    return failed(stopped.failureClass, stopped.message);
  }
  return { ok: false, ...classified, message: (words === '' ? textlessError(result, ending, stderr) : words).trim() };
}

/** Message for an error without text. */
function textlessError({ subtype }: ResultLine, ending: Ending | null, stderr: string): string {
  const reason = subtype === 'success' ? 'an error without a reason' : subtype;
  return [reason, ending === null ? '' : describeExit(ending), stderr.trim()].filter((part) => part !== '').join(', ');
}

/**
 * Usage of an attempt: exact with a result line, else summed from its messages. A session cut off after a refused tool
 * call is not offered for resuming: the resumed run would not see the refusal and would report success.
 */
export function usageOf(facts: StreamFacts, ending: Ending | null, resumedAtUsd?: number): Usage {
  const { result } = facts;
  const sessionId = result === null && facts.denials.length > 0 ? null : facts.sessionId;
  const tokens = tokensByModel(facts);
  const durationMs = ending?.durationMs ?? result?.durationMs;
  const turns = result === null ? facts.messages.size : result.turns;
  const cost = costOf(facts, tokens, resumedAtUsd);
  return {
    ...cost,
    ...(cost !== null &&
      (result !== null && facts.costUsd !== null ? countedBy(result) : summed([...tokens.values()]))),
    ...(turns !== null && turns > 0 && { turns }),
    ...(sessionId !== null && { sessionId }),
    ...(durationMs !== null && durationMs !== undefined && { durationMs }),
  };
}

function countedBy({ inputTokens, outputTokens }: ResultLine): Usage {
  return { inputTokens, outputTokens };
}

function summed(counts: readonly ModelTokens[]): Usage {
  return {
    inputTokens: counts.reduce((sum, { input, cacheWrite, cacheRead }) => sum + input + cacheWrite + cacheRead, 0),
    outputTokens: counts.reduce((sum, { output }) => sum + output, 0),
  };
}

function notesOf(facts: StreamFacts): AttemptNotes {
  const { model, toolsUsed, denials, filesChanged } = facts;
  return {
    ...(Object.keys(toolsUsed).length > 0 && { toolsUsed: { ...toolsUsed } }),
    ...(denials.length > 0 && { toolsDenied: [...denials] }),
    ...(filesChanged.size > 0 && { filesChanged: [...filesChanged] }),
    ...(model !== null && { model }),
  };
}

function failed(failureClass: FailureClass, message: string): Verdict {
  return { ok: false, failureClass, message };
}
