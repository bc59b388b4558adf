import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTunnel, type Server } from 'node:net';
import type { Page } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { browserOfFile, type Dashboard, expectAccessible, screenshot, seeded, signIn, signInLink } from './browser.ts';
import { seedTickets, TICKETS_JOB } from './seed-tickets.ts';

const browser = browserOfFile();
const JOB = `/jobs/${TICKETS_JOB}`;
const CODE = '5e'.repeat(32);
/** What the browser itself says of a page or an answer that was refused. */
const REFUSED = /status of 40[13]/;

/** A job at work, and code that waits to be approved. */
const dashboard = () =>
  seeded(async (seed) => {
    await seedTickets(seed);
    await seed.store.repository.transaction('store', async (tx) =>
      tx.approvals.request({
        definition: CODE,
        about: 'source',
        title: 'dynamic',
        powers: [{ kind: 'programs', what: 'runs its JavaScript' }],
        files: {},
        source: { type: 'dynamic', config: { code: 'export function* enumerate() {}\n' } },
      }),
    );
  });

const statusOf = async ({ abp }: Dashboard) => (await abp.store.repository.jobs.get(TICKETS_JOB))?.status;
const pause = async (page: Page) => {
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('menuitem').first().click();
};
const isPaused = (page: Page) => page.locator('.title .badge', { hasText: 'paused' }).first().waitFor();

/** Another server of this machine, which writes down what the browser sends to it. */
async function neighbour() {
  const cookies: string[] = [];
  const server = createServer((request, response) => {
    cookies.push(request.headers.cookie ?? '');
    response.end('<!doctype html><title>neighbour</title>');
  });
  return { url: `http://127.0.0.1:${await portOf(server)}`, cookies };
}

/** Listens until the test has finished. */
async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test('a cookie received by another port cannot change or approve anything', async () => {
  const served = await dashboard();
  const { server } = served;
  const context = await browser.context();
  const page = await signIn(server, context, JOB);
  const other = await neighbour();
  const trap = await context.newPage();
  await trap.goto(other.url);
  const Cookie = other.cookies.find((cookie) => cookie.includes('abp_session_')) ?? '';
  expect(Cookie).toContain(`abp_session_${server.port}=`);
  // What the page keeps is not for another port.
  expect(await trap.evaluate('JSON.stringify(localStorage)')).toBe('{}');
  const tries = [
    ['POST', `/api/approvals/${CODE}/allow`],
    ['POST', `/api/jobs/${TICKETS_JOB}/pause`],
    ['POST', `/api/jobs/${TICKETS_JOB}/start`],
    ['PATCH', `/api/jobs/${TICKETS_JOB}`],
    ['DELETE', `/api/jobs/${TICKETS_JOB}`],
    ['DELETE', '/auth'],
    ['POST', '/mcp'],
  ] as const;
  for (const [method, path] of tries) {
    const headers = { Cookie, Origin: server.url, 'Content-Type': 'application/json' };
    const answer = await fetch(server.url + path, { method, headers, body: '{}' });
    expect([path, answer.status, await answer.json()]).toMatchObject([path, 403, { code: 'page_key_required' }]);
  }
  expect((await served.abp.store.repository.approvals.get(CODE))?.approvedAt).toBeNull();
  expect(await statusOf(served)).toBe('running');
  await pause(page);
  await isPaused(page);
});

describe('a signed-in browser', () => {
  test('stays signed in after a reload and in new tabs, and can approve', async () => {
    const served = await dashboard();
    const context = await browser.context();
    const page = await signIn(served.server, context, JOB);
    expect(await page.evaluate('history.length + location.href')).not.toMatch(/#|code/);
    await page.reload();
    await pause(page);
    await isPaused(page);
    const tab = await context.newPage();
    await tab.goto(`${served.server.url}/approvals`);
    await tab.getByRole('button', { name: 'Allow', exact: true }).click();
    await tab.getByRole('button', { name: 'Allow this source' }).click();
    await tab.getByText('Allowed. The assistant can continue.').waitFor();
    expect((await served.abp.store.repository.approvals.get(CODE))?.approvedBy).toBe('dashboard');
  });

  test('signs out of all tabs and signs in again through the sign-in page', async () => {
    const { server } = await dashboard();
    const context = await browser.context();
    const page = await signIn(server, context, JOB, REFUSED);
    const tab = await context.newPage();
    await tab.goto(server.url + JOB);
    await tab.getByRole('button', { name: 'Pause' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('abp serve --link').waitFor();
    await tab.getByText('You are signed out.').waitFor();
    expect(await context.cookies()).toEqual([]);
    expect(await page.evaluate('localStorage.getItem("abp-page-key")')).toBeNull();
    await expectAccessible(page);
    await screenshot(page, 'sign-in');
    await tab.getByRole('link', { name: 'paste the link that it prints' }).click();
    await tab.getByLabel('Link').fill(signInLink(server));
    await tab.getByRole('button', { name: 'Sign in' }).click();
    // It leads back to where it was.
    await tab.getByRole('button', { name: 'Pause' }).waitFor();
    expect(tab.url()).toBe(server.url + JOB);
    await pause(tab);
    await isPaused(tab);
  });

  test('keeps working in the first tab after a second link', async () => {
    const served = await dashboard();
    const { server } = served;
    const context = await browser.context();
    // What the first asks for between the two sign-ins is refused, until it has the new key.
    const first = await signIn(server, context, JOB, REFUSED);
    const second = await signIn(server, context, '/system');
    await second.getByText('max total workers').first().waitFor();
    await pause(first);
    await isPaused(first);
    expect(await statusOf(served)).toBe('paused');
  });

  test('is read-only without the page key, and shows that', async () => {
    const served = await dashboard();
    const page = await signIn(served.server, await browser.context(), JOB, REFUSED);
    await page.evaluate('localStorage.clear()');
    await page.reload();
    await page.getByText('This page can only read.').waitFor();
    await expectAccessible(page);
    await screenshot(page, 'reads-only');
    await pause(page);
    await page.getByText('A change needs the header').waitFor();
    expect(await statusOf(served)).toBe('running');
  });
});

describe('the sign-in page', () => {
  test('refuses a used link and says so', async () => {
    const { server } = await dashboard();
    const link = signInLink(server, '/system');
    const first = await (await browser.context()).newPage();
    await first.goto(link);
    await first.getByText('max total workers').first().waitFor();
    const context = await browser.context();
    const page = await context.newPage();
    await page.goto(link);
    await page.getByText('used before').waitFor();
    expect(await context.cookies()).toEqual([]);
    await page.getByLabel('Link').fill(server.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('abp serve --link prints a new one').waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  test.each([
    'https://elsewhere.example/',
    '//elsewhere.example/',
    '/\\elsewhere.example',
    '/.//elsewhere.example',
    'javascript:window.hostile=1',
    'http://',
    '/auth',
  ])('does not redirect to %j', async (next) => {
    const { server } = await seeded(() => undefined);
    const page = await (await browser.context()).newPage();
    const hosts: string[] = [];
    page.on('request', (request) => hosts.push(new URL(request.url()).host));
    await page.goto(signInLink(server, next));
    await page.waitForFunction('localStorage.getItem("abp-page-key") !== null');
    await page.waitForLoadState('networkidle');
    expect([...new Set(hosts)]).toEqual([new URL(server.url).host]);
    expect(await page.evaluate('window.hostile')).toBeUndefined();
  });

  test('accepts a pasted link through a forwarded port, with a page key of its own', async () => {
    const served = await dashboard();
    const { server } = served;
    const tunnel = createTunnel((socket) => void socket.pipe(connect(server.port, '127.0.0.1')).pipe(socket));
    const url = `http://127.0.0.1:${await portOf(tunnel)}`;
    const context = await browser.context();
    const page = await context.newPage();
    await page.goto(url + JOB);
    await page.getByText('If you forward another port').waitFor();
    await page.getByLabel('Link').fill(`  ${signInLink(server)} `);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await pause(page);
    await isPaused(page);
    expect(page.url()).toBe(url + JOB);
    // The cookie is for all ports, the key is not.
    const direct = await context.newPage();
    await direct.goto(server.url + JOB);
    await direct.getByText('This page can only read.').waitFor();
  });
});
