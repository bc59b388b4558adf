import { parseExactJson } from '../../domain/exact-json.ts';
import type { Json } from '../../domain/json.ts';
import { type Fields, fieldsOf, listOf, numberOf, textOf } from './fields.ts';

/** The fields of a `result` line that a verdict needs. */
export interface ResultLine {
  readonly subtype: string;
  readonly isError: boolean;
  readonly terminalReason: string | null;
  readonly stopReason: string | null;
  readonly apiErrorStatus: number | null;
  readonly text: string;
  readonly errors: readonly string[];
  /** Parsed value, and the same with numbers that a double cannot hold as text; absent if the agent gave none. */
  readonly structuredOutput?: { readonly value: Json; readonly exact: Json };
  readonly turns: number | null;
  readonly durationMs: number | null;
  /** All input tokens, cached or not. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Parses a `result` event, whose line is `text`; missing fields get neutral values. */
export function resultLine(event: Fields, text: string): ResultLine {
  const given = (event.structured_output ?? null) as Json;
  return {
    subtype: textOf(event.subtype) ?? '',
    isError: event.is_error === true,
    terminalReason: textOf(event.terminal_reason),
    stopReason: textOf(event.stop_reason),
    apiErrorStatus: numberOf(event.api_error_status),
    text: textOf(event.result) ?? '',
    errors: listOf(event.errors).flatMap((error) => textOf(error) ?? []),
    ...(given !== null && { structuredOutput: { value: given, exact: exactOutput(text) ?? given } }),
    turns: numberOf(event.num_turns),
    durationMs: numberOf(event.duration_ms),
    ...tokensOfRun(event),
  };
}

function exactOutput(line: string): Json | undefined {
  return fieldsOf(parseExactJson(line)).structured_output as Json | undefined;
}

/** Tokens of the run. `usage` omits the last call of an interrupted run; the share by model includes it. */
function tokensOfRun(event: Fields): Pick<ResultLine, 'inputTokens' | 'outputTokens'> {
  const share = event.model_usage_since_last_result;
  const counts = share === undefined ? [fieldsOf(event.usage)] : Object.values(fieldsOf(share)).map(fieldsOf);
  const sum = (names: readonly string[]) =>
    counts.flatMap((count) => names.map((name) => numberOf(count[name]) ?? 0)).reduce((total, n) => total + n, 0);
  return share === undefined
    ? {
        inputTokens: sum(['input_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens']),
        outputTokens: sum(['output_tokens']),
      }
    : {
        inputTokens: sum(['inputTokens', 'cacheCreationInputTokens', 'cacheReadInputTokens']),
        outputTokens: sum(['outputTokens']),
      };
}

/**
 * Cost of this run, added to `before` from its earlier result lines. `total_cost_usd` of a resumed session includes
 * earlier runs (seen in 2.1.330 after a normal end, not after SIGKILL, never in 2.1.197);
 * `model_usage_since_last_result` is this run's share and is preferred.
 */
export function costOfRun(event: Fields, before: number | null): number | null {
  const share = event.model_usage_since_last_result;
  if (share === undefined) return numberOf(event.total_cost_usd) ?? before;
  const costs = Object.values(fieldsOf(share)).map((usage) => numberOf(fieldsOf(usage).costUSD) ?? 0);
  return costs.reduce((sum, cost) => sum + cost, before ?? 0);
}

/** Describes a refused call: `Write(/path)`. */
export function denialText(denial: Fields): string {
  const tool = textOf(denial.tool_name) ?? 'a tool';
  const target = targetOf(fieldsOf(denial.tool_input));
  return target === null ? tool : `${tool}(${target})`;
}

/** The target of a tool call, from its input. */
export function targetOf(input: Fields): string | null {
  for (const name of ['file_path', 'notebook_path', 'command', 'path', 'url', 'pattern']) {
    const value = textOf(input[name]);
    if (value !== null) return value;
  }
  return null;
}
