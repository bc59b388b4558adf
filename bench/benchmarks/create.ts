import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { openCaller } from '../harness/caller.ts';
import { measureCreation as measure } from '../harness/creation.ts';
import { csvJob } from '../harness/job.ts';
import { startNeighbour } from '../harness/neighbour.ts';
import { has, seconds } from '../harness/peer.ts';
import { customersCsv, customersJson, customersJsonl, manyFiles } from '../harness/sources.ts';
import { percentile } from '../harness/statistics.ts';

const MILLION = 1_000_000;
const FILES = 100_000;
/** About 1 GB. */
const JSON_ITEMS_LARGE = 6_200_000;
const COMMAND = { type: 'command', command: ['echo', 'ok'] } as const;

/** From a source to stored units. */
export const create: Benchmark = {
  name: 'create',
  what: 'sources of every size to stored units: time, CPU and memory of the process, what its neighbours notice, and the first 10 items of a large source',
  async run(bench) {
    await csv(bench);
    await json(bench);
    await files(bench);
    await firstTen(bench);
  },
};

async function csv(bench: Bench): Promise<void> {
  for (const [name, rows, runs] of [
    ['csv_10k', 10_000, 5],
    ['csv_100k', 100_000, bench.size === 'check' ? 3 : 5],
    ['csv_1m', MILLION, bench.size === 'check' ? 1 : 5],
  ] as const) {
    const file = await customersCsv(bench.directory, rows);
    await measure(bench, `create.${name}`, `CSV, ${rows.toLocaleString('en-US')} rows`, runs, csvJob(file, COMMAND, 4));
  }
  const million = await customersCsv(bench.directory, MILLION);
  await measure(
    bench,
    'create.csv_1m_keys',
    'CSV, 1,000,000 rows with id_column',
    bench.size === 'check' ? 1 : 3,
    csvJob(million, COMMAND, 4, { id_column: 'id' }),
  );
  await neighbours(bench, csvJob(million, COMMAND, 4));
  if (bench.size !== 'large') {
    bench.skip(['create.csv_10m.memory_ratio'], 'only with --large');
    return;
  }
  const ten = await customersCsv(bench.directory, 10 * MILLION);
  const peak = await measure(bench, 'create.csv_10m', 'CSV, 10,000,000 rows', 1, csvJob(ten, COMMAND, 4));
  const before = await measure(
    bench,
    'create.csv_1m_again',
    'CSV, 1,000,000 rows, for comparison',
    1,
    csvJob(million, COMMAND, 4),
  );
  bench.record({
    id: 'create.csv_10m.memory_ratio',
    what: 'peak memory of 10,000,000 rows against 1,000,000',
    measure: '×',
    runs: [peak / before],
  });
}

async function json(bench: Bench): Promise<void> {
  const items = bench.size === 'large' ? JSON_ITEMS_LARGE : MILLION / 10;
  const file = await customersJson(bench.directory, items);
  const job = { ...csvJob(file, COMMAND, 4), source: { type: 'json', file_path: file } };
  await measure(
    bench,
    bench.size === 'large' ? 'create.json_1gb' : 'create.json_100k',
    `JSON array, ${items.toLocaleString('en-US')} items`,
    bench.size === 'large' ? 1 : 3,
    job,
  );
}

/** Effect of storing a million rows on other processes of the store. */
async function neighbours(bench: Bench, job: Record<string, unknown>): Promise<void> {
  const store = join(bench.directory, 'neighbours', 'batch.db');
  const caller = openCaller(bench.installation, store);
  await caller.call('list_jobs', {});
  const neighbour = await startNeighbour(bench.installation, store);
  await caller.call('create_job', job);
  const waits = await neighbour.end();
  await caller.close();
  for (const kind of ['write', 'read'] as const) {
    const what = `another process's ${kind} while 1,000,000 rows are stored`;
    bench.record({
      id: `create.neighbour.${kind}_max_ms`,
      what: `${what}, longest`,
      measure: 'ms',
      runs: [Math.max(...waits[kind])],
    });
    bench.record({
      id: `create.neighbour.${kind}_p99_ms`,
      what: `${what}, 99th percentile`,
      measure: 'ms',
      runs: [percentile(waits[kind], 0.99)],
    });
  }
}

/** Enumeration alone, against `find`, which stores nothing either. */
async function files(bench: Bench): Promise<void> {
  const base = manyFiles(bench.directory, FILES);
  const config = JSON.stringify({ base_directory: base });
  const args = [base, '-type', 'f', '-printf', '%p %s %T@\\n'];
  const runs = { ours: [] as number[], find: [] as number[] };
  for (let round = 0; round <= 5; round++) {
    const said = execFileSync(process.execPath, [bench.installation.program('enumerate'), 'file', config], {
      encoding: 'utf8',
    });
    const { items, seconds: time } = JSON.parse(said) as { items: number; seconds: number };
    if (items !== FILES) throw new Error(`Expected ${FILES} files, found ${items}.`);
    const theirs = has('find') ? seconds('find', args) : Number.NaN;
    if (round === 0) continue;
    runs.ours.push(time);
    runs.find.push(theirs);
  }
  bench.record({
    id: 'create.files_100k.enumerate_seconds',
    what: 'files, 100,000 enumerated with size and time',
    measure: 's',
    runs: runs.ours,
  });
  if (has('find')) {
    bench.record({
      id: 'create.files_100k.find_seconds',
      what: "find -printf '%p %s %T@\\n' on the same 100,000",
      measure: 's',
      runs: runs.find,
    });
    const ratios = runs.find.map((time, at) => time / (runs.ours[at] ?? Number.NaN));
    bench.record({
      id: 'create.files_100k.find_ratio',
      what: 'files a second, against find',
      measure: '×',
      runs: ratios,
    });
  } else bench.skip(['create.files_100k.find_ratio'], 'find is not installed (Debian package findutils)');
  const job = { ...csvJob('', COMMAND, 4), source: { type: 'file', base_directory: base } };
  await measure(bench, 'create.files_100k', 'files, 100,000', 3, job);
}

/** `limit: 10` of a large source. */
async function firstTen(bench: Bench): Promise<void> {
  const rows = MILLION;
  const database = join(bench.directory, 'source.db');
  const sql = new Database(database);
  sql.exec(`CREATE TABLE customers AS WITH RECURSIVE n(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM n WHERE id < ${rows - 1})
    SELECT id, 'Customer ' || id AS name, 'customer' || id || '@example.com' AS email FROM n`);
  sql.close();
  const sources = {
    csv: ['csv', { file_path: await customersCsv(bench.directory, rows) }],
    json: ['json', { file_path: await customersJson(bench.directory, rows) }],
    jsonl: ['json', { file_path: await customersJsonl(bench.directory, rows) }],
    sql: ['sql', { connection_string: database, query: 'SELECT * FROM customers' }],
    file: ['file', { base_directory: manyFiles(bench.directory, FILES), sort: 'none' }],
  } as const;
  const caller = openCaller(bench.installation, join(bench.directory, 'first-ten', 'batch.db'));
  for (const [name, [type, config]] of Object.entries(sources)) {
    const job = { ...csvJob('', COMMAND, 4), source: { type, ...config, limit: 10 } };
    const runs: number[] = [];
    // The first run counts too: loading the driver is part of the wait.
    for (let run = 0; run < 5; run++) runs.push((await caller.call('create_job', job)).ms);
    const what = `the first 10 of a large ${name} source to stored units`;
    bench.record({
      id: `create.limit_10.${name}_ms`,
      what: `${what}, slowest of ${runs.length}`,
      measure: 'ms',
      runs: [Math.max(...runs)],
    });
  }
  await caller.close();
}
