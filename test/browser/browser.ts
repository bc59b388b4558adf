import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { Awaitable } from '../../src/domain/awaitable.ts';
import { type HttpServer, serveHttp } from '../../src/http/serve.ts';
import { mintCode } from '../../src/http/sign-in-links.ts';
import { packageRoot } from '../../src/package-root.ts';
import { wire } from '../../src/wire.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { openSeed, type Seed } from './seed.ts';

/** Debian's Chromium, or the one that CHROMIUM names. */
const PROGRAM = process.env.CHROMIUM || '/usr/bin/chromium';
/** Timeout of a step, shorter than that of a test, to tell them apart. */
const STEP_MS = 120_000;
const SCREENSHOTS = join(packageRoot(), 'test-results', 'dashboard');

/** The browser of a test file, started once. */
export function browserOfFile(): { context(options?: BrowserContextOptions): Promise<BrowserContext> } {
  let browser: Awaited<ReturnType<typeof chromium.launch>>;
  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    // Root has no sandbox of its own in a container; the pages are ours.
    browser = await chromium.launch({ executablePath: PROGRAM, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(async () => browser.close());
  return {
    async context(options) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', ...options });
      context.setDefaultTimeout(STEP_MS);
      onTestFinished(async () => context.close());
      return context;
    },
  };
}

/** A store with its server, built page and all; `fill` writes into the store before. */
export async function serveDashboard(fill: (storagePath: string) => Awaitable<void> = () => undefined) {
  const root = temporaryDirectory('browser');
  const storagePath = join(root, 'batch.db');
  await fill(storagePath);
  const environment = { PATH: process.env.PATH, HOME: root, ABP_STORAGE_PATH: storagePath, ABP_AUTO_RECOVER: '0' };
  const abp = wire(environment);
  const server = await serveHttp(abp, { port: 0 });
  onTestFinished(async () => {
    await server.close();
    abp.close();
  });
  return { root, abp, server: { ...server, storagePath } };
}

/** The same over a store that a seed has filled. */
export function seeded(fill: (seed: Seed) => Awaitable<void>): Promise<Dashboard> {
  return serveDashboard(async (storagePath) => {
    const seed = openSeed(storagePath);
    await fill(seed);
    seed.store.repository.close();
  });
}

export type Dashboard = Awaited<ReturnType<typeof serveDashboard>>;

/** A page that is signed in as ABP signs one in. What goes wrong in it fails the test, but for what is expected to. */
export async function signIn(
  server: Dashboard['server'],
  context: BrowserContext,
  path = '/',
  expected: RegExp = /^$/,
): Promise<Page> {
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !expected.test(message.text())) problems.push(message.text());
  });
  onTestFinished(() => expect(problems).toEqual([]));
  await page.goto(signInLink(server, path));
  await page.waitForURL(server.url + path);
  return page;
}

/** A link as `abp serve --link` prints it. */
export function signInLink({ url, storagePath }: Dashboard['server'], path = '/'): string {
  return `${url}/auth?next=${encodeURIComponent(path)}#${mintCode(storagePath)}`;
}

/** Keeps what the page looks like as output of CI. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** Expects no serious accessibility violation. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ readonly violations: readonly Violation[] }>('axe.run()');
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
  expect(serious).toEqual([]);
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Does something to a store as a program with the token would. */
export async function call(
  server: HttpServer,
  method: string,
  path: string,
  body: object,
): Promise<Record<string, unknown>> {
  const headers = { Authorization: `Bearer ${server.token}`, 'Content-Type': 'application/json' };
  const answer = await fetch(server.url + path, { method, headers, body: JSON.stringify(body) });
  const result = (await answer.json()) as Record<string, unknown>;
  expect([path, answer.status < 300, result]).toEqual([path, true, result]);
  return result;
}
