import { isTooDeep, type Json } from '../../domain/json.ts';
import type { ConversationEntry } from '../../ports/worker.ts';
import { type Line, readLines, readWhole } from '../process/lines.ts';
import { hasEnded, readLastLines, runFile } from '../process/run-directory.ts';
import { type Fields, fieldsOf, listOf, parseEvent, textOf } from './fields.ts';

type Step = Omit<ConversationEntry, 'seq'>;

const TAIL_BYTES = 64 * 1024;
const IMAGE_TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const MAX_IMAGE_CHARS = 4_000_000;

/** Reads the conversation of a run from line `from` of its stream; the prompt comes first. */
export async function* readConversation(runDirectory: string, from: number): AsyncGenerator<ConversationEntry> {
  if (from === 0) {
    const prompt = await readWhole(runFile(runDirectory, 'stdin'));
    if (prompt !== '') yield { seq: 0, role: 'user', kind: 'text', text: prompt };
  }
  const tools = new Map<string, string>();
  for await (const line of readLines(runFile(runDirectory, 'stdout'), 0, !hasEnded(runDirectory))) {
    for (const step of stepsOf(line, tools)) {
      if (line.seq >= from) yield { seq: line.seq, ...step };
    }
  }
}

/** Reads the latest step of a running agent from the end of its stream. */
export function readLatestStep(runDirectory: string): ConversationEntry | null {
  const lines = readLastLines(runFile(runDirectory, 'stdout'), TAIL_BYTES).split('\n').slice(0, -1);
  const tools = new Map<string, string>();
  const steps = lines.flatMap((text) => (parseEvent(text) === null ? [] : stepsOf({ seq: 0, text }, tools)));
  const latest = steps.findLast(({ role, text }) => role !== 'system' && text.trim() !== '');
  return latest ? { seq: 0, ...latest } : null;
}

/** Converts a line of the stream to steps; `tools` maps call ids to tool names. */
function stepsOf({ text }: Line, tools: Map<string, string>): readonly Step[] {
  const event = parseEvent(text);
  if (event === null) return text.trim() === '' ? [] : [{ role: 'log', kind: 'text', text }];
  switch (event.type) {
    case 'assistant':
      return blocksOf(event).flatMap((block) => assistantSteps(block, tools));
    case 'user':
      return blocksOf(event).flatMap((block) => userSteps(block, tools));
    case 'system':
      return systemSteps(event);
    case 'rate_limit_event':
      return [{ role: 'system', kind: 'notice', text: `quota: ${textOf(fieldsOf(event.rate_limit_info).status)}` }];
    case 'result':
      return [{ role: 'result', kind: 'text', text: resultText(event) }];
    default:
      return [];
  }
}

function blocksOf(event: Fields): readonly Fields[] {
  const { content } = fieldsOf(event.message);
  return typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content).map(fieldsOf);
}

function assistantSteps(block: Fields, tools: Map<string, string>): readonly Step[] {
  const text = textOf(block.text);
  if (block.type === 'text' && text !== null) return [{ role: 'assistant', kind: 'text', text }];
  if (block.type !== 'tool_use') return [];
  const tool = textOf(block.name) ?? 'unknown';
  tools.set(textOf(block.id) ?? '', tool);
  const input = (block.input ?? {}) as Json;
  const shown = isTooDeep(input) ? '[nested too deeply to be shown]' : JSON.stringify(input);
  return [{ role: 'assistant', kind: 'tool_call', tool, text: shown }];
}

function userSteps(block: Fields, tools: Map<string, string>): readonly Step[] {
  const text = textOf(block.text);
  if (block.type === 'text' && text !== null) return [{ role: 'user', kind: 'text', text }];
  if (block.type !== 'tool_result') return [];
  const tool = tools.get(textOf(block.tool_use_id) ?? '');
  const parts = listOf(block.content);
  const content = textOf(block.content) ?? parts.map(partText).join('\n');
  const images = parts.flatMap(imageOf);
  return [
    {
      role: 'tool',
      kind: 'tool_result',
      ...(tool !== undefined && { tool }),
      text: content,
      ...(images.length > 0 && { images }),
    },
  ];
}

/** An image returned by a tool; other types and oversized images are omitted. */
function imageOf(part: unknown): readonly string[] {
  const { type, source } = fieldsOf(part);
  const { media_type, data } = fieldsOf(source);
  const [kind, base64] = [textOf(media_type), textOf(data)];
  if (type !== 'image' || kind === null || base64 === null) return [];
  const shown = IMAGE_TYPES.includes(kind) && base64.length <= MAX_IMAGE_CHARS && /^[A-Za-z0-9+/]+=*$/.test(base64);
  return shown ? [`data:${kind};base64,${base64}`] : [];
}

function partText(part: unknown): string {
  const { text, type } = fieldsOf(part);
  return textOf(text) ?? `[${textOf(type) ?? 'unknown'}]`;
}

function systemSteps(event: Fields): readonly Step[] {
  const notice = (text: string): readonly Step[] => [{ role: 'system', kind: 'notice', text }];
  switch (event.subtype) {
    case 'init':
      return notice(`model ${textOf(event.model)}, tools ${listOf(event.tools).join(', ')}`);
    case 'api_retry': {
      const status = typeof event.error_status === 'number' ? event.error_status : 'nothing';
      return notice(`the service answered ${status} (${textOf(event.error)}); trying again`);
    }
    case 'permission_denied':
      return notice(`refused: ${textOf(event.tool_name)}`);
    default:
      return [];
  }
}

function resultText(event: Fields): string {
  const errors = listOf(event.errors).flatMap((error) => textOf(error) ?? []);
  return textOf(event.result) ?? errors.join('; ');
}
