import { parseExactJson } from '../../domain/exact-json.ts';
import { isTooDeep, type Json } from '../../domain/json.ts';
import type { ResultLine } from './result-line.ts';
import type { StreamFacts } from './stream.ts';

/** A candidate for the structured result. */
export interface Candidate {
  /** As the schema sees it: numbers are numbers. */
  readonly value: Json;
  /** As it is stored: numbers that a double cannot hold are text. */
  readonly exact: Json;
  /** True if the agent wrote it as text instead of calling the tool. */
  readonly asText: boolean;
}

/** Start of a code block, optionally with its language. */
const OPENING = /^[ \t]*(`{3,}|~{3,})[ \t]*(?:[\w-]{1,20})?/;
/** Code blocks examined at most; an answer with more is not meant as a result. */
const MAX_BLOCKS = 20;

/** The answer of an agent: its result line, or its last message if that line is empty. */
export function answerText({ lastText }: StreamFacts, { text }: ResultLine): string {
  return text.trim() === '' ? lastText.trim() : text;
}

/**
 * Candidates for the result: the structured output, else an answer that is JSON as a whole, else its code blocks that
 * are JSON. The schema decides between them.
 */
export function resultCandidates(facts: StreamFacts, result: ResultLine): readonly Candidate[] {
  const { structuredOutput } = result;
  if (structuredOutput !== undefined) return [{ ...structuredOutput, asText: false }];
  const text = answerText(facts, result).trim();
  const whole = candidateFromText(text);
  if (whole.length > 0) return whole;
  const blocks = blocksIn(text);
  return blocks.length > MAX_BLOCKS ? [] : blocks.flatMap(candidateFromText);
}

function candidateFromText(text: string): readonly Candidate[] {
  if (!/^[[{]/.test(text)) return [];
  try {
    const value = JSON.parse(text) as Json;
    return isTooDeep(value) ? [] : [{ value, exact: parseExactJson(text), asText: true }];
  } catch {
    return [];
  }
}

/** The contents of the code blocks of a text; a closing fence may end the last line. */
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
