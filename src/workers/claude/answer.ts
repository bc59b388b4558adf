import { parseExactJson } from '../../domain/exact-json.ts';
import { isTooDeep, type Json } from '../../domain/json.ts';
import type { ResultLine } from './result-line.ts';
import type { StreamFacts } from './stream.ts';

/** The structured part of an answer. */
export interface Given {
  /** As a schema describes it: numbers are numbers. */
  readonly value: Json;
  /** As it is kept: numbers that no double holds are their text. */
  readonly exact: Json;
  /** The agent wrote it as its answer instead of giving it by the tool. */
  readonly asText: boolean;
}

/** One block of code and nothing else; its language may be said. */
const FENCED = /^(`{3,}|~{3,})[ \t]*(?:[\w-]{1,20}[ \t]*)?\r?\n/;

/** What an agent answered: its result line, or its last message where that line is empty. */
export function answerText({ lastText }: StreamFacts, { text }: ResultLine): string {
  return text.trim() === '' ? lastText.trim() : text;
}

/** The structured output, else an answer that is JSON from end to end, bare or as one block of code; null = there is none. */
export function givenBy(facts: StreamFacts, result: ResultLine): Given | null {
  const { structuredOutput } = result;
  if (structuredOutput !== undefined) return { ...structuredOutput, asText: false };
  const text = withoutFence(answerText(facts, result).trim());
  if (!/^[[{]/.test(text)) return null;
  try {
    const value = JSON.parse(text) as Json;
    return isTooDeep(value) ? null : { value, exact: parseExactJson(text), asText: true };
  } catch {
    return null;
  }
}

function withoutFence(text: string): string {
  const [opening = '', fence = ''] = FENCED.exec(text) ?? [];
  if (fence === '' || !text.endsWith(`\n${fence}`)) return text;
  return text.slice(opening.length, -fence.length).trim();
}
