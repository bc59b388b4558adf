import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { openCaller } from '../harness/caller.ts';
import { type ServedDashboard, serveDashboard } from '../harness/dashboard.ts';
import { csvJob, numbersCsv, runToEnd } from '../harness/job.ts';
import { MILLION, millionUnits } from '../harness/million.ts';
import { percentile } from '../harness/statistics.ts';

const BROWSER = process.env.CHROMIUM || '/usr/bin/chromium';
const VIEWS = 5;
const PAGES = 200;
const CLIENTS = 100;
const LISTENED_UNITS = 1000;
const LISTENED_PAIRS = 5;

/** Cost of the dashboard. */
export const dashboard: Benchmark = {
  name: 'dashboard',
  what: 'size of the page, first view of a job of 1,000,000 units in a browser, pages of units over HTTP, and what 100 listeners cost',
  async run(bench) {
    size(bench);
    const { storagePath, jobId } = await millionUnits(bench, MILLION / 2, 'store');
    const served = await serveDashboard(bench.installation, storagePath);
    await pages(bench, served, jobId);
    await firstView(bench, served, jobId);
    await served.close();
    await listeners(bench);
  },
};

function size(bench: Bench): void {
  const folder = join(bench.installation.root, 'dist', 'dashboard');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce(
    (sum, { parentPath, name }) => sum + gzipSync(readFileSync(join(parentPath, name))).length,
    0,
  );
  bench.record({
    id: 'dashboard.page_kb',
    what: 'the built page, every file gzipped',
    measure: 'kB',
    runs: [bytes / 1024],
  });
}

async function pages(bench: Bench, served: ServedDashboard, jobId: string): Promise<void> {
  const times: number[] = [];
  for (let turn = 0; turn <= PAGES; turn++) {
    const offset = Math.floor((turn / PAGES) * (MILLION - 50));
    const status = turn % 4 === 0 ? '&status=failed' : '';
    const started = performance.now();
    const answer = await served.fetch(
      `/api/jobs/${jobId}/rows?limit=50&offset=${status ? offset % 4000 : offset}${status}`,
    );
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`A page of units was answered with ${answer.status}.`);
    if (turn > 0) times.push(performance.now() - started);
  }
  const what = `a page of 50 units over HTTP at 1,000,000 units, p95 of ${PAGES}`;
  bench.record({ id: 'dashboard.units_page_p95_ms', what, measure: 'ms', runs: [percentile(times, 0.95)] });
}

async function firstView(bench: Bench, served: ServedDashboard, jobId: string): Promise<void> {
  if (!existsSync(BROWSER)) {
    bench.skip(['dashboard.first_view_ms'], 'Chromium is not installed (Debian package chromium)');
    return;
  }
  const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox', '--disable-gpu'] });
  const page = await browser.newPage();
  await page.goto(served.signInLink());
  await page.waitForURL(`${served.url}/`);
  const runs: number[] = [];
  for (let run = 0; run < VIEWS; run++) {
    await page.goto(`${served.url}/jobs/${jobId}/units`, { waitUntil: 'commit' });
    await page.waitForSelector('[role=rowgroup] [role=row]');
    // The page's own clock, which starts with the request.
    runs.push(await page.evaluate<number>('performance.now()'));
  }
  await browser.close();
  bench.record({
    id: 'dashboard.first_view_ms',
    what: 'request to painted table of a job of 1,000,000 units, in a browser',
    measure: 'ms',
    runs,
  });
}

/** Runs the same job without and with event listeners, alternating so that other load affects both. */
async function listeners(bench: Bench): Promise<void> {
  const storagePath = join(bench.directory, 'listeners', 'batch.db');
  const caller = openCaller(bench.installation, storagePath);
  const job = csvJob(numbersCsv(bench.directory, LISTENED_UNITS), { type: 'command', command: ['echo', 'ok'] }, 8);
  const served = await serveDashboard(bench.installation, storagePath);
  const run = async (clients: number) => {
    const jobId = String((await caller.call('create_job', job)).output.job_id);
    const leaving = new AbortController();
    const listening = Array.from({ length: clients }, () => listen(served, jobId, leaving.signal));
    const { executor } = await runToEnd(caller, jobId);
    const { nowMb } = served.used();
    leaving.abort();
    const events = await Promise.all(listening);
    if (Math.min(...events) < LISTENED_UNITS) throw new Error(`A client heard of only ${Math.min(...events)} events.`);
    return { cpuSeconds: executor.cpuSeconds, nowMb };
  };
  await run(0);
  const idleMb = served.used().nowMb;
  const ratios: number[] = [];
  const memory: number[] = [];
  for (let pair = 0; pair < LISTENED_PAIRS; pair++) {
    const alone = await run(0);
    const heard = await run(CLIENTS);
    ratios.push(heard.cpuSeconds / alone.cpuSeconds);
    memory.push(heard.nowMb - idleMb);
  }
  await served.close();
  await caller.close();
  const figure = (id: string, what: string, measure: 'MB' | '×', runs: readonly number[]) =>
    bench.record({
      id: `dashboard.${id}`,
      what: `${CLIENTS} clients that listen to a running job: ${what}`,
      measure,
      runs,
    });
  figure('clients_server_mb', 'memory of the server, more', 'MB', memory);
  figure('clients_executor_ratio', 'CPU of the executor, against none', '×', ratios);
}

/** Listens until the signal; returns the number of events. */
async function listen(served: ServedDashboard, jobId: string, signal: AbortSignal): Promise<number> {
  let events = 0;
  try {
    const { body } = await served.fetch(`/api/jobs/${jobId}/events`, {
      headers: { Accept: 'text/event-stream' },
      signal,
    });
    const decoder = new TextDecoder();
    const chunks: AsyncIterable<Uint8Array> | [] = body ?? [];
    for await (const chunk of chunks) events += decoder.decode(chunk, { stream: true }).split('\nid:').length - 1;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return events;
}
