import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, copyFileSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { toAbpError } from '../../src/domain/error.ts';
import { hintText } from '../../src/domain/hint.ts';
import { openStore } from '../../src/repository/index.ts';
import { rescueCommands } from '../../src/repository/rescue.ts';
import { type Abp, wire } from '../../src/wire.ts';
import { seedJob } from '../helpers/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const PAGE = 4096;
const JOB = 'job-damage';

/** A closed store whose one job has so many units. */
async function closedStore(units: number): Promise<string> {
  const path = join(temporaryDirectory('damage'), 'batch.db');
  const store = openStore(path, systemClock);
  const payloads = Array.from({ length: units }, (_, n) => ({ name: `item ${n}`, text: 'lorem ipsum '.repeat(20) }));
  await seedJob(store, { jobId: JOB, units: payloads, status: 'created' });
  store.repository.close();
  return path;
}

/** Writes over part of a page. */
function overwrite(path: string, page: number, fill: number, from = page === 0 ? 100 : 0, to = PAGE): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(to - from, fill), 0, to - from, page * PAGE + from);
  closeSync(fd);
}

/** What each of these calls answers: `ok`, or the code of the error. Opening is the first. */
async function answers(path: string): Promise<Readonly<Record<string, string>>> {
  const said: Record<string, string> = {};
  const messages: string[] = [];
  const ask = async <T>(what: string, run: () => T | Promise<T>): Promise<T | null> => {
    try {
      const answer = await run();
      said[what] = 'ok';
      return answer;
    } catch (error) {
      const { code, message, hint } = toAbpError(error);
      said[what] = code;
      messages.push(`${message} ${hintText(hint)}`);
      return null;
    }
  };
  const folder = join(path, '..');
  const abp = await ask(
    'open',
    (): Abp => wire({ ABP_STORAGE_PATH: path, HOME: folder, PATH: process.env.PATH ?? '' }),
  );
  if (abp) {
    const call = (name: string, input: object) =>
      ask(name, () =>
        abp.orchestrator.callUnknown(name, input, {
          interface: 'cli',
          workingDirectory: folder,
          human: 'cli',
          maxWaitMs: 1e6,
        }),
      );
    await call('list_jobs', {});
    for (const name of ['get_job', 'get_job_status', 'list_units']) await call(name, { job_id: JOB });
    await call('get_unit', { job_id: JOB, unit: 3 });
    await call('export_results', { job_id: JOB, format: 'csv', path: join(temporaryDirectory(), 'out.csv') });
    await call('cancel_job', { job_id: JOB });
    const faults = await ask('faults', () => abp.store.repository.maintenance.integrityCheck());
    if (faults !== null) said.faults = 'store_damaged';
    await ask('close', () => abp.close());
  }
  expect(messages.join('\n')).not.toMatch(/Unexpected error|fault in ABP|Make room/);
  return said;
}

describe('a damaged page', () => {
  const path = () => closedStore(400);

  test('anywhere in the file is never reported as a fault of ABP, and the integrity check finds it', async () => {
    const sound = await path();
    const pages = readFileSync(sound).length / PAGE;
    const db = new Database(sound, { readonly: true });
    const free = db.pragma('freelist_count', { simple: true });
    db.close();
    expect(free).toBe(0);
    const damaged = join(temporaryDirectory('damaged'), 'batch.db');
    for (let page = 0; page < pages; page++) {
      for (const fill of [0x00, 0xff]) {
        for (const file of ['', '-wal', '-shm']) rmSync(`${damaged}${file}`, { force: true });
        copyFileSync(sound, damaged);
        overwrite(damaged, page, fill);
        const said = await answers(damaged);
        expect(Object.values(said).filter((code) => code !== 'ok' && code !== 'store_damaged')).toEqual([]);
        expect([page, said.open === 'ok' ? said.faults : said.open]).toEqual([page, 'store_damaged']);
      }
    }
  });

  test('the first one, whole, of a file among the files of a store', async () => {
    const file = await path();
    const { repository } = openStore(file, systemClock);
    repository.maintenance.keepReserve();
    repository.close();
    overwrite(file, 0, 0x5a, 0);
    expect(await answers(file)).toEqual({ open: 'store_damaged' });
  });

  test('a text that is not JSON any more', async () => {
    const file = await path();
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"name":"item 3"');
    bytes.write('!', at);
    writeFileSync(file, bytes);
    const said = await answers(file);
    expect(said).toMatchObject({ get_unit: 'store_damaged', export_results: 'store_damaged', faults: 'store_damaged' });
    expect(said).toMatchObject({ list_jobs: 'ok', get_job_status: 'ok' });
  });

  test('a status that does not exist', async () => {
    const file = await path();
    const bytes = readFileSync(file);
    const at = bytes.indexOf('created', bytes.indexOf(`Job ${JOB}`));
    bytes.write('craeted', at);
    writeFileSync(file, bytes);
    expect(await answers(file)).toMatchObject({ get_job: 'store_damaged', list_units: 'store_damaged' });
  });

  test('a file that is cut off', async () => {
    const file = await path();
    writeFileSync(file, readFileSync(file).subarray(0, 20 * PAGE));
    expect(await answers(file)).toEqual({ open: 'store_damaged' });
  });

  test('a log that is lost while another process has the store open', async () => {
    const file = await path();
    const held = openStore(file, systemClock);
    onTestFinished(() => held.repository.close());
    await held.repository.transaction('store', async (tx) => tx.jobs.patch(JOB, { name: 'in the log' }));
    rmSync(`${file}-wal`);
    const said = await answers(file);
    expect(Object.values(said)).toContain('store_damaged');
  });
});

const HAS_SQLITE3 = spawnSync('sqlite3', ['--version']).status === 0;

describe.skipIf(!HAS_SQLITE3)('the way out that doctor prints (needs the sqlite3 program)', () => {
  test.each([
    ['of the units', 40],
    ['of an index', 8],
  ])('saves what can be read, beside a damaged page %s', async (_what, page) => {
    const file = await closedStore(400);
    overwrite(file, page, 0);
    for (const command of rescueCommands(file)) execFileSync('sh', ['-ec', command]);
    const store = openStore(file, systemClock);
    onTestFinished(() => store.repository.close());
    expect(await store.repository.maintenance.integrityCheck()).toBeNull();
    const { total } = await store.repository.units.counts(JOB);
    expect(total).toBeGreaterThan(300);
    expect(await store.repository.units.results(JOB, {}, 1000)).toHaveLength(total);
  });
});
