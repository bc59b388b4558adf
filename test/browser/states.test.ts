import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { PERSON, personAllowsJob } from '../helpers/approvals.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { browserOfFile, call, expectAccessible, screenshot, seeded, serveDashboard, signIn } from './browser.ts';
import { begin, claim, type Seed, seedJob, settle, testAndApprove } from './seed.ts';
import { seedTickets, TICKETS_JOB } from './seed-tickets.ts';

const browser = browserOfFile();

const LONG = 'one_word_that_never_ends_'.repeat(8);

/** Jobs as they stand when little went as planned, and with names of no sense. */
async function seedStates(seed: Seed): Promise<void> {
  const items = Array.from({ length: 10 }, (_, n) => ({ key: `k-${n}`, payload: { name: `item ${n}` } }));
  const job = { intent: 'x', template: 'Look at {name}.\n', items };
  await seedJob(seed, {
    ...job,
    jobId: 'job-long22',
    name: LONG,
    intent: LONG,
    items: [{ payload: { [LONG]: LONG, name: 1 } }],
  });
  await seedJob(seed, { ...job, jobId: 'job-none22', name: 'Nothing done yet' });
  await claim(seed, await begin(seed, 'job-none22', Date.now() - 9000), 3);
  for (const jobId of ['job-stop22', 'job-rest22']) {
    await seedJob(seed, { ...job, jobId, name: jobId });
    const lease = await begin(seed, jobId, Date.now() - 9000);
    for (const claimed of await claim(seed, lease, 4)) {
      const failed = { ok: false, usage: {}, failureClass: 'agent_error', message: 'no such page' } as const;
      await settle(
        seed,
        claimed,
        claimed.unit.index === 0 ? failed : { ok: true, usage: {}, result: { text: 'ok' } },
        Date.now(),
      );
    }
  }
  const { repository } = seed.store;
  await repository.transaction({ job: 'job-stop22' }, async (tx) => {
    await tx.units.moveMany('job-stop22', {}, 'cancelled', 100);
    await tx.jobs.move('job-stop22', 'cancelled');
    await tx.jobs.move('job-rest22', 'paused', { patch: { pauseReason: 'failures' } });
  });
}

const JOBS = ['job-long22', 'job-none22', 'job-stop22', 'job-rest22'];
const main = (page: Page) => page.locator('main').innerText();

test('a narrow screen shows long names and every tab without overflow', async () => {
  const { server } = await seeded(async (seed) => {
    await seedTickets(seed);
    await seedStates(seed);
  });
  const page = await signIn(server, await browser.context({ viewport: { width: 390, height: 860 } }));
  await page.getByText('Nothing done yet').waitFor();
  await screenshot(page, 'narrow-jobs');
  const list = await page.locator('.card').first().boundingBox();
  expect((await page.getByRole('searchbox').boundingBox())?.width).toBe(list?.width);
  for (const jobId of [TICKETS_JOB, ...JOBS]) {
    const long = jobId === 'job-long22';
    for (const view of ['', ...(long ? ['/units', '/settings', '/events', '/units/0'] : [])]) {
      await page.goto(`${server.url}/jobs/${jobId}${view}`);
      await page.locator('.card').first().waitFor();
      const width = async () => [jobId, view, await page.evaluate('document.documentElement.scrollWidth')];
      await expect.poll(width, PATIENCE).toEqual([jobId, view, 390]);
      if (view === '') await screenshot(page, `narrow-${jobId}`);
      const tabs = page.locator('.tabs a');
      for (let tab = 0; tab < (await tabs.count()); tab++) {
        const { x = 0, width: wide = 0 } = (await tabs.nth(tab).boundingBox()) ?? {};
        expect([jobId, view, tab, x >= 0 && x + wide <= 390]).toEqual([jobId, view, tab, true]);
      }
    }
    await expectAccessible(page);
  }
});

describe('the texts about a job', () => {
  test('count cancelled units as ended, not as done', async () => {
    const { server } = await seeded(seedStates);
    const page = await signIn(server, await browser.context(), '/jobs/job-stop22');
    await page.getByText('6 cancelled').waitFor();
    expect(await page.locator('.figure').first().innerText()).toMatch(/^4\s+of 10\s+units done$/);
    await page.goto(`${server.url}/jobs?q=job-stop22`);
    await page.getByText('4 of 10').waitFor();
  });

  test('name controls of the page instead of tools', async () => {
    const { server } = await seeded(seedStates);
    const page = await signIn(server, await browser.context(), '/jobs/job-rest22');
    await page.getByText('then Resume').waitFor();
    await page.getByText('Look at the end of its log on the page of unit 0').waitFor();
    const tools = /\b(?:get|list|update|resume|start|manage|pause)_(?:jobs?|units?|job_status)\b/;
    expect(await main(page)).not.toMatch(tools);
    await page.goto(`${server.url}/jobs/job-rest22/units/0`);
    await page.getByText('on the page of unit 0').waitFor();
    expect(await main(page)).not.toMatch(tools);
  });

  test('list skipped records of the source with place and reason, in light and dark', async () => {
    const records = Array.from({ length: 20 }, (_, n) => ({
      place: n === 19 ? `/data/${LONG}:21` : `/data/items.csv:${n + 2}`,
      reason: n % 2 === 0 ? 'expected 3 fields, found 2' : `a field named ${LONG}`,
    }));
    const notes = { skipped_invalid: 21, skipped_duplicates: 1, skipped_records: records };
    const { server } = await seeded((seed) =>
      seedJob(seed, {
        jobId: 'job-skip22',
        name: 'x',
        intent: 'x',
        template: 'x',
        items: [{ payload: { a: 1 } }],
        notes,
      }),
    );
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await signIn(server, await browser.context({ colorScheme }), '/jobs/job-skip22');
      const card = page.getByRole('region', { name: 'Skipped records of the source' });
      await card.getByText('21 invalid, 1 duplicate').waitFor();
      expect(await card.locator('dt').count()).toBe(20);
      expect(await card.innerText()).toMatch(/items\.csv:2\s+expected 3 fields, found 2[\s\S]*and 2 more$/);
      await expectAccessible(page);
      await screenshot(page, `skipped-${colorScheme}`);
      await page.setViewportSize({ width: 390, height: 860 });
      await expect.poll(() => page.evaluate('document.documentElement.scrollWidth'), PATIENCE).toBe(390);
      await screenshot(page, `skipped-narrow-${colorScheme}`);
    }
  });

  test.each([
    ['command', 'program', 'agent'],
    ['claude', 'agent', 'program'],
  ])('for worker %s, use the word %s, not %s', async (type, word, other) => {
    const { server } = await seeded(async (seed) => {
      const items = [
        { key: 'k', payload: { name: 'x' } },
        { key: 'l', payload: { name: 'y' } },
      ];
      const worker = type === 'command' ? { type, command: ['true'] } : { type };
      await seedJob(seed, { jobId: 'job-word22', name: 'x', intent: 'x', template: 'Do {name}.\n', items, worker });
      await testAndApprove(seed, 'job-word22', { ok: true, usage: {}, result: { text: 'ok' } }, Date.now(), 9);
    });
    const page = await signIn(server, await browser.context());
    for (const view of ['', '/test', '/settings', '/units/0', '/units/1']) {
      await page.goto(`${server.url}/jobs/job-word22${view}`);
      await page.locator('.card').first().waitFor();
      if (view !== '')
        await page
          .getByText(new RegExp(`\\b${word}s?\\b`))
          .first()
          .waitFor();
      const titles = await page.locator('h2, dt, .notice').allInnerTexts();
      expect([view, titles.filter((text) => new RegExp(`\\b${other}s?\\b`, 'i').test(text))]).toEqual([view, []]);
    }
  });

  test('offer no decision without a test, and have a heading for a missing job', async () => {
    const { server } = await seeded(seedStates);
    const page = await signIn(server, await browser.context(), '/jobs/job-none22/test', /404/);
    await page.getByText('started without a test').waitFor();
    expect(await main(page)).not.toMatch(/Approve|Reject/);
    await page.goto(`${server.url}/jobs/job-gone22`);
    await page.getByRole('heading', { level: 1, name: 'No job job-gone22.' }).waitFor();
  });
});

test('a step over all results is not counted in the charts and can run again', async () => {
  const { abp, server } = await serveDashboard();
  const { job_id } = await call(server, 'POST', '/api/jobs', {
    name: 'With a report',
    intent: 'x',
    source: { type: 'file', base_directory: import.meta.dirname, pattern: 'seed*.ts' },
    worker: { type: 'command', command: ['sh', '-c', 'cat > /dev/null; echo fine'] },
    steps: [{ name: 'report', scope: 'job', intent: 'Sum it up.' }],
  });
  const jobId = String(job_id);
  await personAllowsJob(abp.orchestrator.deps, jobId);
  await abp.orchestrator.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 }, PERSON);
  const page = await signIn(server, await browser.context(), `/jobs/${jobId}`);
  await page.locator('.title .badge', { hasText: 'completed' }).waitFor();
  await page.getByRole('img', { name: '2 attempts succeeded, 0 did not' }).waitFor();
  await page.getByRole('button', { name: 'Run report' }).click();
  await page.getByRole('link', { name: 'report', exact: true }).click();
  await page.getByRole('button', { name: /Attempt 2 succeeded/ }).waitFor();
  await page.getByRole('button', { name: 'Run report' }).waitFor();
  await expectAccessible(page);
});

test('the notice of a lost server stays in sight while scrolled', async () => {
  const { server } = await seeded(seedTickets);
  const context = await browser.context({ viewport: { width: 800, height: 500 } });
  const page = await signIn(server, context, `/jobs/${TICKETS_JOB}`, /ERR_INTERNET_DISCONNECTED/);
  await page.locator('canvas').nth(1).waitFor();
  await page.evaluate('window.scrollTo(0, 900)');
  await context.setOffline(true);
  const notice = page.getByText('The server cannot be reached.');
  await notice.waitFor();
  await page.evaluate('window.scrollTo(0, 900)');
  const top = async () => (await notice.boundingBox())?.y ?? -1;
  await expect.poll(top, PATIENCE).toBeGreaterThan(0);
  expect(await top()).toBeLessThan(500);
});
