import { readLines } from '../process/lines.ts';
import { runFile } from '../process/run-directory.ts';
import { noteTaskAnswer, noteTaskCall, noteTaskEvent, type Tasks, tasksLeft } from './background.ts';
import { addTokens, type ModelTokens, NO_TOKENS, tokensOf } from './cost.ts';
import { type Fields, fieldsOf, listOf, numberOf, parseEvent, textOf } from './fields.ts';
import { costOfRun, denialText, type ResultLine, resultLine, targetOf } from './result-line.ts';

/** What the service announced about the quota window. */
export interface RateLimit {
  readonly rejected: boolean;
  /** Epoch ms. */
  readonly resetsAt: number | null;
}

/** A message as it is counted, with the price that stands at it. */
interface Message {
  readonly model: string;
  readonly tokens: ModelTokens;
  readonly priceUsd: number | null;
}

/** Everything in a stream that decides about its attempt or is told about it. */
export interface StreamFacts {
  readonly sessionId: string | null;
  readonly model: string | null;
  /** The last result line. */
  readonly result: ResultLine | null;
  /**
   * Who wrote the agent's last message: the CLI makes some up itself, for instance about an API error. `unnamed`: a model,
   * of whose name the message says nothing.
   */
  readonly lastAuthor: 'model' | 'unnamed' | 'cli' | null;
  /** What the model wrote in its last message; '' when that called a tool. */
  readonly lastText: string;
  /** What the CLI said against the last structured output that it refused. */
  readonly refusedOutput: string | null;
  /** Tasks that still went on in the background at the last result line, in words. */
  readonly tasksLeft: readonly string[];
  /** The `error` of the last message that the CLI made of one; null once the model has spoken again. */
  readonly assistantError: string | null;
  readonly rateLimit: RateLimit | null;
  /** How long the CLI was last told to wait before it asked again. */
  readonly retryDelayMs: number | null;
  readonly toolsUsed: Readonly<Record<string, number>>;
  /** What the agent was to have and did not get: refused calls, servers that did not start; each told once. */
  readonly denials: readonly string[];
  readonly filesChanged: ReadonlySet<string>;
  /** What the result lines say that was spent; null without one. `session`: earlier runs of the session may be in it. */
  readonly costUsd: number | null;
  readonly costOf: 'run' | 'session';
  /** Sum of the prices that stand at its messages; null where none does. */
  readonly pricedUsd: number | null;
  /** By its id. */
  readonly messages: ReadonlyMap<string, Message>;
}

/** The tool by which structured output is given: not a tool that anybody allowed. */
const STRUCTURED_OUTPUT = 'StructuredOutput';
/** Model name of messages that the CLI made up itself. */
const SYNTHETIC = '<synthetic>';
/** How the answer to a refused call begins: 2.1.197 says it nowhere else before the result line. */
const REFUSAL = /^(Permission (to use|for) |Claude requested permissions? )/;
/** What the CLI puts around the reason for which it refuses a structured output. */
const OUTPUT_REFUSAL = /<\/?tool_use_error>/g;
const WRITING_TOOLS: ReadonlySet<string> = new Set(['Write', 'Edit', 'MultiEdit', 'NotebookEdit']);
/** What the CLI says of an MCP server whose tools the agent does not have. */
const SERVER_DOWN: ReadonlySet<string | null> = new Set(['failed', 'needs-auth']);

/** Reads the stream of a run directory to its present end. */
export async function readStream(runDirectory: string): Promise<StreamFacts> {
  const reader = createStreamReader();
  for await (const { text } of readLines(runFile(runDirectory, 'stdout'))) reader.line(text);
  return reader.facts;
}

/** Collects the facts of a stream line by line. What is not JSON, or of an unknown type, is let pass. */
export function createStreamReader(): { line(text: string): void; readonly facts: StreamFacts } {
  const state = initialState();
  return {
    line(text) {
      const event = parseEvent(text);
      if (event === null) return;
      state.sessionId = textOf(event.session_id) ?? state.sessionId;
      HANDLERS.get(textOf(event.type) ?? '')?.(state, event, text);
    },
    facts: state,
  };
}

type State = { -readonly [Name in keyof StreamFacts]: StreamFacts[Name] } & {
  readonly toolsUsed: Record<string, number>;
  readonly denials: string[];
  readonly filesChanged: Set<string>;
  readonly messages: Map<string, Message>;
  /** File of each writing call whose result has not come yet, by the call's id. */
  readonly pendingWrites: Map<string, string>;
  /** Each call in words, by its id, and the ids (else the words) of those that were refused. */
  readonly calls: Map<string, string>;
  readonly refused: Set<string>;
  /** Calls that gave structured output. */
  readonly outputs: string[];
  readonly tasks: Tasks;
  /** Of the message that `lastText` is from. */
  lastId: string | null;
};

function initialState(): State {
  return {
    sessionId: null,
    model: null,
    result: null,
    lastAuthor: null,
    lastText: '',
    lastId: null,
    refusedOutput: null,
    tasksLeft: [],
    assistantError: null,
    rateLimit: null,
    retryDelayMs: null,
    toolsUsed: {},
    denials: [],
    filesChanged: new Set(),
    costUsd: null,
    costOf: 'run',
    pricedUsd: null,
    messages: new Map(),
    pendingWrites: new Map(),
    calls: new Map(),
    refused: new Set(),
    outputs: [],
    tasks: { list: [], calls: [] },
  };
}

const HANDLERS: ReadonlyMap<string, (state: State, event: Fields, text: string) => void> = new Map([
  ['assistant', onAssistant],
  ['user', onUser],
  ['system', onSystem],
  ['rate_limit_event', onRateLimit],
  ['result', onResult],
]);

function onAssistant(state: State, event: Fields): void {
  const message = fieldsOf(event.message);
  const author = authorOf(event, message);
  if (typeof event.parent_tool_use_id !== 'string') {
    state.lastAuthor = author;
    state.assistantError = textOf(event.error) ?? (author === 'cli' ? state.assistantError : null);
    if (author !== 'cli') keepText(state, message);
  }
  if (author !== 'cli') countMessage(state, event, message);
  for (const block of listOf(message.content).map(fieldsOf)) {
    const tool = textOf(block.name);
    if (block.type !== 'tool_use' || tool === null) continue;
    if (tool === STRUCTURED_OUTPUT) {
      state.outputs.push(textOf(block.id) ?? '');
      continue;
    }
    noteTaskCall(state.tasks, tool, textOf(block.id) ?? '', fieldsOf(block.input));
    state.toolsUsed[tool] = (state.toolsUsed[tool] ?? 0) + 1;
    state.calls.set(textOf(block.id) ?? '', denialText({ tool_name: tool, tool_input: block.input }));
    const target = targetOf(fieldsOf(block.input));
    if (WRITING_TOOLS.has(tool) && target !== null) state.pendingWrites.set(textOf(block.id) ?? '', target);
  }
}

/** Tokens and price of a message, once however many lines tell it: what a later one does not tell, stands. */
function countMessage(state: State, event: Fields, message: Fields): void {
  const id = textOf(message.id) ?? `unnamed ${state.messages.size}`;
  const before = state.messages.get(id);
  const told = numberOf(event.costUSD) ?? numberOf(event.cost_usd) ?? numberOf(message.costUSD);
  const priceUsd = told ?? before?.priceUsd ?? null;
  if (priceUsd !== null) state.pricedUsd = (state.pricedUsd ?? 0) + priceUsd - (before?.priceUsd ?? 0);
  const model = textOf(message.model) ?? state.model ?? '';
  state.messages.set(id, { model, tokens: tokensOf(message, before?.tokens ?? NO_TOKENS), priceUsd });
}

/** A message that says no model is a model's all the same, unless it is about an error or says nothing at all. */
function authorOf(event: Fields, message: Fields): 'model' | 'unnamed' | 'cli' {
  const model = textOf(message.model);
  if (model !== null) return model === SYNTHETIC ? 'cli' : 'model';
  return textOf(event.error) !== null || listOf(message.content).length === 0 ? 'cli' : 'unnamed';
}

/** The stream repeats a message for each of its blocks. */
function keepText(state: State, message: Fields): void {
  const blocks = listOf(message.content).map(fieldsOf);
  const id = textOf(message.id);
  const before = id !== null && id === state.lastId ? state.lastText : '';
  const text = blocks.flatMap((block) => (block.type === 'text' ? (textOf(block.text) ?? []) : [])).join('');
  state.lastId = id;
  state.lastText = blocks.some(({ type }) => type === 'tool_use') ? '' : before + text;
}

function onUser(state: State, event: Fields): void {
  for (const block of listOf(fieldsOf(event.message).content).map(fieldsOf)) {
    const id = textOf(block.tool_use_id);
    if (block.type !== 'tool_result' || id === null) continue;
    const file = state.pendingWrites.get(id);
    if (file !== undefined && block.is_error !== true) state.filesChanged.add(file);
    state.pendingWrites.delete(id);
    const text = textIn(block.content);
    noteTaskAnswer(state.tasks, id, text, block.is_error === true);
    if (block.is_error !== true) continue;
    if (state.outputs.includes(id)) state.refusedOutput = text.replace(OUTPUT_REFUSAL, '').trim();
    else if (REFUSAL.test(text)) refuse(state, id, null);
  }
}

/** The text of a block's content, which is text or a list of parts. */
function textIn(content: unknown): string {
  return (
    textOf(content) ??
    listOf(content)
      .flatMap((part) => textOf(fieldsOf(part).text) ?? [])
      .join('\n')
  );
}

/** Notes a refused call once, however often it is told. */
function refuse(state: State, id: string | null, words: string | null): void {
  const text = state.calls.get(id ?? '') ?? words ?? 'a tool';
  const told = id ?? `unnamed ${text}`;
  if (state.refused.has(told)) return;
  state.refused.add(told);
  state.denials.push(text);
}

function onSystem(state: State, event: Fields): void {
  noteTaskEvent(state.tasks, event);
  if (event.subtype === 'init') onInit(state, event);
  if (event.subtype === 'api_retry') state.retryDelayMs = Math.round(numberOf(event.retry_delay_ms) ?? 0);
  if (event.subtype === 'permission_denied') refuse(state, textOf(event.tool_use_id), denialText(event));
}

/** The CLI goes on without a server that did not start: its agent has no tool to be refused. */
function onInit(state: State, event: Fields): void {
  state.model = textOf(event.model) ?? state.model;
  for (const { name, status } of listOf(event.mcp_servers).map(fieldsOf)) {
    if (SERVER_DOWN.has(textOf(status))) refuse(state, null, `mcp__${textOf(name)} (its server is not there)`);
  }
}

/** `resetsAt` is in epoch seconds. */
function onRateLimit(state: State, event: Fields): void {
  const info = fieldsOf(event.rate_limit_info);
  const resetsAt = numberOf(info.resetsAt);
  state.rateLimit = { rejected: info.status === 'rejected', resetsAt: resetsAt === null ? null : resetsAt * 1000 };
}

function onResult(state: State, event: Fields, text: string): void {
  for (const denial of listOf(event.permission_denials).map(fieldsOf)) {
    refuse(state, textOf(denial.tool_use_id), denialText(denial));
  }
  state.result = resultLine(event, text);
  state.costUsd = costOfRun(event, state.costUsd);
  state.costOf = event.model_usage_since_last_result === undefined ? 'session' : 'run';
  state.tasksLeft = tasksLeft(state.tasks);
}

/** Tokens of all messages, summed by model. */
export function tokensByModel({ messages }: StreamFacts): ReadonlyMap<string, ModelTokens> {
  const sums = new Map<string, ModelTokens>();
  for (const { model, tokens } of messages.values()) {
    sums.set(model, addTokens(sums.get(model) ?? NO_TOKENS, tokens));
  }
  return sums;
}
