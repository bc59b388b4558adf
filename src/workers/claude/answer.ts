import { parseExactJson } from '../../domain/exact-json.ts';
import { isTooDeep, type Json } from '../../domain/json.ts';
import type { ResultLine } from './result-line.ts';
import type { StreamFacts } from './stream.ts';

/** What may be the structured part of an answer. */
export interface Given {
  /** As a schema describes it: numbers are numbers. */
  readonly value: Json;
  /** As it is kept: numbers that no double holds are their text. */
  readonly exact: Json;
  /** The agent wrote it as its answer instead of giving it by the tool. */
  readonly asText: boolean;
}

/** How a block of code begins; its language may be said. */
const OPENING = /^[ \t]*(`{3,}|~{3,})[ \t]*(?:[\w-]{1,20})?/;
/** An answer with more blocks of code than this is none that somebody gave as a result. */
const MOST_BLOCKS = 20;

/** What an agent answered: its result line, or its last message where that line is empty. */
export function answerText({ lastText }: StreamFacts, { text }: ResultLine): string {
  return text.trim() === '' ? lastText.trim() : text;
}

/**
 * What may be the result: the structured output, else an answer that is JSON from end to end, else each of its blocks of
 * code that is. The schema decides between them.
 */
export function givenBy(facts: StreamFacts, result: ResultLine): readonly Given[] {
  const { structuredOutput } = result;
  if (structuredOutput !== undefined) return [{ ...structuredOutput, asText: false }];
  const text = answerText(facts, result).trim();
  const whole = givenAsText(text);
  if (whole.length > 0) return whole;
  const blocks = blocksIn(text);
  return blocks.length > MOST_BLOCKS ? [] : blocks.flatMap(givenAsText);
}

function givenAsText(text: string): readonly Given[] {
  if (!/^[[{]/.test(text)) return [];
  try {
    const value = JSON.parse(text) as Json;
    return isTooDeep(value) ? [] : [{ value, exact: parseExactJson(text), asText: true }];
  } catch {
    return [];
  }
}

/** What stands in the blocks of code of a text; the end of one may stand in its last line. */
function blocksIn(text: string): readonly string[] {
  const blocks: string[] = [];
  let fence = '';
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    let rest = line.trimEnd();
    if (fence === '') {
      const [opening = '', found = ''] = OPENING.exec(rest) ?? [];
      if (found === '') continue;
      fence = found;
      lines = [];
      rest = rest.slice(opening.length);
    }
    if (rest.endsWith(fence)) {
      blocks.push([...lines, rest.slice(0, -fence.length)].join('\n').trim());
      fence = '';
    } else lines.push(rest);
  }
  return blocks;
}
