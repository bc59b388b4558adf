import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { PATIENCE } from '../helpers/patience.ts';
import { browserOfFile, expectAccessible, screenshot, seeded, signIn, signInLink } from './browser.ts';
import { HOSTILE, HOSTILE_JOB, seedHostile } from './hostile.ts';
import { seedJob } from './seed.ts';
import { seedTickets, TICKETS_JOB } from './seed-tickets.ts';

const browser = browserOfFile();

/** Every view of a job that is at work, and what must be seen in it. */
const VIEWS = [
  ['jobs', '/', 'Triage support tickets'],
  ['job', `/jobs/${TICKETS_JOB}`, 'it is encrypted'],
  ['units', `/jobs/${TICKETS_JOB}/units`, 'Refund for the duplicate charge'],
  ['failed-units', `/jobs/${TICKETS_JOB}/units?status=failed`, 'stopped after 120 s'],
  ['settings', `/jobs/${TICKETS_JOB}/settings`, 'Ticket {ticket} from {customer}'],
  ['timeline', `/jobs/${TICKETS_JOB}/events`, 'job started'],
  ['unit', `/jobs/${TICKETS_JOB}/units/3`, 'two replies did not solve it'],
  ['unit-at-work', `/jobs/${TICKETS_JOB}/units/271`, 'at work'],
  ['approvals', '/approvals', 'U+202E'],
  ['system', '/system', 'max total workers'],
  ['api', '/api/docs', '/api/jobs/{job_id}/overview'],
] as const;

describe('every view is addressable and accessible, in light and dark', () => {
  test('every view', async () => {
    const { server } = await seeded(async (seed) => {
      await seedTickets(seed);
      await seed.store.repository.transaction('store', async (tx) =>
        tx.approvals.request({
          definition: '5e'.repeat(32),
          about: 'source',
          title: 'dynamic',
          powers: [{ kind: 'programs', what: 'runs its JavaScript, which may use the network' }],
          files: {},
          source: {
            type: 'dynamic',
            config: { code: 'export function* enumerate() {\n  yield { n: "\u202e1" };\n}\n', context: { a: 1 } },
          },
        }),
      );
    });
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await signIn(server, await browser.context({ colorScheme }));
      for (const [name, path, shown] of VIEWS) {
        await page.goto(server.url + path);
        await page.getByText(shown).first().waitFor();
        if (name === 'job') await page.locator('canvas').nth(1).waitFor();
        await expectAccessible(page);
        await screenshot(page, `${name}-${colorScheme}`);
        await page.setViewportSize({ width: 390, height: 860 });
        const width = async () => [name, await page.evaluate('document.documentElement.scrollWidth')];
        // Charts are drawn again once they have seen that they have less room.
        await expect.poll(width, PATIENCE).toEqual([name, 390]);
        await page.setViewportSize({ width: 1280, height: 860 });
      }
    }
  });

  test('the chosen theme persists', async () => {
    const { server } = await seeded(() => undefined);
    const page = await signIn(server, await browser.context({ colorScheme: 'light' }));
    const background = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const light = await background();
    await page.getByRole('button', { name: /Theme: system/ }).click();
    await page.getByRole('button', { name: /Theme: light/ }).click();
    expect(await background()).not.toBe(light);
    await page.reload();
    await page.getByRole('button', { name: /Theme: dark/ }).waitFor();
    expect(await background()).not.toBe(light);
  });
});

test('a lost server is reported while the data stays, and the page reconnects', async () => {
  const { server } = await seeded(seedTickets);
  const context = await browser.context();
  const page = await context.newPage();
  await page.goto(signInLink(server, `/jobs/${TICKETS_JOB}`));
  await page.getByText('it is encrypted').first().waitFor();
  await page.locator('canvas').nth(1).waitFor();
  await context.setOffline(true);
  await page.getByText('The server cannot be reached.').waitFor();
  expect(await page.getByText('it is encrypted').first().isVisible()).toBe(true);
  await context.setOffline(false);
  await page.getByText('The server cannot be reached.').waitFor({ state: 'hidden' });
  expect(await page.getByText('it is encrypted').first().isVisible()).toBe(true);
});

test('a view whose code cannot be loaded shows an error, and others still work', async () => {
  const { server } = await seeded(seedTickets);
  const page = await signIn(server, await browser.context(), '/', /ERR_FAILED|dynamically imported module/);
  await page.getByText('Triage support tickets').waitFor();
  await page.route(/\/assets\/diagnostics-page/, (route) => route.abort());
  await page.getByRole('link', { name: 'System' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByRole('link', { name: 'Jobs', exact: true }).click();
  await page.getByText('Triage support tickets').waitFor();
  await page.getByRole('link', { name: 'System' }).click();
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Load the page again' }).click();
  await page.getByText('max total workers').first().waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
});

test('texts of items and agents never become markup', async () => {
  const { server } = await seeded(seedHostile);
  const page = await signIn(server, await browser.context());
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).host));
  const views = [
    '',
    '/units',
    '/units?status=failed',
    '/settings',
    '/events',
    ...HOSTILE.map((_, unit) => `/units/${unit}`),
  ];
  for (const view of ['/', ...views.map((path) => `/jobs/${HOSTILE_JOB}${path}`)]) {
    await page.goto(server.url + view);
    await page.locator('h1').first().waitFor();
    await page.locator('main .muted, main td').first().waitFor();
    await page.evaluate('for (const folded of document.querySelectorAll("details")) folded.open = true');
    expect([view, await page.evaluate('window.hostile')]).toEqual([view, undefined]);
    const intruders =
      'main script, main iframe, main style, main form, main base, main meta, main object, main math, main [onerror], main [onload], main [href^="javascript:"], main [href^="data:"], main img:not([src^="/"])';
    expect([view, await page.locator(intruders).count()]).toEqual([view, 0]);
  }
  expect([...new Set(asked)]).toEqual([new URL(server.url).host]);
});

describe('a table of 200,000 units', () => {
  const rows = (page: Page) => page.locator('.grid .line');

  test('scrolls, filters and searches with few rendered rows', async () => {
    const total = 200_000;
    const { server } = await seeded(async (seed) => {
      const items = Array.from({ length: total }, (_, n) => ({
        key: `sku-${n}`,
        payload: { sku: `sku-${n}`, price: n % 97 },
      }));
      await seedJob(seed, { jobId: 'job-large2', name: 'Large', intent: 'x', template: 'Look at {sku}.', items });
      await seed.store.repository.transaction({ job: 'job-large2' }, async (tx) =>
        tx.units.moveMany('job-large2', { indexes: [150_000, 150_001] }, 'skipped', 10),
      );
    });
    const page = await signIn(server, await browser.context(), '/jobs/job-large2/units');
    await page.getByText('sku-12', { exact: true }).first().waitFor();
    expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe(String(total + 1));
    const grid = page.locator('.grid');
    for (const share of [0.5, 0.93, 0.11]) {
      await page.evaluate(
        `{ const grid = document.querySelector('.grid'); grid.scrollTop = grid.scrollHeight * ${share}; }`,
      );
      const unit = Math.floor(total * share) + 3;
      await page.getByText(`sku-${unit}`, { exact: true }).first().waitFor();
      expect(await rows(page).count()).toBeLessThan(80);
    }
    // By keyboard: to the end, one up, open.
    await grid.focus();
    await page.keyboard.press('End');
    await page.getByText('sku-199999', { exact: true }).first().waitFor();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Space');
    await page.getByText('1 selected').waitFor();
    await screenshot(page, 'units-200000');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'sku-199998' }).waitFor();

    await page.goBack();
    await page.getByRole('button', { name: /skipped/ }).click();
    await page.getByText('sku-150001', { exact: true }).first().waitFor();
    expect(await rows(page).count()).toBe(2);
    await page.getByRole('button', { name: /^all/ }).click();
    await page.getByRole('searchbox').fill('sku-19999');
    await page.getByText('11 found', { exact: true }).waitFor();
    expect(page.url()).toContain('q=sku-19999');
  });
});

test('a new view starts at its top, and back restores the scroll position', async () => {
  const { server } = await seeded(seedTickets);
  const page = await signIn(server, await browser.context(), `/jobs/${TICKETS_JOB}`);
  const scrolled = () => page.evaluate<number>('window.scrollY');
  await page.locator('.clusters').getByRole('link', { name: 'unit 140' }).scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 300);
  await expect.poll(scrolled, PATIENCE).toBeGreaterThan(0);
  await page.locator('.clusters').getByRole('link', { name: 'unit 140' }).click();
  await page.getByRole('heading', { name: 'T-20837' }).waitFor();
  await expect.poll(scrolled, PATIENCE).toBe(0);
  await page.goBack();
  await page.getByRole('heading', { name: 'Triage support tickets' }).waitFor();
  await expect.poll(scrolled, PATIENCE).toBeGreaterThan(0);
});

describe('entering', () => {
  test('leads to the linked unit after sign-in; the token is no sign-in link', async () => {
    const { server } = await seeded(seedTickets);
    const page = await (await browser.context()).newPage();
    await page.goto(`${server.url}/jobs/${TICKETS_JOB}/units/3`);
    await page.getByLabel('Link').fill(server.token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').waitFor();
    await expectAccessible(page);
    await page.getByLabel('Link').fill(signInLink(server));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'T-20426' }).waitFor();
    expect(page.url()).toBe(`${server.url}/jobs/${TICKETS_JOB}/units/3`);
  });

  test('shows an error for a missing job, with a way back', async () => {
    const { server } = await seeded(() => undefined);
    const context = await browser.context();
    const page = await context.newPage();
    await page.goto(signInLink(server));
    await page.getByText('No jobs yet.').waitFor();
    await page.goto(`${server.url}/jobs/job-none`);
    await page.getByRole('alert').getByText('No job job-none.').waitFor();
    await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
    await page.getByText('No jobs yet.').waitFor();
    expect(page.url()).toBe(`${server.url}/`);
  });
});
