import type { AttemptNotes, Outcome, Usage } from '../../domain/attempt.ts';
import type { FailureClass } from '../../domain/failure.ts';
import type { Json } from '../../domain/json.ts';
import type { OutputCheck } from '../../domain/output-schema.ts';
import { reportedFailure } from '../../domain/report.ts';
import { describeExit, type Ending, stopFailure } from '../process/ending.ts';
import { byTerminalReason, classifyError, classifySilence } from './classify.ts';
import { estimateCostUsd } from './cost.ts';
import type { ResultLine } from './result-line.ts';
import { type StreamFacts, tokensByModel } from './stream.ts';

/** All that a verdict is made from. */
export interface Evidence {
  readonly facts: StreamFacts;
  /** null when nobody saw the process end. */
  readonly ending: Ending | null;
  /** The end of what it wrote to stderr. */
  readonly stderr: string;
  /** The job's output schema, compiled; null without one. */
  readonly check: OutputCheck | null;
  readonly allowDenials: boolean;
}

/** Reasons for the end of a run in which the agent itself had finished; a Stop hook runs after that. */
const OWN_ENDS: ReadonlySet<string> = new Set(['completed', 'stop_hook_prevented']);
/** Why the service stopped in the middle of an answer. */
const TRUNCATED: ReadonlySet<string | null> = new Set(['max_tokens', 'model_context_window_exceeded']);

/** A verdict before usage and notes are added. */
type Verdict =
  | { readonly ok: true; readonly text: string; readonly structured?: Json }
  | {
      readonly ok: false;
      readonly failureClass: FailureClass;
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly resumeAt?: number;
    };

/**
 * The outcome of an attempt from all evidence: neither the exit code nor the agent's word decides alone. null = it was
 * cut off and nobody knows how. The order of the questions is the precedence.
 */
export function verdict(evidence: Evidence): Outcome | null {
  const { result } = evidence.facts;
  const found = result === null ? withoutResult(evidence) : withResult(evidence, result);
  if (found === null) return null;
  const common = { usage: usageOf(evidence.facts, evidence.ending), notes: notesOf(evidence.facts) };
  if (!found.ok) return { ...found, ...common };
  const { structured } = found;
  return { ok: true, result: { text: found.text, ...(structured !== undefined && { structured }) }, ...common };
}

function withoutResult({ facts, ending, stderr }: Evidence): Verdict | null {
  if (ending === null) return null;
  const stopped = stopFailure(ending);
  if (stopped !== null) return failed(stopped.failureClass, stopped.message);
  const words = stderr.trim();
  const message = `${describeExit(ending)} without a result${words === '' ? '' : `: ${words}`}`;
  return { ok: false, ...classifySilence(facts, ending, words), message };
}

function withResult(evidence: Evidence, result: ResultLine): Verdict {
  const { facts, ending, check, allowDenials } = evidence;
  if (result.isError || result.subtype !== 'success') return erred(evidence, result);
  const exit = ending === null ? null : badExit(ending);
  if (exit !== null) return failed('crashed', `${exit} after a result that said success`);
  if (isCliTalk(facts, result)) return withoutModel(facts, result);
  const { denials } = facts;
  if (denials.length > 0 && !allowDenials) return failed('incomplete', `refused: ${denials.join(', ')}`);
  const cut = endedEarly(result, ending);
  if (cut !== null) return cut;
  const reported = reportedFailure(result.text);
  if (reported !== null) return failed('agent_error', reported);
  if (result.stopReason === 'refusal') return failed('agent_error', `the model refused: ${result.text.trim()}`);
  if (check !== null) return structuredVerdict(result, check);
  if (TRUNCATED.has(result.stopReason)) return failed('incomplete', 'the answer was cut off at the token limit');
  if (result.text.trim() === '' && facts.filesChanged.size === 0) {
    return failed('incomplete', 'the answer is empty and no file was changed');
  }
  return { ok: true, text: result.text };
}

/** Whether the answer is the CLI's own: no model wrote it, or none was asked. */
function isCliTalk({ lastAuthor }: StreamFacts, { text, turns, apiErrorStatus }: ResultLine): boolean {
  if (text.trim() === '') return false;
  return lastAuthor === 'cli' || (lastAuthor === null && (turns === 0 || apiErrorStatus !== null));
}

/** The CLI calls some of its own messages a success: about an error of the service, or the answer to a slash command. */
function withoutModel(facts: StreamFacts, result: ResultLine): Verdict {
  const classified = classifyError(facts, result);
  const message = result.text.trim();
  if (classified.failureClass !== 'agent_error') return { ok: false, ...classified, message };
  return failed('incomplete', `the last answer is not a model's but the CLI's own: ${message}`);
}

/** A success whose run did not come to its own end: it was aborted, or a hook, a deferred tool or a limit stopped it. */
function endedEarly(result: ResultLine, ending: Ending | null): Verdict | null {
  const { terminalReason } = result;
  if (terminalReason === null || OWN_ENDS.has(terminalReason)) return null;
  const stopped = ending === null ? null : stopFailure(ending);
  if (stopped !== null) return failed(stopped.failureClass, stopped.message);
  return failed(byTerminalReason(result) ?? 'incomplete', `the run ended early: ${terminalReason}`);
}

function structuredVerdict(result: ResultLine, check: OutputCheck): Verdict {
  if (result.structuredOutput === undefined) {
    return failed('invalid_output', `no structured output was given, only text: ${result.text.trim()}`);
  }
  const structured = result.structuredOutput as Json;
  const problem = check(structured);
  return problem === null ? { ok: true, text: result.text, structured } : failed('invalid_output', problem);
}

function erred({ facts, ending, stderr }: Evidence, result: ResultLine): Verdict {
  const words = [result.text, ...result.errors].filter((text) => text.trim() !== '').join('; ');
  const classified = classifyError(facts, result);
  // A CLI that we stopped may still report that as its failure: then the reason is ours.
  const stopped = ending === null ? null : stopFailure(ending);
  if (stopped !== null && classified.failureClass === 'agent_error') {
    return failed(stopped.failureClass, stopped.message);
  }
  return { ok: false, ...classified, message: (words === '' ? wordless(result, ending, stderr) : words).trim() };
}

/** What there is to say about an error that came without a word. */
function wordless({ subtype }: ResultLine, ending: Ending | null, stderr: string): string {
  const reason = subtype === 'success' ? 'an error without a reason' : subtype;
  return [reason, ending === null ? '' : describeExit(ending), stderr.trim()].filter((part) => part !== '').join(', ');
}

/** An exit that contradicts a success; one that we caused, or that nobody saw, contradicts nothing. */
function badExit({ reason, exitCode, signal }: Ending): string | null {
  if (reason !== 'exited' && reason !== 'signalled') return null;
  const unseen = exitCode === null && signal === null;
  return exitCode === 0 || unseen ? null : describeExit({ exitCode, signal });
}

/**
 * What an attempt used, exact where a result line tells it, else summed from its messages. A session in which a tool was
 * refused before it was cut off is not offered to be continued: the run that goes on with it would know nothing of that
 * and report a success.
 */
export function usageOf(facts: StreamFacts, ending: Ending | null): Usage {
  const { result } = facts;
  const sessionId = result === null && facts.denials.length > 0 ? null : facts.sessionId;
  const tokens = tokensByModel(facts);
  const counts = [...tokens.values()];
  const durationMs = ending?.durationMs ?? result?.durationMs;
  const exact = result !== null && facts.costUsd !== null;
  const turns = result === null ? facts.messages.size : result.turns;
  return {
    ...(exact
      ? { costUsd: facts.costUsd ?? 0, inputTokens: result.inputTokens, outputTokens: result.outputTokens }
      : counts.length > 0 && {
          costUsd: estimateCostUsd(tokens),
          costEstimated: true,
          inputTokens: counts.reduce(
            (sum, { input, cacheWrite, cacheRead }) => sum + input + cacheWrite + cacheRead,
            0,
          ),
          outputTokens: counts.reduce((sum, { output }) => sum + output, 0),
        }),
    ...(turns !== null && turns > 0 && { turns }),
    ...(sessionId !== null && { sessionId }),
    ...(durationMs !== null && durationMs !== undefined && { durationMs }),
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
