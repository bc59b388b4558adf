import type { Usage } from '../../domain/attempt.ts';
import { type Fields, fieldsOf, listOf, numberOf, textOf } from './fields.ts';

/** Token counts of one message or model. */
export interface ModelTokens {
  readonly input: number;
  readonly cacheWrite: number;
  readonly cacheRead: number;
  readonly output: number;
}

export const NO_TOKENS: ModelTokens = { input: 0, cacheWrite: 0, cacheRead: 0, output: 0 };

/**
 * List prices in US dollars per million tokens, as CLI 2.1.330 uses them, by the first matching pattern. Used only
 * without a result line; unknown models get the CLI's default price.
 */
const PRICES: readonly { readonly model: RegExp; readonly input: number; readonly output: number }[] = [
  { model: /haiku-5/, input: 0.1, output: 0.5 },
  { model: /haiku/, input: 1, output: 5 },
  { model: /sonnet-5/, input: 2, output: 10 },
  { model: /sonnet/, input: 3, output: 15 },
  { model: /fable/, input: 8, output: 40 },
  { model: /mythos/, input: 10, output: 50 },
  { model: /opus-4/, input: 5, output: 25 },
  { model: /(?:)/, input: 4, output: 20 },
];
const CACHE_WRITE_FACTOR = 1.25;
const CACHE_READ_FACTOR = 0.1;
const CHARACTERS_PER_TOKEN = 4;

/**
 * Tokens of a message so far. The stream repeats a message for each of its blocks with the output count of its start,
 * so the output is estimated from the text length and added to `before`, the tokens of its earlier lines.
 */
export function tokensOf(message: Fields, before: ModelTokens): ModelTokens {
  const usage = fieldsOf(message.usage);
  const written = listOf(message.content)
    .map(fieldsOf)
    .reduce((sum, block) => sum + charactersOf(block), 0);
  return {
    input: numberOf(usage.input_tokens) ?? before.input,
    cacheWrite: numberOf(usage.cache_creation_input_tokens) ?? before.cacheWrite,
    cacheRead: numberOf(usage.cache_read_input_tokens) ?? before.cacheRead,
    output: before.output + Math.ceil(written / CHARACTERS_PER_TOKEN),
  };
}

/** Adds two counts. */
export function addTokens(one: ModelTokens, other: ModelTokens): ModelTokens {
  return {
    input: one.input + other.input,
    cacheWrite: one.cacheWrite + other.cacheWrite,
    cacheRead: one.cacheRead + other.cacheRead,
    output: one.output + other.output,
  };
}

/** Facts of a stream from which the cost is derived. */
export interface CostFacts {
  readonly result: unknown;
  readonly costUsd: number | null;
  readonly costOf: 'run' | 'session';
  readonly pricedUsd: number | null;
}

/**
 * Derives the cost of a run from its result lines, else estimates it from its messages; null without either. The total
 * of a session resumed at `resumedAtUsd` includes earlier runs: then message prices count if present, else the increase
 * of the total. A smaller total excludes the earlier runs (2.1.197).
 */
export function costOf(
  { result, costUsd, costOf: whose, pricedUsd }: CostFacts,
  tokens: ReadonlyMap<string, ModelTokens>,
  resumedAtUsd?: number,
): Pick<Usage, 'costUsd' | 'costEstimated'> | null {
  if (result === null || costUsd === null) {
    return tokens.size === 0 ? null : { costUsd: pricedUsd ?? estimateCostUsd(tokens), costEstimated: true };
  }
  if (whose === 'run' || resumedAtUsd === undefined) return { costUsd };
  if (pricedUsd !== null) return { costUsd: pricedUsd };
  const added = costUsd - resumedAtUsd;
  return { costUsd: added >= 0 ? added : costUsd, costEstimated: true };
}

/** Estimates the cost of tokens from list prices. */
function estimateCostUsd(tokens: ReadonlyMap<string, ModelTokens>): number {
  let sum = 0;
  for (const [model, { input, cacheWrite, cacheRead, output }] of tokens) {
    const price = PRICES.find((candidate) => candidate.model.test(model));
    if (!price) continue;
    const inputs = input + cacheWrite * CACHE_WRITE_FACTOR + cacheRead * CACHE_READ_FACTOR;
    sum += (inputs * price.input + output * price.output) / 1e6;
  }
  return sum;
}

function charactersOf(block: Fields): number {
  const text = textOf(block.text) ?? textOf(block.thinking);
  return text === null ? JSON.stringify(block.input ?? '').length : text.length;
}
