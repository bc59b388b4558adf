import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { serveTest, type TestServer } from './server.ts';

/** Makes the arguments of a job over a number of items. */
function recipe(server: TestServer, items: number) {
  const file_path = join(server.root, 'items.json');
  writeFileSync(file_path, JSON.stringify(Array.from({ length: items }, (_, n) => ({ n }))));
  return {
    name: 'n',
    intent: 'i',
    source: { type: 'json', file_path },
    worker: { type: 'command', command: ['cat'] },
  };
}

function post(server: TestServer, body: object, key?: string, signal?: AbortSignal): Promise<Response> {
  const headers = { 'Content-Type': 'application/json', ...(key === undefined ? {} : { 'Idempotency-Key': key }) };
  const init = { method: 'POST', headers, body: JSON.stringify(body), ...(signal ? { signal } : {}) };
  return server.ask('/api/jobs', init);
}

describe('Idempotency-Key', () => {
  test.each([
    ['plain', 'k-1'],
    ['quoted', '"k-1"'],
  ])('%s, sets request_id: the same request returns its job, another one gets 422', async (_how, key) => {
    const server = await serveTest();
    const body = recipe(server, 1);
    const first = (await (await post(server, body, key)).json()) as { job_id: string };
    expect(first).not.toHaveProperty('request_id');
    expect(await server.json(`/api/jobs/${first.job_id}`)).toMatchObject({ request_id: 'k-1' });
    const again = await post(server, { ...body, request_id: 'k-1' });
    expect(await again.json()).toMatchObject({ job_id: first.job_id, deduplicated: true });
    const other = await post(server, { ...body, name: 'other' }, key);
    expect(other.status).toBe(422);
    expect(await other.json()).toMatchObject({ code: 'request_reused', details: { job_id: first.job_id } });
    expect(await server.json('/api/jobs')).toMatchObject({ total: 1 });
  });

  test('that differs from the request_id of the body gets 400', async () => {
    const server = await serveTest();
    const answer = await post(server, { ...recipe(server, 1), request_id: 'one' }, 'other');
    expect(answer.status).toBe(400);
    expect(await server.json('/api/jobs')).toMatchObject({ total: 0 });
  });
});

describe('a client that disconnects during enumeration', () => {
  const stored = async (server: TestServer, key?: string) => {
    const client = new AbortController();
    const body = recipe(server, 60_000);
    const hungUp = post(server, body, key, client.signal).catch(() => 'hung up');
    await vi.waitFor(async () => expect(await server.json('/api/jobs')).toMatchObject({ total: 1 }), PATIENCE);
    client.abort();
    expect(await hungUp).toBe('hung up');
    return body;
  };

  test('finds its job by its key', async () => {
    const server = await serveTest();
    const body = await stored(server, 'k-1');
    await vi.waitFor(async () => {
      const found = await (await post(server, body, 'k-1')).json();
      expect(found).toMatchObject({ status: 'created', deduplicated: true, units: { total: 60_000 } });
    }, PATIENCE);
    expect(await server.json('/api/jobs')).toMatchObject({ total: 1 });
  });

  test('leaves no job without a key', async () => {
    const server = await serveTest();
    await stored(server);
    await vi.waitFor(async () => expect(await server.json('/api/jobs')).toMatchObject({ total: 0 }), PATIENCE);
    await vi.waitFor(
      async () => expect(await server.abp.orchestrator.deps.repository.jobs.deleting()).toEqual([]),
      PATIENCE,
    );
  });
});
