import { parseExactJson } from '../../domain/exact-json.ts';
import type { Json } from '../../domain/json.ts';
import { type Fields, fieldsOf, listOf, numberOf, textOf } from './fields.ts';

/** A `result` line, as far as a verdict needs it. */
export interface ResultLine {
  readonly subtype: string;
  readonly isError: boolean;
  readonly terminalReason: string | null;
  readonly stopReason: string | null;
  readonly apiErrorStatus: number | null;
  readonly text: string;
  readonly errors: readonly string[];
  /** As it was parsed, and with numbers that no double holds as their text; absent when the agent gave none. */
  readonly structuredOutput?: { readonly value: Json; readonly exact: Json };
  readonly turns: number | null;
  readonly durationMs: number | null;
  /** Everything the model read, cached or not. */
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The fields of a `result` event, whose line is `text`; whatever is missing counts as not said. */
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

/** `usage` leaves out the last call of a run that was cut short; this run's share by model does not. */
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
 * What this run cost, with `before` from its earlier result lines. `total_cost_usd` of a resumed session includes what
 * earlier runs spent (seen in 2.1.330 after an orderly end, not after SIGKILL, never in 2.1.197);
 * `model_usage_since_last_result` is this run's share and is used where it exists.
 */
export function costOfRun(event: Fields, before: number | null): number | null {
  const share = event.model_usage_since_last_result;
  if (share === undefined) return numberOf(event.total_cost_usd) ?? before;
  const costs = Object.values(fieldsOf(share)).map((usage) => numberOf(fieldsOf(usage).costUSD) ?? 0);
  return costs.reduce((sum, cost) => sum + cost, before ?? 0);
}

/** A refused call: `Write(/path)`. */
export function denialText(denial: Fields): string {
  const tool = textOf(denial.tool_name) ?? 'a tool';
  const target = targetOf(fieldsOf(denial.tool_input));
  return target === null ? tool : `${tool}(${target})`;
}

/** What a tool was to be used on, in the words of its own input. */
export function targetOf(input: Fields): string | null {
  for (const name of ['file_path', 'notebook_path', 'command', 'path', 'url', 'pattern']) {
    const value = textOf(input[name]);
    if (value !== null) return value;
  }
  return null;
}
