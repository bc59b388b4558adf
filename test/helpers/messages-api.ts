import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request of the CLI, as tests read it. */
export interface MessagesRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The body as text, for its size. */
  readonly text: string;
  readonly body: MessagesBody;
}

/** The parts of a Messages API request body that tests read. */
export interface MessagesBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly system?: unknown;
  readonly tools?: readonly { readonly name: string }[];
  readonly messages: readonly { readonly role: string; readonly content: string | readonly ContentBlock[] }[];
}

/** A block of content, in a request or a reply. */
export interface ContentBlock {
  readonly type: string;
  readonly text?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly tool_use_id?: string;
  readonly content?: unknown;
  readonly is_error?: boolean;
}

/** Next answer of the model or the service. */
export type Reply =
  | { readonly say: string; readonly tokens?: number }
  | { readonly use: string; readonly input: unknown; readonly say?: string; readonly tokens?: number }
  | {
      readonly status: number;
      readonly error: string;
      readonly message: string;
      readonly headers?: Record<string, string>;
    }
  /** Closes the connection in the middle of the answer. */
  | { readonly cut: true }
  /** Sends a first word, then nothing. */
  | { readonly stall: true };

/** Script of the answers; `turn` counts the model requests to this server from 0. */
export type Script = (request: MessagesRequest, turn: number) => Reply | Promise<Reply>;

/** A Messages API on loopback that follows a script. */
export interface MessagesApi {
  readonly url: string;
  /** Model requests so far, in order. */
  readonly requests: readonly MessagesRequest[];
  close(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startMessagesApi(script: Script): Promise<MessagesApi> {
  const requests: MessagesRequest[] = [];
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await readBody(request);
    const path = request.url ?? '/';
    if (request.method !== 'POST' || !path.startsWith('/v1/messages')) {
      response.writeHead(request.method === 'HEAD' ? 200 : 404).end();
      return;
    }
    if (path.includes('count_tokens')) {
      sendJson(response, 200, { input_tokens: Math.ceil(text.length / 4) });
      return;
    }
    const asked: MessagesRequest = { path, headers: request.headers, text, body: JSON.parse(text) as MessagesBody };
    requests.push(asked);
    await answer(response, asked.body, await script(asked, requests.length - 1));
  };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Returns the text of the user's last message. */
export function lastText({ body }: MessagesRequest): string {
  const content = body.messages.findLast(({ role }) => role === 'user')?.content ?? '';
  if (typeof content === 'string') return content;
  return content.map((block) => block.text ?? '').join('\n');
}

/** Tells whether the last message carries a tool's result. */
export function answersTool({ body }: MessagesRequest): boolean {
  const content = body.messages.at(-1)?.content;
  return Array.isArray(content) && content.some((block: ContentBlock) => block.type === 'tool_result');
}

async function answer(response: ServerResponse, body: MessagesBody, reply: Reply): Promise<void> {
  if ('status' in reply) {
    const { status, error, message, headers = {} } = reply;
    sendJson(response, status, { type: 'error', error: { type: error, message } }, headers);
    return;
  }
  // After a broken stream the CLI asks once more without streaming: that breaks, or hangs, too.
  if (body.stream !== true && ('cut' in reply || 'stall' in reply)) {
    if ('cut' in reply) response.destroy();
    return;
  }
  const blocks = blocksOf(reply);
  const tokens = 'tokens' in reply ? (reply.tokens ?? 25) : 25;
  const message = { id: `msg_${crypto.randomUUID()}`, type: 'message', role: 'assistant', model: body.model };
  const usage = { input_tokens: 1200, cache_creation_input_tokens: 300, cache_read_input_tokens: 900 };
  const stopReason = blocks.some(({ type }) => type === 'tool_use') ? 'tool_use' : 'end_turn';
  if (body.stream !== true) {
    const whole = { ...message, content: blocks, stop_reason: stopReason, stop_sequence: null };
    sendJson(response, 200, { ...whole, usage: { ...usage, output_tokens: tokens } });
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  const start = {
    ...message,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usage, output_tokens: 1 },
  };
  send('message_start', { message: start });
  for (const [index, block] of blocks.entries()) {
    const isTool = block.type === 'tool_use';
    send('content_block_start', {
      index,
      content_block: isTool ? { ...block, input: {} } : { type: 'text', text: '' },
    });
    const delta = isTool
      ? { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
      : { type: 'text_delta', text: block.text };
    send('content_block_delta', { index, delta });
    if ('stall' in reply) return;
    if ('cut' in reply) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      response.destroy();
      return;
    }
    send('content_block_stop', { index });
  }
  send('message_delta', { delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: tokens } });
  send('message_stop', {});
  response.end();
}

function blocksOf(reply: Exclude<Reply, { status: number }>): readonly (ContentBlock & { id?: string })[] {
  if ('cut' in reply || 'stall' in reply) return [{ type: 'text', text: 'Let me' }];
  const said = reply.say === undefined ? [] : [{ type: 'text', text: reply.say }];
  if (!('use' in reply)) return said;
  return [...said, { type: 'tool_use', id: `toolu_${crypto.randomUUID()}`, name: reply.use, input: reply.input }];
}

function sendJson(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
