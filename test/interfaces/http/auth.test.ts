import { describe, expect, test } from 'vitest';
import { ENDPOINTS } from '../../../src/http/endpoints.ts';
import { seedJob } from '../../helpers/store.ts';
import { serveTest } from './server.ts';

const ADDRESSES = [
  ...ENDPOINTS.map(({ method, path }) => [
    method.toUpperCase(),
    path
      .replace('{job_id}', 'job-none')
      .replace('{unit}', '0')
      .replace('{attempt}', '1')
      .replace('{sha256}', '0'.repeat(64)),
  ]),
  ['GET', '/api/openapi.json'],
  ['GET', '/api/jobs/job-none/events'],
  ['GET', '/api/jobs/job-none/results?format=csv'],
  ['GET', '/api/jobs/job-none/units/0/attempts/1/artifacts/a.txt'],
  ['GET', '/api/docs'],
  ['GET', '/health'],
  ['GET', '/diagnostics'],
  ['GET', '/metrics'],
  ['GET', '/assets/index.js'],
  ['GET', '/'],
  ['DELETE', '/auth'],
  ['POST', '/mcp'],
] as const;

describe('authentication', () => {
  test('every route answers 401 without valid credentials', async () => {
    const server = await serveTest({ mcp: () => Promise.resolve(new Response('mcp')) });
    const wrong = { Authorization: `Bearer ${server.token.slice(0, -1)}x` };
    const strangers: readonly Record<string, string>[] = [
      {},
      { Authorization: 'Bearer' },
      { Authorization: 'Basic abc' },
      wrong,
      { Cookie: `abp_session_${server.port}=9999999999999.forged` },
      { 'X-ABP-Page-Key': (await server.person())['X-ABP-Page-Key'] },
      { ...wrong, ...(await server.person()) },
    ];
    for (const [method, path] of ADDRESSES) {
      for (const headers of strangers) {
        const answer = await fetch(server.url + path, { method, headers });
        expect([method, path, headers, answer.status]).toEqual([method, path, headers, 401]);
      }
    }
  });

  test('every route accepts the token and a session with its page key', async () => {
    const server = await serveTest({ mcp: () => Promise.resolve(new Response('mcp')) });
    for (const [method, path] of ADDRESSES) {
      const asProgram = await server.ask(path, { method });
      expect([method, path, asProgram.status === 401]).toEqual([method, path, false]);
      const asPerson = await fetch(server.url + path, { method, headers: await server.person() });
      const code = asPerson.ok ? 'ok' : ((await asPerson.json()) as { code: string }).code;
      const refused = ['unauthorized', 'page_key_required'].includes(code);
      expect([method, path, refused]).toEqual([method, path, false]);
      expect([path, code === 'forbidden']).toEqual([path, path === '/mcp']);
    }
  });

  test('a session cookie without its page key can read but not write', async () => {
    const server = await serveTest({ mcp: () => Promise.resolve(new Response('mcp')) });
    const [mine, other] = [await server.person(), await server.person()];
    const keys: readonly Record<string, string>[] = [
      {},
      { 'X-ABP-Page-Key': '' },
      { 'X-ABP-Page-Key': other['X-ABP-Page-Key'] },
      { 'X-ABP-Page-Key': mine['X-ABP-Page-Key'].slice(0, -1) },
      { 'X-ABP-Page-Key': mine.Cookie.split('=')[1] ?? '' },
      { 'X-ABP-Page-Key': server.token },
    ];
    for (const [method, path] of ADDRESSES) {
      for (const key of keys) {
        const answer = await fetch(server.url + path, { method, headers: { Cookie: mine.Cookie, ...key } });
        const code = answer.ok ? 'ok' : ((await answer.json()) as { code: string }).code;
        const refused = code === 'page_key_required';
        expect([method, path, key, refused]).toEqual([method, path, key, method !== 'GET']);
      }
    }
    for (const method of ['PUT', 'PATCH', 'DELETE', 'POST', 'QUERY']) {
      const answer = await fetch(`${server.url}/nowhere`, { method, headers: { Cookie: mine.Cookie } });
      expect([method, answer.status]).toEqual([method, 403]);
    }
  });

  test('a 401 is a problem document that says how to authenticate', async () => {
    const server = await serveTest();
    const answer = await fetch(`${server.url}/api/jobs`);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(await answer.json()).toMatchObject({
      status: 401,
      code: 'unauthorized',
      hint: expect.stringContaining('Bearer'),
    });
  });

  test('no response and no URL contains the token', async () => {
    const server = await serveTest();
    const texts = await Promise.all(
      ['/diagnostics', '/health', '/metrics', '/api/openapi.json'].map(async (path) => (await server.ask(path)).text()),
    );
    expect(texts.join() + server.url).not.toContain(server.token);
  });
});

describe('requests of foreign pages', () => {
  test.each([
    ['evil.example', 421],
    ['evil.example:80', 421],
    ['127.0.0.1.evil.example', 421],
    ['localhost.evil.example', 421],
    ['10.0.0.1', 421],
    ['user@127.0.0.1', 400],
    ['127.0.0.1/x', 400],
    ['127.0.0.1', 200],
    ['localhost:8080', 200],
    ['LOCALHOST', 200],
    ['[::1]:8080', 200],
  ])('DNS rebinding: Host %s gets %i', async (host, status) => {
    expect((await (await serveTest()).raw({ Host: host })).status).toBe(status);
  });

  test.each([
    [{ Origin: 'https://evil.example' }, 403],
    [{ Origin: 'null' }, 403],
    [{ Origin: 'http://127.0.0.1:1' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }, 403],
    [{ 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors' }, 403],
    [{ 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' }, 200],
    [{ 'Sec-Fetch-Site': 'same-origin' }, 200],
  ])('a request with %j gets %i', async (headers, status) => {
    expect((await (await serveTest()).raw(headers as Record<string, string>)).status).toBe(status);
  });

  test('our own origin is accepted, a form of a foreign page is not, even as a navigation', async () => {
    const server = await serveTest();
    expect((await server.raw({ Origin: server.url })).status).toBe(200);
    const form = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
    expect((await server.raw(form, 'POST', '/api/jobs/job-none/cancel')).status).toBe(403);
  });

  test('every response has the security headers', async () => {
    const server = await serveTest();
    for (const path of ['/api/jobs', '/nowhere', '/health']) {
      const { headers } = await server.ask(path);
      expect(headers.get('content-security-policy')).toMatch(/script-src 'self';.*frame-ancestors 'none'/);
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect([headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual(['nosniff', 'DENY']);
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

describe('a server for other machines', () => {
  test.each([[undefined], ['short'], ['x'.repeat(31)], ['with a space in the middle of all of it'], ['ü'.repeat(40)]])(
    'rejects the weak token %j',
    async (token) => {
      await expect(serveTest({ host: '0.0.0.0', ...(token ? { token } : {}) })).rejects.toMatchObject({
        code: 'invalid_input',
      });
    },
  );

  test('a name that starts like a loopback address is not one', async () => {
    await expect(serveTest({ host: '127.elsewhere.invalid' })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('needs a token'),
    });
  });

  test('serves with a strong token', async () => {
    const server = await serveTest({ host: '0.0.0.0', token: 'x'.repeat(32) });
    expect((await server.ask('/health')).status).toBe(200);
    expect((await fetch(`${server.url}/health`)).status).toBe(401);
  });
});

describe('approvals that need a person', () => {
  test('a test can be approved by a session with its page key, not by a token or a cookie alone', async () => {
    const server = await serveTest();
    const { repository } = server.abp.store;
    const test_ = { state: 'passed', units: [0], verdict: 'fine', executorsLost: 0, startedAt: 1, endedAt: 2 } as const;
    const { jobId } = await seedJob(server.abp.store, {
      status: 'testing',
      job: { requireHumanApproval: true },
      step: { worker: { type: 'command', command: ['true'] } },
      patch: { test: test_ },
    });
    const path = `/api/jobs/${jobId}/start`;
    const refused = await server.send('POST', path, { approve: true });
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'approval_required' }]);
    expect((await repository.jobs.get(jobId))?.status).toBe('testing');
    // The approval counts; an executor need not start.
    const { Cookie, ...key } = await server.person();
    const decide = (headers: Record<string, string>) =>
      fetch(server.url + path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Cookie, ...headers },
        body: JSON.stringify({ approve: false }),
      });
    expect((await decide({})).status).toBe(403);
    expect((await repository.jobs.get(jobId))?.status).toBe('testing');
    expect((await decide(key)).status).toBe(200);
  });

  test('a source can be approved by a person, who sees all of it, not by a token', async () => {
    const server = await serveTest();
    const { approvals } = server.abp.store.repository;
    const code = 'export const enumerate = () => [1];';
    const source = { source: { type: 'dynamic', code } };
    const refused = await server.send('POST', '/api/preview', source);
    expect(refused.status).toBe(403);
    const { details } = (await refused.json()) as { details: { definition: string } };
    const path = `/api/approvals/${details.definition}/allow`;
    expect(await server.json('/api/approvals')).toMatchObject({
      approvals: [{ state: 'waiting', about: 'source', source: { type: 'dynamic', code } }],
    });
    expect((await server.send('POST', path, {})).status).toBe(403);
    const [asked] = await approvals.startingWith(details.definition);
    expect(asked?.approvedAt).toBeNull();
    const headers = await server.person();
    expect((await fetch(server.url + path, { method: 'POST', headers: { Cookie: headers.Cookie } })).status).toBe(403);
    expect((await approvals.get(asked?.definition ?? ''))?.approvedAt).toBeNull();
    const person = await fetch(server.url + path, { method: 'POST', headers });
    expect(await person.json()).toMatchObject({ allowed: true });
    expect((await approvals.get(asked?.definition ?? ''))?.approvedBy).toBe('dashboard');
  });
});
