import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as StreamableHTTPClientTransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as TransportV1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createMcpHttpHandler } from '../../../src/mcp/http.ts';
import { wire } from '../../../src/wire.ts';
import { personAllowsJob } from '../../helpers/approvals.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { CLIENTS, type ClientKind, jobOver, makePlace } from './clients.ts';

const place = makePlace(undefined, afterAll);
const abp = wire(place.environment);
place.onEnd(() => abp.close());
const dashboard = (action: string) => Promise.resolve({ running: true, url: 'http://127.0.0.1:1', action });
const handler = createMcpHttpHandler(abp, { dashboard });
place.onEnd(() => handler.close());

const INFO = { name: 'test', version: '1.0.0' };
const URL_OF_IT = new URL('http://127.0.0.1/mcp');
/** The interface alone, without the server's checks of Host, Origin and token. */
const fetch = (url: string | URL, init?: RequestInit) => {
  const request = new Request(url, init);
  request.headers.set('X-Request-Id', 'req-7');
  return handler.fetch(request);
};

async function connect(kind: ClientKind, capabilities = {}): Promise<Client> {
  const client =
    kind === 'v1'
      ? (new ClientV1(INFO, { capabilities }) as unknown as Client)
      : new Client(INFO, { capabilities, versionNegotiation: { mode: kind === 'v2 auto' ? 'auto' : 'legacy' } });
  if (kind === 'v1') {
    const transport = new StreamableHTTPClientTransportV1(URL_OF_IT, { fetch }) as TransportV1;
    await (client as unknown as ClientV1).connect(transport);
  } else await client.connect(new StreamableHTTPClientTransport(URL_OF_IT, { fetch }));
  place.onEnd(() => client.close());
  return client;
}

describe.each(CLIENTS)('over HTTP, with a client of kind %s', (kind) => {
  it('tools, resources and prompts are the same', async () => {
    const client = await connect(kind);
    expect((await client.listTools()).tools).toHaveLength(17);
    expect((await client.listPrompts()).prompts).toHaveLength(3);
    // In the older protocol the server cannot send updates and does not claim to.
    const tells = kind === 'v2 auto';
    expect(client.getServerCapabilities()?.resources).toEqual({ listChanged: tells, subscribe: tells });
    const { contents } = await client.readResource({ uri: 'abp://status' });
    expect(contents[0]).toMatchObject({ uri: 'abp://status', mimeType: 'application/json' });
    const result = await client.callTool({ name: 'dashboard', arguments: { action: 'status' } });
    expect(result.structuredContent).toEqual(await dashboard('status'));
  });

  it('a test waits for its approval, a wrong call gets the reason, and events have the id of their request', async () => {
    const client = await connect(kind);
    const call = async (name: string, args: Record<string, unknown>) =>
      // biome-ignore lint/suspicious/noExplicitAny: answers are looked at by their fields in tests
      (await client.callTool({ name, arguments: args })) as any;
    const { job_id } = (await call('create_job', jobOver(place))).structuredContent;
    const tested = (await call('start_job', { job_id, wait_seconds: 45 })).structuredContent;
    expect(tested).toMatchObject({ status: 'testing', test: { state: 'passed' } });
    const wrong = await call('start_job', { job_id, aprove: true });
    expect(wrong).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('"approve"') }] });
    expect((await call('cancel_job', { job_id })).structuredContent).toMatchObject({ status: 'cancelled' });
    const [cancelled] = await abp.store.repository.events.ofJob(job_id, Number.MAX_SAFE_INTEGER, 1);
    expect(cancelled).toMatchObject({ type: 'job:cancelled', data: { request_id: 'req-7' } });
  });
});

describe('over HTTP, in the 2026 era', () => {
  it('a dialog asks the user between two requests', async () => {
    const client = await connect('v2 auto', { elicitation: {} });
    const messages: string[] = [];
    client.setRequestHandler('elicitation/create', ({ params }) => {
      messages.push(params.message);
      return { action: 'accept', content: { decision: 'reject', note: 'no' } };
    });
    const created = await client.callTool({ name: 'create_job', arguments: jobOver(place) });
    const { job_id } = created.structuredContent as { readonly job_id: string };
    const answer = await client.callTool({ name: 'start_job', arguments: { job_id, wait_seconds: 45 } });
    expect(messages).toEqual([expect.stringContaining('Test passed: ')]);
    // Over HTTP the caller's folder is unknown.
    expect((await abp.store.repository.jobs.get(job_id))?.home).toBeNull();
    expect(answer.structuredContent).toMatchObject({ status: 'created', user_answer: { decision: 'reject' } });
  });

  it('the holder of the token gets no dialog for a decision that needs a person', async () => {
    const client = await connect('v2 auto', { elicitation: {} });
    const asked: string[] = [];
    client.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(params.message);
      return { action: 'accept', content: { decision: 'approve' } };
    });
    const created = await client.callTool({
      name: 'create_job',
      arguments: { ...jobOver(place), require_human_approval: true },
    });
    const { job_id } = created.structuredContent as { readonly job_id: string };
    const start = (more: object) => client.callTool({ name: 'start_job', arguments: { job_id, ...more } });
    expect(await start({ wait_seconds: 0 })).toMatchObject({ isError: true });
    await personAllowsJob(abp.orchestrator.deps, job_id);
    expect((await start({ wait_seconds: 45 })).structuredContent).toMatchObject({ status: 'testing' });
    const approved = await start({ approve: true });
    expect(approved).toMatchObject({ isError: true });
    expect(JSON.stringify(approved.content)).toContain('only a person can approve its test');
    const code = 'export function* enumerate() { yield { a: 1 }; }';
    const dynamic = { ...jobOver(place), source: { type: 'dynamic', code } };
    expect(await client.callTool({ name: 'create_job', arguments: dynamic })).toMatchObject({ isError: true });
    expect((await abp.store.repository.jobs.get(job_id))?.status).toBe('testing');
    expect(asked).toEqual([]);
  });

  it('an answer to a question that was not asked is refused', async () => {
    const client = await connect('v2 auto', { elicitation: {} });
    const created = await client.callTool({ name: 'create_job', arguments: jobOver(place) });
    const { job_id } = created.structuredContent as { readonly job_id: string };
    const forged = client.request(
      {
        method: 'tools/call',
        params: {
          name: 'start_job',
          arguments: { job_id },
          requestState: 'v1.forged.state',
          inputResponses: { decision: { action: 'accept', content: { decision: 'approve' } } },
        },
      } as never,
      { timeout: PATIENCE.timeout } as never,
    );
    await expect(forged).rejects.toThrow(/requestState/);
    const { structuredContent } = await client.callTool({ name: 'get_job_status', arguments: { job_id } });
    expect(structuredContent).toMatchObject({ status: 'created' });
  });

  it('a listening client gets updates, also of changes by this server', async () => {
    const client = await connect('v2 auto');
    const heard: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    const subscription = await client.listen({ resourceSubscriptions: ['abp://jobs'] });
    await client.callTool({ name: 'create_job', arguments: jobOver(place) });
    await vi.waitFor(() => expect(heard).toEqual(['abp://jobs']), PATIENCE);
    await subscription.close();
  });
});
