import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AbpError } from '../../../src/domain/error.ts';
import type { Hint } from '../../../src/domain/hint.ts';
import { problemAnswer } from '../../../src/http/problem.ts';
import { seedJob } from '../../helpers/store.ts';
import { serveTest } from './server.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('an invalid request gets a problem document and changes nothing', () => {
  test.each([
    ['invalid JSON', { body: '{"name":' }, 400, 'invalid_input', /not JSON/],
    ['JSON that is not an object', { body: '[1]' }, 400, 'invalid_input', /not an object/],
    ['a body of another media type', { body: 'a=1', type: 'text/plain' }, 415, 'unsupported_media_type', /text\/plain/],
    ['a form', { body: 'a=1', type: 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type', /urlencoded/],
    ['bytes that are not text', { body: Buffer.from([0xff, 0xfe, 0x00]) }, 400, 'invalid_input', /not JSON/],
    ['an unknown field', { body: '{"nmae":"x"}' }, 400, 'invalid_input', /nmae.*Did you mean "name"/],
    ['a field of the wrong type', { body: '{"name":5}' }, 400, 'invalid_input', /name: expected a string, found 5/],
    [
      'a number out of bounds',
      { body: '{"test":{"units":1e9}}' },
      400,
      'invalid_input',
      /test\.units: expected at most 20/,
    ],
    ['a __proto__ field', { body: '{"__proto__":{"a":1}}' }, 400, 'invalid_input', /./],
    ['10 MB', { body: JSON.stringify({ name: 'x'.repeat(10_000_000) }) }, 413, 'too_large', /bytes/],
    ['deep nesting', { body: `{"name":${'['.repeat(50_000)}${']'.repeat(50_000)}}` }, 400, 'invalid_input', /nested/],
  ])(
    '%s',
    async (_what, { body, type }: { body: string | Buffer<ArrayBuffer>; type?: string }, status, code, detail) => {
      const server = await serveTest();
      const headers = { 'Content-Type': type ?? 'application/json' };
      const answer = await server.ask('/api/jobs', { method: 'POST', body, headers });
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      const problem = (await answer.json()) as { detail: string };
      expect(problem).toMatchObject({ type: 'about:blank', status, code, instance: '/api/jobs' });
      expect(answer.status).toBe(status);
      expect(problem.detail).toMatch(detail);
      expect(await server.json('/api/jobs')).toMatchObject({ total: 0 });
    },
  );

  test('a compressed body gets 415', async () => {
    const server = await serveTest();
    const post = (coding: string, body: string | Buffer<ArrayBuffer>) =>
      server.ask('/api/jobs', { method: 'POST', body, headers: { ...JSON_TYPE, 'Content-Encoding': coding } });
    const answer = await post('gzip', gzipSync('{"name":"x"}'));
    expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'identity']);
    expect(await answer.json()).toMatchObject({
      code: 'unsupported_media_type',
      detail: 'Expected a body without Content-Encoding, found gzip.',
      hint: 'Send the JSON uncompressed.',
    });
    expect(await (await post('Identity', '{"nmae":1}')).json()).toMatchObject({ code: 'invalid_input' });
  });

  test('10 MB without a Content-Length get 413', async () => {
    const server = await serveTest();
    const chunk = new Uint8Array(100_000).fill(32);
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        if (sent++ < 100) controller.enqueue(chunk);
        else controller.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half', headers: JSON_TYPE } as RequestInit;
    const status = await server.ask('/api/jobs', init).then(
      (answer) => answer.status,
      () => 413,
    );
    expect(status).toBe(413);
    expect((await server.ask('/health')).status).toBe(200);
  });

  test.each([
    ['/api/jobs', 401],
    ['/auth', 413],
  ])('an endless body without the token is not read: %s answers %i at once', async (path, status) => {
    const server = await serveTest();
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(50_000)) });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    expect((await fetch(server.url + path, init)).status).toBe(status);
  });

  test.each([
    ['GET', '/api/jobs/job-none', 404, 'not_found'],
    ['GET', '/api/jobs/none', 404, 'not_found'],
    ['GET', '/api/jobs/%00', 404, 'not_found'],
    ['GET', '/api/jobs?limit=many', 400, 'invalid_input'],
    ['GET', '/api/jobs?limit=1&limit=2000', 400, 'invalid_input'],
    ['GET', '/api/jobs?limit=1&limit=2', 400, 'invalid_input'],
    ['GET', '/api/jobs?status=running&status=walking', 400, 'invalid_input'],
    ['GET', '/api/jobs?nope=1', 400, 'invalid_input'],
    ['GET', '/api/nowhere', 404, 'no_such_path'],
    ['GET', '/api/jobs/', 404, 'no_such_path'],
    ['GET', '/API/jobs', 404, 'no_such_path'],
    ['GET', '/nowhere', 404, 'no_such_path'],
    ['GET', '/nowhere.js', 404, 'no_such_path'],
    ['POST', '/jobs/job-none', 404, 'no_such_path'],
    ['PUT', '/api/jobs', 405, 'method_not_allowed'],
    ['OPTIONS', '/api/jobs', 405, 'method_not_allowed'],
    ['DELETE', '/api/jobs/job-none/units', 405, 'method_not_allowed'],
    ['POST', '/api/jobs/job-none/events', 405, 'method_not_allowed'],
    ['POST', '/api/jobs/job-none/units/0/attempts/1/artifacts/a/b.txt', 405, 'method_not_allowed'],
    ['POST', '/health', 405, 'method_not_allowed'],
    ['DELETE', '/metrics', 405, 'method_not_allowed'],
    ['POST', '/auth/codes', 404, 'no_such_path'],
    ['PUT', '/auth', 404, 'no_such_path'],
    ['GET', '/api/jobs/job-none/results?format=xls', 400, 'invalid_input'],
    ['GET', '/api/jobs/job-none/results?format=csv&format=json', 400, 'invalid_input'],
    ['GET', '/api/jobs/job-none/results?format=csv&nope=1', 400, 'invalid_input'],
    ['GET', '/api/jobs/job-none/results?format=csv', 404, 'not_found'],
    ['GET', '/api/jobs/job-none/units/x/attempts/1/artifacts/a.txt', 400, 'invalid_input'],
    ['GET', '/api/jobs/job-none/units/0/attempts/1/artifacts/a.txt?scope=mian', 400, 'invalid_input'],
    ['GET', '/api/jobs/job-none/events?nope=1', 400, 'invalid_input'],
  ])('%s %s: %i %s', async (method, path, status, code) => {
    const server = await serveTest();
    const answer = await server.ask(path, { method });
    expect([answer.status, await answer.json()]).toMatchObject([status, { status, code }]);
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/POST|GET, HEAD/);
  });

  test('a long error of the schema engine is truncated', async () => {
    const server = await serveTest();
    const properties = Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`field_${n}`, { type: 'nope' }]));
    const answer = await server.send('POST', '/api/jobs', {
      name: 'x',
      intent: 'Look at each.',
      source: { type: 'json', file_path: '/nowhere.json' },
      worker: { type: 'command', command: ['true'] },
      schema: { type: 'object', properties },
    });
    const text = await answer.text();
    expect([answer.status, text.length < 10_000]).toEqual([400, true]);
    expect(JSON.parse(text).detail).toMatch(/^schema is not a usable JSON Schema: .*… \(\d+ more characters\) ….+$/s);
  });

  test('no part of an error is long: message, hint and details are truncated', () => {
    const long = 'long '.repeat(100_000);
    const hint: Hint = [long, { operation: 'get_unit' }];
    const details = { job_id: 'job-1', text: long, list: Array(10_000).fill(long), object: { long } };
    const { body } = problemAnswer(new AbpError('invalid_input', long, { hint, details }), 'req-1');
    expect(body.length).toBeLessThan(20_000);
    expect(JSON.parse(body)).toMatchObject({
      detail: expect.stringContaining('more characters'),
      hint: expect.stringContaining('more characters'),
      details: { job_id: 'job-1', text: expect.stringContaining('more characters'), list_left_out: expect.any(Number) },
    });
  });

  test('an internal error is logged with its stack', async () => {
    const server = await serveTest();
    server.abp.close();
    const answer = await server.ask('/api/jobs', { headers: { 'X-Request-Id': 'req-7' } });
    expect([answer.status, await answer.json()]).toMatchObject([
      500,
      { code: 'internal', hint: expect.stringContaining('logs/server.log') },
    ]);
    const log = readFileSync(join(server.root, 'logs', 'server.log'), 'utf8');
    const failed = log.split('\n').flatMap((line) => (line.includes('"request failed"') ? [JSON.parse(line)] : []));
    expect(failed).toMatchObject([
      { request_id: 'req-7', err: { stack: expect.stringContaining('orchestrator/queries') } },
    ]);
  });

  test('a field of the path is rejected in the body', async () => {
    const server = await serveTest();
    const { jobId } = await seedJob(server.abp.store, { status: 'paused' });
    const answer = await server.send('POST', `/api/jobs/${jobId}/cancel`, { job_id: 'job-other' });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_input' }]);
    expect((await server.abp.store.repository.jobs.get(jobId))?.status).toBe('paused');
  });

  test('a conflict names the status of the job and a hint', async () => {
    const server = await serveTest();
    const { jobId } = await seedJob(server.abp.store, { status: 'cancelled' });
    const answer = await server.send('POST', `/api/jobs/${jobId}/resume`, {});
    expect([answer.status, await answer.json()]).toMatchObject([
      409,
      {
        code: 'conflict',
        detail: expect.stringContaining('cancelled'),
        hint: expect.any(String),
        details: { status: 'cancelled' },
      },
    ]);
  });
});

describe('a malformed request gets a problem document', () => {
  test.each<[string, string, number, string, RegExp]>([
    ['an invalid Host', 'GET /health HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'malformed', /Host or path/],
    ['no Host', 'GET /health HTTP/1.1\r\n\r\n', 400, 'malformed', /Missing host header/],
    ['a backslash', 'GET /a\\b HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'malformed', /Backslash/],
    ['an unknown method', 'FOO /health HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'malformed', /method/],
    ['text that is not HTTP', 'hello\r\n\r\n', 400, 'malformed', /cannot be read/],
    [
      'headers of 17 kB',
      `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`,
      431,
      'headers_too_large',
      /16 kB/,
    ],
  ])('%s', async (_, request, status, code, detail) => {
    const server = await serveTest();
    const { head, body } = parts(await exchange(server.port, request));
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} \\w`));
    expect(head).toMatch(/^content-type: application\/problem\+json$/im);
    expect(head).toMatch(/^x-content-type-options: nosniff$/im);
    const problem = JSON.parse(body) as { request_id: string };
    const request_id = /^x-request-id: (.+)$/im.exec(head)?.[1];
    expect(problem).toMatchObject({
      type: 'about:blank',
      status,
      code,
      detail: expect.stringMatching(detail),
      request_id,
    });
    expect(request_id).toMatch(/^[-0-9a-f]{36}$/);
    const log = readFileSync(join(server.root, 'logs', 'server.log'), 'utf8');
    expect(log).toContain(request_id);
  });

  test('after a response on the same connection, but not in the middle of one', async () => {
    const server = await serveTest();
    const get = (path: string) =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${server.token}\r\n\r\n`;
    const answers = await exchange(server.port, get('/health'), 'hello\r\n\r\n');
    expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    const { jobId } = await seedJob(server.abp.store, {});
    const stream = await exchange(server.port, get(`/api/jobs/${jobId}/events`), 'hello\r\n\r\n');
    expect(stream.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
  });

  /** Sends each text after the response to the one before; returns all responses when the connection closes or the last was answered. */
  function exchange(port: number, ...texts: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      let received = '';
      let sent = 0;
      const socket = connect(port, '127.0.0.1', () => socket.write(texts[sent++] ?? '')).setEncoding('utf8');
      onTestFinished(() => void socket.destroy());
      socket.on('data', (text: string) => {
        received += text;
        if (sent < texts.length) socket.write(texts[sent++] ?? '');
        else if (/"request_id":"[^"]+"\}$/.test(received)) socket.end();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(received));
    });
  }

  function parts(answer: string): { readonly head: string; readonly body: string } {
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    return { head: head.replaceAll('\r', ''), body };
  }
});

describe('the id of a request', () => {
  test.each([
    ['my-request_1.2:3', true],
    ['x'.repeat(64), true],
    ['x'.repeat(65), false],
    ['two words', false],
    ['<b>', false],
    ['', false],
  ])('%j is adopted: %s', async (given, adopted) => {
    const server = await serveTest();
    const answer = await server.ask('/api/jobs', { headers: { 'X-Request-Id': given } });
    const id = answer.headers.get('x-request-id');
    expect(id === given).toBe(adopted);
    expect(id).toMatch(/^[\w.:-]{1,64}$/);
  });

  test('is passed to the mounted MCP interface', async () => {
    const server = await serveTest({
      mcp: ({ headers }) => Promise.resolve(new Response(headers.get('X-Request-Id'))),
    });
    const given = await server.ask('/mcp', { method: 'POST', body: '{}', headers: { 'X-Request-Id': 'req-7' } });
    expect(await given.text()).toBe('req-7');
    const made = await server.ask('/mcp', { method: 'POST', body: '{}', headers: { 'X-Request-Id': 'not one' } });
    expect(await made.text()).toBe(made.headers.get('X-Request-Id'));
  });

  test('is in problem documents and in events that the request causes', async () => {
    const server = await serveTest();
    const { jobId } = await seedJob(server.abp.store, { status: 'running', units: 0 });
    const headers = { ...JSON_TYPE, 'X-Request-Id': 'req-7' };
    const refused = await server.ask('/api/jobs/job-none', { headers });
    expect(await refused.json()).toMatchObject({ request_id: 'req-7' });
    await server.ask(`/api/jobs/${jobId}/pause`, { method: 'POST', headers });
    const { events } = await server.json<{ events: object[] }>(`/api/jobs/${jobId}/timeline`);
    expect(events[0]).toMatchObject({ type: 'job:paused', data: { reason: 'user', request_id: 'req-7' } });
  });
});

describe('operations over HTTP', () => {
  test('a job can be read, changed, cancelled and deleted', async () => {
    const server = await serveTest();
    const made = await server.send('POST', '/api/jobs', {
      name: 'numbers',
      intent: 'Look at each.',
      source: { type: 'json', file_path: '/nowhere.json' },
      worker: { type: 'command', command: ['true'] },
    });
    expect([made.status, await made.json()]).toMatchObject([
      400,
      { code: 'invalid_input', detail: expect.stringContaining('/nowhere.json') },
    ]);
    const { jobId } = await seedJob(server.abp.store, {
      status: 'created',
      units: 5,
      step: { worker: { type: 'command', command: ['true'] } },
    });
    expect(await server.json(`/api/jobs/${jobId}/status`)).toMatchObject({
      job_id: jobId,
      units: { total: 5, pending: 5 },
    });
    const changed = await server.send('PATCH', `/api/jobs/${jobId}`, { template: 'Look at {name} again.' });
    expect(await changed.json()).toMatchObject({ revision: 2 });
    const listed = await server.json(`/api/jobs/${jobId}/units?status=pending&limit=2`);
    expect(listed).toMatchObject({ units: [{ unit: 0 }, { unit: 1 }], next_cursor: '1' });
    const cancelled = await server.send('POST', `/api/jobs/${jobId}/cancel`, {});
    expect(await cancelled.json()).toMatchObject({ status: 'cancelled', units: { cancelled: 5 } });
    expect((await server.ask(`/api/jobs/${jobId}`, { method: 'DELETE' })).status).toBe(200);
    expect((await server.ask(`/api/jobs/${jobId}`)).status).toBe(404);
  });
});
