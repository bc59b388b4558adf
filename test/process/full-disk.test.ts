import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Awaitable } from '../../src/domain/awaitable.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { pruneStore } from '../../src/orchestrator/operations/prune-store.ts';
import { type Abp, wire } from '../../src/wire.ts';
import { type World, world } from '../helpers/processes.ts';
import { MAY_MOUNT, type SmallDisk, smallDisk } from '../helpers/small-disk.ts';
import { DEAD_PID, holdLease, seedJob } from '../helpers/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const CALL = { interface: 'cli', workingDirectory: '/', human: 'cli', maxWaitMs: 600_000 } as const;
const FULL = { code: 'environment', details: { disk: true } };
const LITTLE = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
const bulky = (items: number): JsonObject[] =>
  Array.from({ length: items }, (_, n) => ({ name: `item ${n}`, text: 'lorem ipsum '.repeat(150) }));

/** A world whose store is on a disk of so many megabytes. */
function smallWorld(
  megabytes: number,
  extra: Readonly<Record<string, string>> = {},
): World & { readonly disk: SmallDisk } {
  const disk = smallDisk(megabytes);
  return { ...world({ ABP_STORAGE_PATH: join(disk.folder, 'store', 'batch.db'), ...extra }), disk };
}

const environmentOf = (path: string) => ({ ABP_STORAGE_PATH: path, PATH: process.env.PATH ?? '', HOME: '/' });

/** Opens the store as another program does; closed after the test. */
function another(path: string): Abp {
  const abp = wire(environmentOf(path));
  onTestFinished(() => abp.close());
  return abp;
}

async function storedUnits({ store: { repository } }: Abp, jobId: string): Promise<number> {
  return (await repository.units.counts(jobId)).total;
}

/** All operations that only read, and an export to another disk. */
async function readEverything(abp: Abp, jobId: string, folder: string): Promise<void> {
  const call = (name: string, input: object) => abp.orchestrator.callUnknown(name, input, CALL);
  expect(await call('list_jobs', {})).toMatchObject({ total: 1 });
  expect(await call('get_job_status', { job_id: jobId })).toMatchObject({ units: { total: 3 } });
  for (const name of ['get_job', 'list_units']) await call(name, { job_id: jobId });
  await call('get_unit', { job_id: jobId, unit: 0 });
  const path = join(folder, `rows-${readdirSync(folder).length}.jsonl`);
  expect(await call('export_results', { job_id: jobId, format: 'jsonl', path })).toMatchObject({ rows: 3 });
  expect(await abp.store.repository.maintenance.integrityCheck()).toBeNull();
}

describe.skipIf(!MAY_MOUNT)('a disk that an enumeration fills (needs root, to mount a small one)', () => {
  test.each([40, 8])('of %i MB frees all of its room', async (megabytes) => {
    const w = smallWorld(megabytes);
    await w.create(LITTLE);
    const before = w.disk.free();
    await expect(w.create(bulky(40_000))).rejects.toMatchObject(FULL);
    expect(w.disk.free()).toBeGreaterThan(before - 500_000);
    expect((await w.abp.store.repository.jobs.list({ statuses: ['enumerating'], limit: 9 })).total).toBe(0);
    expect(await w.abp.store.repository.jobs.deleting()).toEqual([]);
  });

  test('frees room from the reserve when others took the last byte', async () => {
    const w = smallWorld(60);
    await w.create(LITTLE);
    const source = join(w.directory, 'bulky.json');
    writeFileSync(source, JSON.stringify(bulky(20_000)));
    let left = Number.POSITIVE_INFINITY;
    const onProgress = ({ done }: { done: number }) => {
      if (done < 5000 || left === 0) return;
      w.disk.fill();
      left = w.disk.free();
    };
    const input = {
      name: 'Bulky',
      intent: 'Do it.',
      source: { type: 'json', file_path: source },
    } as const;
    const worker = { type: 'command', command: ['true'] };
    await expect(
      w.abp.orchestrator.call('create_job', { ...input, worker }, { ...CALL, onProgress }),
    ).rejects.toMatchObject(FULL);
    expect(left).toBe(0);
    expect(w.disk.free()).toBeGreaterThan(5_000_000);
    expect(await w.abp.store.repository.jobs.deleting()).toEqual([]);
  });

  test('by a living process is found and removed by recover', async () => {
    const w = smallWorld(30);
    const { repository } = w.abp.store;
    const { jobId } = await seedJob({ repository }, { status: 'enumerating', units: bulky(200) });
    const living = {
      jobId,
      owner: 'this',
      leaseMs: 1000,
      pid: process.pid,
      startedAt: null,
      bootId: null,
      machineId: null,
    };
    await repository.transaction('store', async (tx) => tx.leases.acquire(living, null));
    const dead = (await seedJob({ repository }, { status: 'enumerating', units: 5 })).jobId;
    await holdLease({ repository }, dead, DEAD_PID);
    const report = await w.abp.recovery.tick();
    expect(report.deleted).toEqual([dead]);
    expect((await another(repository.path).recovery.tick({ patient: true })).deleted).toEqual([jobId]);
    expect(await storedUnits(w.abp, jobId)).toBe(0);
  }, 600_000);
});

describe.skipIf(!MAY_MOUNT)('a full disk (needs root, to mount a small one)', () => {
  /** A closed store with one job of three units, on a disk of its own. */
  async function closedStore(more: (abp: Abp) => Awaitable<void> = () => undefined) {
    const disk = smallDisk(24);
    const folder = temporaryDirectory('elsewhere');
    const path = join(disk.folder, 'store', 'batch.db');
    const abp = wire(environmentOf(path));
    const { jobId } = await seedJob(abp.store, { status: 'created' });
    abp.store.repository.maintenance.keepReserve();
    await more(abp);
    abp.close();
    return { disk, folder, jobId, path };
  }

  test.each([
    ['with the reserve', true],
    ['without any room', false],
  ])('can be read %s', async (_what, reserve) => {
    const { disk, folder, jobId, path } = await closedStore();
    if (!reserve) rmSync(`${path}-reserve`);
    disk.fill();
    for (let times = 0; times < 3; times++) {
      const abp = wire(environmentOf(path));
      await readEverything(abp, jobId, folder);
      abp.close();
    }
    expect(disk.free()).toBeLessThan(1_100_000);
  });

  test('rejects writes with the reason until there is room', async () => {
    const { disk, jobId, path } = await closedStore();
    rmSync(`${path}-reserve`);
    disk.fill();
    const abp = another(path);
    const cancel = () => abp.orchestrator.call('cancel_job', { job_id: jobId }, CALL);
    await expect(cancel()).rejects.toMatchObject(FULL);
    rmSync(join(disk.folder, 'filler-0'));
    expect(await cancel()).toMatchObject({ status: 'cancelled' });
    expect((await abp.store.repository.jobs.get(jobId))?.status).toBe('cancelled');
  });

  test('is not filled by reads', async () => {
    const { disk, path } = await closedStore();
    const writer = another(path);
    await seedJob(writer.store, { units: bulky(400) });
    disk.fill(600_000);
    const before = disk.free();
    // Merging the log would take more than there is, and then fail.
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(before);
    expect(statSync(path).size).toBeLessThan(200_000);
    writer.close();
    expect(disk.free()).toBeGreaterThanOrEqual(before);
    const abp = wire(environmentOf(path));
    await abp.orchestrator.call('list_jobs', {}, CALL);
    abp.close();
    expect(disk.free()).toBeGreaterThanOrEqual(before);
  });

  test('deletes rows in the space of its log without reserve and free bytes', async () => {
    const { disk, path } = await closedStore();
    rmSync(`${path}-reserve`);
    const abp = another(path);
    const { jobId } = await seedJob(abp.store, { status: 'enumerating', units: bulky(600) });
    await holdLease(abp.store, jobId, DEAD_PID);
    const { maintenance, transaction } = abp.store.repository;
    const write = (text: string) =>
      transaction({ job: jobId }, async (tx) => {
        for (let index = 0; index < 600; index++) await tx.units.setPayload({ jobId, scope: 'unit', index }, { text });
      });
    await write('y'.repeat(1000));
    await maintenance.checkpoint();
    // In the log alone now, and no page more than in the file.
    await write('z'.repeat(1000));
    disk.fill();
    const report = await pruneStore.run(abp.orchestrator.deps, { older_than_s: 0, what: 'runs', dry_run: false }, CALL);
    expect(report.orphans).toMatchObject([{ job_id: jobId }]);
    expect(disk.free()).toBeGreaterThan(500_000);
  });

  test.each([
    ['with the reserve', true],
    ['with a little room and no reserve', false],
  ])("is freed by prune of a killed creation's rows, %s", async (_what, reserve) => {
    let orphan = '';
    const { disk, path } = await closedStore(async ({ store }) => {
      orphan = (await seedJob(store, { status: 'enumerating', units: bulky(2000) })).jobId;
      await holdLease(store, orphan, DEAD_PID);
    });
    if (!reserve) rmSync(`${path}-reserve`);
    disk.fill(reserve ? 0 : 600_000);
    const abp = another(path);
    const report = await pruneStore.run(abp.orchestrator.deps, { older_than_s: 0, what: 'runs', dry_run: false }, CALL);
    expect(report.orphans).toMatchObject([{ job_id: orphan, units: 2000 }]);
    expect(await storedUnits(abp, orphan)).toBe(0);
    expect(disk.free()).toBeGreaterThan(3_000_000);
  });
});

describe.skipIf(!MAY_MOUNT)('a read-only file system (needs root, to mount one)', () => {
  test.each([
    ['closed', true],
    ['in use elsewhere', false],
  ])('allows reads of a store that is %s, and reports why it cannot be written', async (_what, closed) => {
    const disk = smallDisk(24);
    const writer = wire(environmentOf(join(disk.folder, 'store', 'batch.db')));
    const { jobId } = await seedJob(writer.store, { status: 'created' });
    if (closed) writer.close();
    else onTestFinished(() => writer.close());
    const abp = another(join(disk.readOnlyView(), 'store', 'batch.db'));
    await readEverything(abp, jobId, temporaryDirectory('elsewhere'));
    const error = { code: 'environment', message: expect.stringMatching(/cannot be written|read-only/i) };
    await expect(abp.orchestrator.call('cancel_job', { job_id: jobId }, CALL)).rejects.toMatchObject(error);
  });
});

describe.skipIf(!MAY_MOUNT)('a job whose agents find the disk full (needs root, to mount a small one)', () => {
  const noisy = { type: 'command', command: ['sh', '-c', 'cat >/dev/null; head -c 200000 /dev/zero | tr "\\0" x'] };

  const items = Array.from({ length: 24 }, (_, n) => ({ name: `item ${n}` }));
  const options = { worker: noisy, limits: { max_retries: 0, max_workers: 4 } };

  test('pauses the job, blames no agent, and completes after a resume with room', async () => {
    const w = smallWorld(30);
    const jobId = await w.create(items, options);
    w.disk.fill(2_000_000);
    await w.abp.orchestrator.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 }, CALL);
    await w.until(async () => (await w.job(jobId)).status === 'paused');
    expect((await w.job(jobId)).pauseReason).toBe('disk');
    await w.until(async () => (await w.abp.store.repository.leases.get(jobId))?.released);
    expect((await w.units(jobId)).map(({ failureClass }) => failureClass)).toEqual(items.map(() => null));
    rmSync(join(w.disk.folder, 'filler-0'));
    await w.call('resume_job', { job_id: jobId });
    expect((await w.ended(jobId)).status).toBe('completed');
    const paused = (await w.abp.store.repository.events.list(jobId, 0, 1000)).filter(
      ({ type }) => type === 'job:paused',
    );
    expect(paused).toHaveLength(1);
  });

  test('that blocks even the pause continues with room, at the latest when resumed', async () => {
    const w = smallWorld(30);
    const jobId = await w.create(items, options);
    rmSync(`${w.abp.store.repository.path}-reserve`);
    w.disk.fill(2_000_000);
    await w.abp.orchestrator.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 }, CALL);
    await w.until(() => w.disk.free() === 0);
    rmSync(join(w.disk.folder, 'filler-0'));
    await w.until(
      async () =>
        (await w.units(jobId)).every(({ status }) => status === 'completed') ||
        (await w.job(jobId)).status === 'paused',
    );
    if ((await w.job(jobId)).status === 'paused') await w.call('resume_job', { job_id: jobId });
    expect((await w.ended(jobId)).status).toBe('completed');
  });

  test('that fail for their own reasons are blamed when there is room', async () => {
    const w = smallWorld(30);
    const worker = { type: 'command', command: ['sh', '-c', 'echo "No space left on device" >&2; exit 1'] };
    const jobId = await w.begin(LITTLE, { worker, limits: { max_retries: 0 } });
    await w.ended(jobId);
    expect((await w.units(jobId)).map(({ failureClass }) => failureClass)).toEqual(LITTLE.map(() => 'agent_error'));
  });
});
