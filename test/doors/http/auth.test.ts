import { describe, expect, test } from 'vitest';
import { createAuth } from '../../../src/http/auth.ts';
import { ENDPOINTS } from '../../../src/http/endpoints.ts';
import { seedJob } from '../../helpers/store.ts';
import { serveTest, type TestServer } from './server.ts';

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
  ['POST', '/auth/codes'],
  ['POST', '/mcp'],
] as const;

describe('who may come in', () => {
  test('nobody without the token, wherever to', async () => {
    const server = await serveTest({ mcp: async () => new Response('mcp') });
    const wrong = { Authorization: `Bearer ${server.token.slice(0, -1)}x` };
    const strangers: readonly Record<string, string>[] = [
      {},
      { Authorization: 'Bearer' },
      { Authorization: 'Basic abc' },
      wrong,
      { Cookie: `abp_session_${server.port}=9999999999999.forged` },
      { ...wrong, Cookie: await server.cookie() },
    ];
    for (const [method, path] of ADDRESSES) {
      for (const headers of strangers) {
        const answer = await fetch(server.url + path, { method, headers });
        expect([method, path, headers, answer.status]).toEqual([method, path, headers, 401]);
      }
    }
  });

  test('a program with the token, and a browser that signed in, wherever to', async () => {
    const server = await serveTest({ mcp: async () => new Response('mcp') });
    const cookie = await server.cookie();
    for (const [method, path] of ADDRESSES) {
      const asProgram = await server.ask(path, { method });
      expect([method, path, asProgram.status === 401]).toEqual([method, path, false]);
      const asPerson = await fetch(server.url + path, { method, headers: { Cookie: cookie } });
      expect([method, path, asPerson.status === 401]).toEqual([method, path, false]);
    }
  });

  test('a refusal says how to get in, and is a problem document', async () => {
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

  test('no answer and no address says the token', async () => {
    const server = await serveTest();
    const texts = await Promise.all(
      ['/diagnostics', '/health', '/metrics', '/api/openapi.json'].map(async (path) => (await server.ask(path)).text()),
    );
    expect(texts.join() + server.url).not.toContain(server.token);
  });
});

describe('signing in', () => {
  const visit = (server: TestServer, path: string, headers: Record<string, string> = {}) =>
    fetch(server.url + path, { redirect: 'manual', headers: { Accept: 'text/html', ...headers } });

  test('a code lets one browser in once, with a cookie that no script and no other site can use', async () => {
    const server = await serveTest();
    const { code } = (await (await server.ask('/auth/codes', { method: 'POST' })).json()) as { code: string };
    const looked = await fetch(`${server.url}/auth?code=${code}`, { method: 'HEAD', redirect: 'manual' });
    expect([looked.status, looked.headers.get('set-cookie')]).toEqual([401, null]);
    const first = await visit(server, `/auth?code=${code}&next=/jobs/job-a`);
    expect([first.status, first.headers.get('location')]).toEqual([303, '/jobs/job-a']);
    expect(first.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict$/);
    expect(first.headers.get('set-cookie')).not.toContain(server.token);
    const again = await visit(server, `/auth?code=${code}`);
    expect([again.status, again.headers.get('set-cookie')]).toEqual([401, null]);
  });

  test('codes are made for programs only: a page cannot make one', async () => {
    const server = await serveTest();
    const answer = await fetch(`${server.url}/auth/codes`, {
      method: 'POST',
      headers: { Cookie: await server.cookie() },
    });
    expect(answer.status).toBe(403);
  });

  test('a person may type the token instead', async () => {
    const server = await serveTest();
    const send = (token: string) =>
      fetch(`${server.url}/auth`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ token, next: '/jobs/job-a?x=1&y=2' }),
      });
    const right = await send(server.token);
    expect([right.status, right.headers.get('location')]).toEqual([303, '/jobs/job-a?x=1&y=2']);
    const wrong = await send('x'.repeat(43));
    expect([wrong.status, wrong.headers.get('set-cookie')]).toEqual([401, null]);
    expect(await wrong.text()).toContain('name="next" value="/jobs/job-a?x=1&amp;y=2"');
  });

  test.each([
    'https://elsewhere.example/',
    '//elsewhere.example/',
    '/\\elsewhere.example',
    '/"><script>alert(1)</script>',
    'javascript:alert(1)',
    '/a\r\nSet-Cookie: a=b',
  ])('a link that wants to lead to %j leads to the start page', async (next) => {
    const server = await serveTest();
    const { code } = (await (await server.ask('/auth/codes', { method: 'POST' })).json()) as { code: string };
    const answer = await visit(server, `/auth?code=${code}&next=${encodeURIComponent(next)}`);
    expect(answer.headers.get('location')).toBe('/');
    const page = await (await visit(server, `/auth?code=used&next=${encodeURIComponent(next)}`)).text();
    expect(page).toContain('name="next" value="/"');
  });

  test('a visit without a session gets a page to sign in, which holds no script and leads back', async () => {
    const server = await serveTest();
    const answer = await visit(server, '/jobs/job-a/units?status=failed');
    const html = await answer.text();
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(html).toContain('value="/jobs/job-a/units?status=failed"');
    expect(html).not.toContain('<script');
  });

  test('a link on another site asks once more from here, since its first visit brings no strict cookie', async () => {
    const server = await serveTest();
    const headers = {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      Accept: 'text/html',
      Authorization: '',
    };
    const { status, text } = await server.raw(headers, 'GET', '/jobs/job-a');
    expect(status).toBe(401);
    expect(text).toContain('http-equiv="refresh" content="0"');
  });

  test('sessions and codes end by themselves, and with their token', () => {
    let now = 0;
    const auth = createAuth('a'.repeat(32), 1, () => now);
    const value = auth.sessionCookie().split(/[=;]/)[1] ?? '';
    const code = auth.mintCode();
    const late = auth.mintCode();
    expect(auth.redeem(code)).toBe(true);
    now = 3 * 60_000;
    expect(auth.redeem(late)).toBe(false);
    expect(auth.isSession(value)).toBe(true);
    expect(createAuth('b'.repeat(32), 1, () => now).isSession(value)).toBe(false);
    now = 8 * 24 * 3_600_000;
    expect(auth.isSession(value)).toBe(false);
  });
});

describe('what a page of somebody else can do', () => {
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
  ])('DNS rebinding: a request for the host %s is answered with %i', async (host, status) => {
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
  ])('a request with %j is answered with %i', async (headers, status) => {
    expect((await (await serveTest()).raw(headers as Record<string, string>)).status).toBe(status);
  });

  test('our own origin may; a form of another page may not, not even as a navigation', async () => {
    const server = await serveTest();
    expect((await server.raw({ Origin: server.url })).status).toBe(200);
    const form = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
    expect((await server.raw(form, 'POST', '/api/jobs/job-none/cancel')).status).toBe(403);
  });

  test('every answer forbids what a page does not need', async () => {
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

describe('serving other machines', () => {
  test.each([[undefined], ['short'], ['fifteen-chars-x'], ['with a space in the middle']])(
    'needs a token that protects: %j is refused',
    async (token) => {
      await expect(serveTest({ host: '0.0.0.0', ...(token ? { token } : {}) })).rejects.toMatchObject({
        code: 'invalid_input',
      });
    },
  );

  test('a name is no loopback address, whatever it begins with', async () => {
    await expect(serveTest({ host: '127.elsewhere.invalid' })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('needs a token'),
    });
  });

  test('with one it serves, to any address and to no foreign name', async () => {
    const server = await serveTest({ host: '0.0.0.0', token: 'sixteen-chars-ok' });
    expect((await server.ask('/health')).status).toBe(200);
    expect((await fetch(`${server.url}/health`)).status).toBe(401);
  });
});

describe('what only a person may do', () => {
  test('a program is refused to approve what needs a human; a signed-in browser may', async () => {
    const server = await serveTest();
    const { repository } = server.abp.store;
    const test_ = { state: 'passed', units: [0], verdict: 'fine', executorsLost: 0, startedAt: 1, endedAt: 2 } as const;
    const { jobId } = seedJob(server.abp.store, {
      status: 'testing',
      job: { requireHumanApproval: true },
      revision: { worker: { type: 'command', command: ['true'] } },
      patch: { test: test_ },
    });
    const path = `/api/jobs/${jobId}/start`;
    const refused = await server.send('POST', path, { approve: true });
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'approval_required' }]);
    expect(repository.jobs.get(jobId)?.status).toBe('testing');
    // Whether an executor comes up is another matter: the approval was accepted.
    const headers = { Cookie: await server.cookie(), 'Content-Type': 'application/json' };
    const body = JSON.stringify({ approve: false });
    expect((await fetch(server.url + path, { method: 'POST', headers, body })).status).toBe(200);
  });

  test('a source that was asked about is allowed by a person who sees all of it, never by a program', async () => {
    const server = await serveTest();
    const { approvals } = server.abp.store.repository;
    const code = 'export const enumerate = () => [1];';
    const source = { enumerator_type: 'dynamic', enumerator_config: { code } };
    const refused = await server.send('POST', '/api/preview', source);
    expect(refused.status).toBe(403);
    const { details } = (await refused.json()) as { details: { definition: string } };
    const path = `/api/approvals/${details.definition}/allow`;
    expect(await server.json('/api/approvals')).toMatchObject({
      approvals: [{ state: 'waiting', about: 'source', source: { type: 'dynamic', config: { code } } }],
    });
    expect((await server.send('POST', path, {})).status).toBe(403);
    const [asked] = approvals.startingWith(details.definition);
    expect(asked?.approvedAt).toBeNull();
    const person = await fetch(server.url + path, { method: 'POST', headers: { Cookie: await server.cookie() } });
    expect(await person.json()).toMatchObject({ allowed: true });
    expect(approvals.startingWith(details.definition)[0]?.approvedBy).toBe('dashboard');
  });
});
