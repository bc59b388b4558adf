import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { openInBrowser } from '../../../src/http/browser.ts';
import { createDashboardProcess } from '../../../src/http/dashboard-process.ts';
import { serveHttp } from '../../../src/http/serve.ts';
import { lockPath, readLock } from '../../../src/supervision/server-lock.ts';
import { createServerProcess, type ServerProcessOptions } from '../../../src/supervision/server-process.ts';
import { wire } from '../../../src/wire.ts';
import { installed } from '../../helpers/installation.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { serveTest } from './server.ts';

const PROGRAM = installed().program('serve');

type Options = Omit<ServerProcessOptions, 'clock'>;

/** The controls as the program composes them. */
function dashboardOf(options: Options) {
  return createDashboardProcess(createServerProcess({ ...options, clock: systemClock }), options);
}

/** Controls the dashboard of a new store, with a browser that records the URL it should open. */
function dashboardOfTest() {
  const root = temporaryDirectory('dashboard');
  const storagePath = join(root, 'batch.db');
  const opened = join(root, 'opened');
  const browser = join(root, 'browser.sh');
  writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > '${opened}.part' && mv '${opened}.part' '${opened}'\n`, {
    mode: 0o755,
  });
  const environment = {
    PATH: process.env.PATH,
    HOME: root,
    ABP_DASHBOARD_PORT: '0',
    ABP_AUTO_RECOVER: '0',
    BROWSER: browser,
  };
  const dashboard = dashboardOf({ storagePath, command: [process.execPath, PROGRAM], environment });
  onTestFinished(async () => {
    await dashboard.stop();
  });
  return { dashboard, storagePath, opened };
}

test('a store has one server: started detached, found, opened signed in, stopped', async () => {
  const { dashboard, storagePath, opened } = dashboardOfTest();
  expect(dashboard.find()).toBeNull();
  expect(await dashboard.act('status')).toEqual({ running: false });
  const [one, other] = await Promise.all([dashboard.start(), dashboard.start()]);
  expect(one).toEqual(other);
  expect(dashboard.find()).toEqual(one);
  expect(statSync(lockPath(storagePath)).mode & 0o777).toBe(0o600);
  const { token } = JSON.parse(readFileSync(lockPath(storagePath), 'utf8')) as { token: string };
  const answer = await dashboard.act('url');
  expect(answer).toMatchObject({ running: true, url: one.url, job_url: `${one.url}/jobs/{job_id}` });
  expect(JSON.stringify([answer, await dashboard.act('status')])).not.toContain(token);

  expect(await dashboard.open('/jobs/job-a')).toMatchObject({ opened: true });
  await vi.waitFor(() => expect(existsSync(opened)).toBe(true), PATIENCE);
  const link = new URL(readFileSync(opened, 'utf8'));
  expect(link.href).not.toContain(token);
  expect([link.origin, link.pathname, link.searchParams.get('next')]).toEqual([one.url, '/auth', '/jobs/job-a']);
  expect((await signInWith(link)).status).toBe(200);
  expect((await signInWith(link)).status).toBe(401);

  expect(await dashboard.act('stop')).toMatchObject({ running: false });
  expect([dashboard.find(), await dashboard.stop()]).toEqual([null, false]);
  await expect(fetch(one.url)).rejects.toThrow();
});

/** Signs in with a link as the sign-in page does. */
const signInWith = ({ origin, hash }: URL) =>
  fetch(`${origin}/auth`, { method: 'POST', body: new URLSearchParams({ code: hash.slice(1) }) });

test('the dashboard tool never returns a sign-in link or the token', async () => {
  const { dashboard, storagePath, opened } = dashboardOfTest();
  const answers = [await dashboard.act('url'), await dashboard.act('open'), await dashboard.act('status')];
  await vi.waitFor(() => expect(existsSync(opened)).toBe(true), PATIENCE);
  const { hash } = new URL(readFileSync(opened, 'utf8'));
  expect(hash).toMatch(/^#[\w-]{43}$/);
  expect(answers.slice(0, 2)).toEqual(
    Array.from({ length: 2 }, () => expect.objectContaining({ message: expect.stringContaining('abp serve --link') })),
  );
  const { token } = JSON.parse(readFileSync(lockPath(storagePath), 'utf8')) as { token: string };
  for (const secret of [hash.slice(1), token, '#', '/auth']) expect(JSON.stringify(answers)).not.toContain(secret);
});

test('a browser that cannot be opened is reported', async () => {
  // Waits for a program to fail, however long it takes.
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const url = 'http://127.0.0.1:1/';
  expect(await openInBrowser(url, { PATH: process.env.PATH, BROWSER: 'false' })).toBe(false);
  expect(await openInBrowser(url, { PATH: process.env.PATH, BROWSER: 'no-such-browser' })).toBe(false);
  expect(await openInBrowser(url, { PATH: process.env.PATH, BROWSER: 'true' })).toBe(true);
});

test('the record of a dead server is replaced inside a transaction', async () => {
  const abp = wire({ ABP_STORAGE_PATH: join(temporaryDirectory('http'), 'batch.db'), ABP_AUTO_RECOVER: '0' });
  onTestFinished(() => abp.close());
  const lock = lockPath(abp.config.storagePath);
  const { repository } = abp.store;
  const steps: string[] = [];
  const say = (when: string) => steps.push(`${when}: ${existsSync(lock) ? 'taken' : 'free'}`);
  const { transaction } = repository;
  vi.spyOn(repository, 'transaction').mockImplementation((scope, work, options) =>
    transaction(
      scope,
      async (tx) => {
        say('before');
        const result = await work(tx);
        say('after');
        return result;
      },
      options,
    ),
  );
  const server = await serveHttp(abp, { port: 0 });
  onTestFinished(() => server.close());
  expect(steps.slice(0, 2)).toEqual(['before: free', 'after: taken']);
});

test('a killed server is replaced by the next one', async () => {
  const { dashboard } = dashboardOfTest();
  const { pid } = await dashboard.start();
  process.kill(pid, 'SIGKILL');
  await vi.waitFor(() => expect(dashboard.find()).toBeNull(), PATIENCE);
  const next = await dashboard.start();
  expect(next.pid).not.toBe(pid);
});

test('a server on another machine that shares the folder is ignored and never signalled', async () => {
  const server = await serveTest();
  const lock = lockPath(server.abp.config.storagePath);
  const ours = readFileSync(lock, 'utf8');
  const written = (change: object) => writeFileSync(lock, JSON.stringify({ ...JSON.parse(ours), ...change }));
  const options = { storagePath: server.abp.config.storagePath, command: ['false'] as [string], environment: {} };
  const dashboard = dashboardOf(options);
  written({ machineId: 'another machine' });
  expect(readLock(lock)).toBeNull();
  expect([dashboard.find(), await dashboard.stop()]).toEqual([null, false]);
  // A record of an ABP that stored no machine id.
  written({ machineId: undefined });
  expect(readLock(lock)).toMatchObject({ pid: process.pid, url: server.url });
  writeFileSync(lock, ours);
});

test.each(['{}', '[]', '"x"', 'null', 'not JSON', '', '{"pid":1}', '{"pid":0,"url":"http://127.0.0.1:1","token":"x"}'])(
  'a lock file that no server wrote is replaced: %s',
  async (left) => {
    const abp = wire({ ABP_STORAGE_PATH: join(temporaryDirectory('http'), 'batch.db'), ABP_AUTO_RECOVER: '0' });
    onTestFinished(() => abp.close());
    const lock = lockPath(abp.config.storagePath);
    writeFileSync(lock, left);
    const server = await serveHttp(abp, { port: 0 });
    onTestFinished(() => server.close());
    expect(readLock(lock)).toMatchObject({ pid: process.pid, url: server.url });
  },
);

test('a directory at the path of the lock file is reported with its path and a hint', async () => {
  const abp = wire({ ABP_STORAGE_PATH: join(temporaryDirectory('http'), 'batch.db'), ABP_AUTO_RECOVER: '0' });
  onTestFinished(() => abp.close());
  const lock = lockPath(abp.config.storagePath);
  mkdirSync(lock);
  await expect(serveHttp(abp, { port: 0 })).rejects.toMatchObject({
    code: 'environment',
    message: `Expected the lock file of the dashboard, found a directory: ${lock}`,
    hint: expect.stringContaining('Move it away'),
  });
});

test('a server that cannot start is reported with its log', async () => {
  const root = temporaryDirectory('dashboard');
  const dashboard = dashboardOf({
    storagePath: join(root, 'batch.db'),
    command: [process.execPath, '-e', 'console.error("no port for you"); process.exit(3)'],
    environment: { PATH: process.env.PATH },
  });
  await expect(dashboard.start()).rejects.toMatchObject({
    code: 'environment',
    hint: expect.stringContaining('.log'),
    details: { log_tail: expect.stringContaining('no port for you') },
  });
});

test('a second server is rejected with the address of the first, which keeps running', async () => {
  const server = await serveTest();
  const again = serveHttp(server.abp, { port: 0 });
  await expect(again).rejects.toMatchObject({ code: 'already_exists', details: { url: server.url } });
  expect((await server.ask('/health')).status).toBe(200);
});

test('a port in use is skipped for the next free one', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const server = await serveTest({ port });
  expect(server.port).not.toBe(port);
  expect((await server.ask('/health')).status).toBe(200);
});

test('close ends connections and removes the lock file; the store remains', async () => {
  const server = await serveTest();
  const lock = lockPath(server.abp.config.storagePath);
  const hanging = server.ask('/api/jobs').then((answer) => answer.text());
  await hanging;
  expect(existsSync(lock)).toBe(true);
  await server.close();
  await server.done;
  expect(existsSync(lock)).toBe(false);
  const again = wire({ ABP_STORAGE_PATH: server.abp.config.storagePath });
  expect((await again.store.repository.jobs.list({ limit: 1 })).total).toBe(0);
  again.close();
});
