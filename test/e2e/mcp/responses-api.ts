import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, type Move, parseAnswer, player } from './moves.ts';

/** The parts of a Responses API request that a test reads. */
interface ResponsesBody {
  readonly tools: readonly { readonly type: string; readonly name?: string }[];
  readonly input: readonly {
    readonly type: string;
    readonly output?: string | readonly { readonly text?: string }[];
  }[];
}

/** A Responses API on loopback whose model makes moves with the tools of one MCP server. */
export interface ResponsesApi {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one. Codex names the tools of a server by a namespace, and asks its model before the server has started. */
export async function startResponsesApi(namespace: string, moves: readonly Move[]): Promise<ResponsesApi> {
  const move = player(moves);
  let turn = 0;
  const itemFor = (body: ResponsesBody) => {
    const call_id = `call-${++turn}`;
    if (!body.tools.some(({ name }) => name === namespace)) {
      return { type: 'function_call', id: call_id, call_id, name: 'list_mcp_resources', arguments: '{}' };
    }
    const { say = '', call } = move(answersOf(body));
    if (!call)
      return { type: 'message', role: 'assistant', id: call_id, content: [{ type: 'output_text', text: say }] };
    const [name, input] = call;
    return { type: 'function_call', id: call_id, call_id, namespace, name, arguments: JSON.stringify(input) };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (!request.url?.endsWith('/responses')) {
      response.writeHead(404).end();
      return;
    }
    const item = itemFor(JSON.parse(Buffer.concat(chunks).toString('utf8')) as ResponsesBody);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (event: { readonly type: string }) =>
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    const usage = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };
    send({ type: 'response.created', response: { id: `r-${turn}` } } as never);
    send({ type: 'response.output_item.done', item } as never);
    send({ type: 'response.completed', response: { id: `r-${turn}`, usage } } as never);
    response.end();
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What tools have answered so far, newest first. Codex puts the time before it. */
function answersOf({ input }: ResponsesBody): readonly Answer[] {
  return input
    .filter(({ type }) => type === 'function_call_output')
    .map(({ output = '' }) => (typeof output === 'string' ? output : output.map(({ text = '' }) => text).join('\n')))
    .map((text) => parseAnswer(text.replace(/^Wall time: .*\nOutput:\n/, '')))
    .reverse();
}
