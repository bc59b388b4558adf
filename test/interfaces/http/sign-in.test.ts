import { createHash, createHmac } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { EXPORT_FORMATS } from '../../../src/domain/export-format.ts';
import { createAuth } from '../../../src/http/auth.ts';
import { linkFolder, mintCode } from '../../../src/http/sign-in-links.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { claimUnits, holdLease, seedJob, settleAs } from '../../helpers/store.ts';
import { cookieOf, type Person, serveTest, type TestServer } from './server.ts';

const DAY_MS = 24 * 3_600_000;
/** Level number of pino. */
const WARN = 40;
const hashOf = (code: string) => createHash('sha256').update(code).digest('hex');
const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });
const json = (body: object) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json' },
});
/** Tells whether this page may write: a missing job gets 404 instead of 401 or 403. */
const mayChange = async (server: TestServer, headers: Record<string, string>) =>
  (await fetch(`${server.url}/api/jobs/job-none/cancel`, { method: 'POST', headers })).status === 404;

describe('a sign-in link', () => {
  test('works once and gives a cookie that scripts and other sites cannot use, and a page key', async () => {
    const server = await serveTest();
    const code = mintCode(server.abp.config.storagePath);
    const first = await server.signIn(code);
    const cookie = first.headers.get('set-cookie') ?? '';
    expect([first.status, cookie]).toEqual([200, expect.stringMatching(/; HttpOnly; SameSite=Strict$/)]);
    const { page_key } = (await first.json()) as { page_key: string };
    expect(page_key).toMatch(/^[\w-]{43}$/);
    expect(cookie).not.toContain(page_key);
    expect(await mayChange(server, { Cookie: cookieOf(first), 'X-ABP-Page-Key': page_key })).toBe(true);
    const again = await server.signIn(code);
    expect([again.status, again.headers.get('set-cookie')]).toEqual([401, null]);
    expect(await again.json()).toMatchObject({
      code: 'unauthorized',
      hint: expect.stringContaining('abp serve --link'),
    });
  });

  test('signs in one of 20 simultaneous browsers', async () => {
    const server = await serveTest();
    const code = mintCode(server.abp.config.storagePath);
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.signIn(code)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
  });

  test('GET and HEAD neither use it up nor sign in', async () => {
    const server = await serveTest();
    const code = mintCode(server.abp.config.storagePath);
    for (const method of ['HEAD', 'GET']) {
      const looked = await fetch(`${server.url}/auth?code=${code}&next=/`, { method });
      expect([method, looked.status, looked.headers.get('set-cookie')]).toEqual([method, 200, null]);
    }
    expect((await server.signIn(code)).status).toBe(200);
  });

  test('a page of another origin cannot sign a browser in', async () => {
    const server = await serveTest();
    const code = mintCode(server.abp.config.storagePath);
    expect((await server.signIn(code, { Origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await server.signIn(code)).status).toBe(200);
  });
});

describe('files on the disk do not sign in', () => {
  test.each(['', 'x', '../../etc/passwd', `${'a'.repeat(43)}\n`, 'a'.repeat(44), 'é'.repeat(43), '%2e'.repeat(14)])(
    'a malformed code gets 401: %j',
    async (code) => {
      const server = await serveTest();
      const answer = await server.signIn(code);
      expect([answer.status, answer.headers.get('set-cookie')]).toEqual([401, null]);
    },
  );

  test('no file of the server contains a code, a cookie or a page key', async () => {
    const server = await serveTest();
    const code = mintCode(server.abp.config.storagePath);
    const answer = await server.signIn(code);
    const { page_key } = (await answer.json()) as { page_key: string };
    const person: Person = { Cookie: cookieOf(answer), 'X-ABP-Page-Key': page_key };
    await mayChange(server, person);
    await server.signIn('b'.repeat(43));
    const files = readdirSync(server.root, { recursive: true, encoding: 'utf8' });
    const texts = files
      .map((file) => join(server.root, file))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, 'latin1'));
    expect(texts.length).toBeGreaterThan(1);
    for (const secret of [code, page_key, person.Cookie.split('=')[1] ?? '?', 'b'.repeat(43)]) {
      expect(texts.some((text) => text.includes(secret))).toBe(false);
    }
  });
});

describe('the token of the lock file does not sign in', () => {
  const ways: readonly (readonly [string, string, (token: string) => RequestInit])[] = [
    ['entered in the sign-in page', '/auth', (token) => form({ token, next: '/' })],
    ['as a code', '/auth', (token) => form({ code: token })],
    ['as a link', '/auth', (token) => form({ link: token, page_key: token })],
    ['in JSON', '/auth', (token) => json({ token, code: token })],
    ['asking for a code', '/auth/codes', () => ({ method: 'POST' })],
    ['asking for a link', '/auth/links', () => ({ method: 'POST' })],
    ['in the URL', '/auth?code={token}&token={token}', () => ({ redirect: 'manual' })],
    ['signing out', '/auth', () => ({ method: 'DELETE' })],
  ];
  test.each(ways)('%s', async (_how, path, init) => {
    const server = await serveTest({ token: 'a'.repeat(43) });
    for (const headers of [{}, { Authorization: `Bearer ${server.token}` }]) {
      const request = init(server.token);
      const answer = await fetch(server.url + path.replaceAll('{token}', server.token), {
        ...request,
        headers: { ...request.headers, ...headers },
      });
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(await answer.text()).not.toMatch(/page_key"/);
    }
    expect(readdirSync(server.root)).not.toContain('batch.db.sign-in');
  });

  test.each(EXPORT_FORMATS)('an export as %s to the path of a link is not a link', async (format) => {
    const server = await serveTest();
    const { store, config } = server.abp;
    const code = 'f'.repeat(43);
    const { jobId } = await seedJob(store, { units: 1 });
    const [claim] = await claimUnits(store, await holdLease(store, jobId));
    if (!claim) throw new Error('nothing was claimed');
    await settleAs(store, claim, null, 'completed');
    mintCode(config.storagePath);
    const path = join(linkFolder(config.storagePath), hashOf(code));
    await server.send('POST', `/api/jobs/${jobId}/export`, { format, path, force: true });
    expect((await server.signIn(code)).status).toBe(401);
  });

  test('it signs no cookie and is not a page key', async () => {
    const server = await serveTest();
    const expires = String(Date.now() + DAY_MS);
    const signature = createHmac('sha256', server.token).update(`session ${expires}`).digest('base64url');
    for (const value of [`${expires}.${signature}`, server.token, '', 'undefined']) {
      const headers = { Cookie: `abp_session_${server.port}=${value}`, 'X-ABP-Page-Key': server.token };
      expect((await fetch(`${server.url}/api/jobs`, { headers })).status).toBe(401);
    }
  });
});

describe('a session', () => {
  const authOfTest = () => {
    let now = 0;
    const used = new Set<string>();
    const redeem = (code: string) => code.startsWith('good') && used.size < used.add(code).size;
    const auth = createAuth({ token: 't'.repeat(32), port: 1, redeem, now: () => now });
    const signIn = (code: string, former = '') => {
      const session = auth.signIn(code, former);
      if (!session) throw new Error('was not let in');
      return { value: session.cookie.split(/[=;]/)[1] ?? '', pageKey: session.pageKey };
    };
    return { auth, signIn, advance: (ms: number) => (now += ms) };
  };

  test('is a person with its page key, a reader without, and expires after a week', () => {
    const { auth, signIn, advance } = authOfTest();
    const { value, pageKey } = signIn('good 1');
    const who = () => [auth.visitor(value, pageKey), auth.visitor(value, ''), auth.visitor('', pageKey)];
    expect(who()).toEqual(['person', 'reader', null]);
    advance(7 * DAY_MS - 1);
    expect(who()).toEqual(['person', 'reader', null]);
    advance(1);
    expect(who()).toEqual([null, null, null]);
  });

  test('ends when its browser signs in again, but not by an invalid link', () => {
    const { auth, signIn } = authOfTest();
    const [one, other] = [signIn('good 1'), signIn('good 2')];
    expect(auth.signIn('bad', one.value)).toBeNull();
    expect(auth.visitor(one.value, one.pageKey)).toBe('person');
    const next = signIn('good 3', one.value);
    expect(auth.visitor(one.value, one.pageKey)).toBeNull();
    expect(auth.visitor(next.value, next.pageKey)).toBe('person');
    expect(auth.visitor(next.value, other.pageKey)).toBe('reader');
    expect(auth.visitor(other.value, other.pageKey)).toBe('person');
  });

  test('the 65th ends the oldest', () => {
    const { auth, signIn } = authOfTest();
    const sessions = Array.from({ length: 65 }, (_, n) => signIn(`good ${n}`));
    const alive = sessions.filter(({ value, pageKey }) => auth.visitor(value, pageKey) === 'person');
    expect(alive).toEqual(sessions.slice(1));
  });

  test('ends when its page signs out, which needs the page key', async () => {
    const server = await serveTest();
    const [mine, other] = [await server.person(), await server.person()];
    const signOut = (headers: Record<string, string>) => fetch(`${server.url}/auth`, { method: 'DELETE', headers });
    expect((await signOut({ Cookie: mine.Cookie })).status).toBe(403);
    expect(await mayChange(server, mine)).toBe(true);
    const answer = await signOut(mine);
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, expect.stringContaining('Max-Age=0')]);
    expect((await fetch(`${server.url}/api/jobs`, { headers: mine })).status).toBe(401);
    expect(await mayChange(server, other)).toBe(true);
  });

  test('ends with its server, even if the token stays the same', async () => {
    const token = 'c'.repeat(40);
    const first = await serveTest({ token });
    const person = await first.person();
    await first.close();
    const second = await serveTest({ token, port: first.port });
    const headers = { ...person, Cookie: person.Cookie.replace(String(first.port), String(second.port)) };
    expect((await fetch(`${second.url}/api/jobs`, { headers })).status).toBe(401);
    expect((await second.ask('/api/jobs')).status).toBe(200);
  });
});

describe('the sign-in page', () => {
  test('is the same at every path, says how to get a link, and allows one script', async () => {
    const server = await serveTest();
    const visit = (path: string) => fetch(server.url + path, { headers: { Accept: 'text/html' } });
    const answer = await visit('/jobs/job-a/units?status="><script>alert(1)</script>');
    const html = await answer.text();
    expect(answer.status).toBe(401);
    expect(html).toContain('<code>abp serve --link</code>');
    expect(html).toContain(`ssh -L ${server.port}:127.0.0.1:${server.port}`);
    expect(html).not.toContain('alert(1)');
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^;]+'; script-src 'sha256-[^';]+'; connect-src 'self'/,
    );
    expect(await (await visit('/auth?next=//evil.example')).text()).toBe(html);
  });

  test('a visit from another site gets a page that reloads itself', async () => {
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
});

test.each([
  ['a wrong code', '/auth', form({ code: 'd'.repeat(43) })],
  ['a wrong token', '/api/jobs', { headers: { Authorization: 'Bearer guess' } }],
])('%s is logged as a warning', async (_what, path, init) => {
  const server = await serveTest();
  await fetch(server.url + path, init);
  const lines = () =>
    readFileSync(join(server.root, 'logs', 'server.log'), 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { level: number; path?: string }]));
  await vi.waitFor(
    () => expect(lines()).toContainEqual(expect.objectContaining({ level: WARN, path, status: 401 })),
    PATIENCE,
  );
});
