import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { personAllowsJob } from '../helpers/approvals.ts';
import {
  browserOfFile,
  call,
  type Dashboard,
  expectAccessible,
  screenshot,
  serveDashboard,
  signIn,
} from './browser.ts';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));
const browser = browserOfFile();

/** A real job over a JSON file, with the offline worker: twelve items, from the second on they wait, two of them fail. */
async function createJob({ root, server }: Dashboard): Promise<{ jobId: string; signal(name: string): void }> {
  const signals = join(root, 'signals');
  mkdirSync(signals);
  const items = Array.from({ length: 12 }, (_, n) => ({ name: `item ${n}`, waits: n > 0, fails: n === 4 || n === 9 }));
  writeFileSync(join(root, 'items.json'), JSON.stringify(items));
  const { job_id } = await call(server, 'POST', '/api/jobs', {
    name: 'Look at every item',
    intent: 'Say the title of each item and how long it is.',
    source: { type: 'json', file_path: join(root, 'items.json') },
    worker: { type: 'command', command: [process.execPath, WORKER], env: { SIGNALS: signals } },
    schema: {
      type: 'object',
      required: ['title'],
      properties: { title: { type: 'string' }, length: { type: 'integer' } },
    },
    limits: { max_workers: 3, max_retries: 0, failure_threshold: 0 },
  });
  return { jobId: String(job_id), signal: (name) => writeFileSync(join(signals, name), '') };
}

const badge = (page: Page, text: string) => page.locator('.title .badge', { hasText: text }).first().waitFor();

test('takes a job from creation to its exported results: test, edit, approve, pause, retry', async () => {
  const dashboard = await serveDashboard();
  const { server } = dashboard;
  const { jobId, signal } = await createJob(dashboard);
  const page = await signIn(server, await browser.context({ acceptDownloads: true }), '/', /status of 403/);

  await page.getByRole('link', { name: 'Look at every item' }).click();
  await badge(page, 'created');
  await page.getByRole('link', { name: 'Test', exact: true }).click();
  const asked = page.getByRole('region', { name: 'What this job would do' });
  await asked.getByText('runs programs as you').waitFor();
  await expectAccessible(page);
  await screenshot(page, 'job-asks');
  await asked.getByRole('button', { name: 'Allow' }).click();
  await asked.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Try one unit' }).click();
  await page.getByRole('button', { name: /Approve and run 11 units/ }).waitFor();
  await page.getByText('"ITEM 0"').first().waitFor();
  await page.getByText('attempt 1 looks at item 0').waitFor();
  await page.getByText('item 0').first().waitFor();
  await expectAccessible(page);
  await screenshot(page, 'test-approval');
  await page.getByRole('link', { name: /Approvals 1/ }).click();
  await page.getByRole('link', { name: 'Look at it' }).click();

  await page.getByRole('button', { name: 'Edit prompt' }).click();
  const dialog = page.getByRole('dialog', { name: 'Edit the prompt and test again' });
  const template = await dialog.locator('textarea').inputValue();
  await dialog.locator('textarea').fill(`${template}\nBe brief.`);
  await dialog.getByLabel('What was changed, and why').fill('shorter answers');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Save as a new revision' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await page.getByText('revision 2').waitFor();
  // One changed word asks again.
  await asked.getByText('It changed since its approval.').waitFor();
  await asked.getByRole('button', { name: 'Allow' }).click();
  await asked.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Try one unit' }).click();
  await page.getByRole('button', { name: /Approve and run 11 units/ }).click();
  await badge(page, 'running');

  // What runs is seen live, and where it is seen survives a reload.
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByText('3 of 3 slots').waitFor();
  await page.locator('.slots').getByText('waiting to be let go').first().waitFor();
  await page.getByRole('button', { name: 'One slot more' }).click();
  await page.getByText('Running now').waitFor();
  await page.getByText('4 of 4 slots').waitFor();
  await page.reload();
  await page.getByText('4 of 4 slots').waitFor();
  await page.locator('.slots a').first().click();
  await page.getByText('The log of the program').waitFor();
  await page.getByText('waiting to be let go').waitFor();
  await page.getByText('at work').waitFor();
  const running = page.url();
  await page.getByRole('navigation', { name: 'Where you are' }).getByText('Look at every item').click();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('menuitem', { name: 'Interrupt running units' }).click();
  await badge(page, 'paused');
  await page.getByText('Running now').waitFor({ state: 'hidden' });
  signal('go');
  await page.getByRole('button', { name: 'One slot less' }).click();
  await badge(page, 'paused');
  await page.getByRole('button', { name: 'Resume' }).click();
  await badge(page, 'failed');
  expect((await dashboard.abp.store.repository.jobs.get(jobId))?.maxWorkers).toBe(3);

  // Two failed for one reason: they are one cause, tried again together once it is fixed.
  const cause = page.locator('.clusters > li');
  expect(await cause.count()).toBe(1);
  expect(await cause.innerText()).toMatch(/^2\s+agent error[\s\S]*unit 4: [\s\S]*it is encrypted/);
  await screenshot(page, 'job-failed');
  signal('fixed');
  await page.getByRole('button', { name: 'Retry these' }).click();
  await badge(page, 'completed');
  await page.goto(running);
  await page.getByText('The log of the program').waitFor();
  await page.getByRole('button', { name: /Attempt 2/ }).waitFor();
  await page.getByRole('button', { name: 'Side by side' }).click();
  const beside = page.getByRole('region', { name: 'Attempts side by side' });
  await beside.getByText('attempt 1 looks at').waitFor();
  await beside.getByText('attempt 2 looks at').waitFor();
  await expectAccessible(page);
  await screenshot(page, 'unit-side-by-side');

  await page.goto(`${server.url}/jobs/${jobId}`);
  await page.getByRole('button', { name: 'Export' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'CSV' }).click();
  const csv = readFileSync(await (await download).path(), 'utf8');
  expect(csv.trim().split('\n')).toHaveLength(13);
  expect(csv).toContain('ITEM 9');

  await page.goto(`${server.url}/jobs/${jobId}/events`);
  for (const told of [
    'job test passed',
    'job rejected',
    'job approved',
    'job paused',
    'units retried',
    'job completed',
  ]) {
    await page.getByText(told, { exact: true }).first().waitFor();
  }
  await expectAccessible(page);
});

test('asks before it rejects a test or deletes a job', async () => {
  const dashboard = await serveDashboard();
  const { abp, server } = dashboard;
  const { jobId } = await createJob(dashboard);
  await personAllowsJob(abp.orchestrator.deps, jobId);
  await call(server, 'POST', `/api/jobs/${jobId}/start`, { wait_seconds: 30 });
  // What was deleted may be asked for once more, in the moment of its deletion.
  const page = await signIn(server, await browser.context(), `/jobs/${jobId}/test`, /status of 404/);
  await page.getByRole('button', { name: 'Reject' }).click();
  const dialog = page.getByRole('dialog', { name: 'Reject this test?' });
  await dialog.getByRole('button', { name: 'Not now' }).click();
  await dialog.waitFor({ state: 'hidden' });
  expect((await abp.store.repository.jobs.get(jobId))?.status).toBe('testing');
  await page.getByRole('button', { name: 'Reject' }).click();
  await dialog.getByLabel('What is wrong with it').fill('too long');
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await badge(page, 'created');
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the job' }).click();
  await badge(page, 'cancelled');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete the job' }).click();
  await page.getByText('No jobs yet.').waitFor();
  expect(await abp.store.repository.jobs.get(jobId)).toBeNull();
});

test('tests again after a fix', async () => {
  const dashboard = await serveDashboard();
  const { root, server, abp } = dashboard;
  writeFileSync(join(root, 'items.json'), JSON.stringify([{ name: 'one' }, { name: 'two' }]));
  writeFileSync(join(root, 'work.mjs'), 'process.exit(3)');
  const { job_id } = await call(server, 'POST', '/api/jobs', {
    name: 'Fixed',
    intent: 'Do it.',
    source: { type: 'json', file_path: join(root, 'items.json') },
    worker: { type: 'command', command: [process.execPath, join(root, 'work.mjs')] },
    limits: { max_retries: 0 },
  });
  const jobId = String(job_id);
  await personAllowsJob(abp.orchestrator.deps, jobId);
  const page = await signIn(server, await browser.context(), `/jobs/${jobId}/test`, /status of 403/);
  await page.getByRole('button', { name: 'Try one unit' }).click();
  await page.getByRole('button', { name: 'Test again' }).waitFor();
  writeFileSync(join(root, 'work.mjs'), 'console.log("{}")');
  await page.reload();
  const asked = page.getByRole('region', { name: 'What this job would do' });
  await asked.getByRole('button', { name: 'Allow' }).click();
  await asked.waitFor({ state: 'hidden' });
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Test again' }).click();
  await page.getByRole('button', { name: /Approve and run 1 unit/ }).waitFor();
});
