import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { openFileBlobs } from '../../src/blobs/file.ts';
import type { BlobStore } from '../../src/ports/blob-store.ts';
import { isDiskFull } from '../../src/supervision/disk.ts';
import { identify, provablyDead } from '../../src/workers/process/processes.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { MAY_MOUNT, smallDisk } from '../helpers/small-disk.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const PUT = fileURLToPath(new URL('../fixtures/blobs/put.ts', import.meta.url));
const MB = 1 << 20;

const opened = (folder: string): BlobStore => openFileBlobs(folder, { self: identify(process.pid), provablyDead });
const newFolder = () => join(temporaryDirectory('blobs'), 'blobs');
const sourceOf = (bytes: Uint8Array | string) => () => Readable.from([Buffer.from(bytes)]);

/** Paths of all folders and files of a store, relative to it. */
const entriesOf = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' });
const unfinishedIn = (folder: string) => readdirSync(join(folder, '=unfinished')).filter((name) => name.includes('.'));
const ownersIn = (folder: string) => readdirSync(join(folder, '=unfinished')).filter((name) => !name.includes('.'));

/** A process that uses the blobs in a folder, started by `prefix`; killed after the test. */
function another(folder: string, what: string, prefix = '') {
  const child = spawn('sh', ['-c', `${prefix} exec "$0" "$@"`, process.execPath, PUT, folder, what], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const closed = once(child, 'close');
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    lines,
    said: (count: number) => vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(count), PATIENCE),
    ended: () => closed,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

describe('the folder', () => {
  test('is made with the first blob, and is for this user alone', async () => {
    const folder = newFolder();
    const store = opened(folder);
    expect([await store.stat('job/0'), await store.delete('job')]).toEqual([null, 'deleted']);
    expect(statSync(folder, { throwIfNoEntry: false })).toBeUndefined();
    await store.put('job/main/12345.1/0', sourceOf('x'));
    const entries = ['', ...entriesOf(folder).filter((path) => !path.startsWith('=unfinished/'))];
    const stats = entries.map((path) => statSync(join(folder, path)));
    const modes = stats.map((stat) => `${stat.isDirectory() ? 'folder' : 'file'} ${(stat.mode & 0o777).toString(8)}`);
    expect(modes.sort()).toEqual(['file 600', ...Array<string>(6).fill('folder 700')]);
  });

  test('has few entries in each folder, however many units there are', async () => {
    const folder = newFolder();
    const store = opened(folder);
    const units = Array.from({ length: 40 }, (_, n) => n * 250);
    for (const unit of units) await store.put(`job/main/${unit}.1/0`, sourceOf('x'));
    // 0 to 750, and nine folders of a thousand each.
    expect(readdirSync(join(folder, 'job', 'main'))).toHaveLength(4 + 9);
    expect(readdirSync(join(folder, 'job', 'main', '=9'))).toHaveLength(4);
  });

  test('holds nothing of what was deleted', async () => {
    const folder = newFolder();
    const store = opened(folder);
    for (const unit of [0, 1, 1000, 1001, 54_321]) await store.put(`job/main/${unit}.1/0`, sourceOf('x'));
    for (const unit of [1000, 1001]) expect(await store.delete(`job/main/${unit}.1`)).toBe('deleted');
    expect(readdirSync(join(folder, 'job', 'main')).sort()).toEqual(['0.1', '1.1', '=54']);
    for (const unit of [0, 1, 54_321]) expect(await store.delete(`job/main/${unit}.1/0`)).toBe('deleted');
    expect(readdirSync(folder)).toEqual(['=unfinished']);
  });

  test('can be removed under an open store, which makes it again', async () => {
    const folder = newFolder();
    const store = opened(folder);
    await store.put('job/0', sourceOf('x'));
    rmSync(folder, { recursive: true });
    expect(await store.stat('job/0')).toBeNull();
    expect(await store.put('job/0', sourceOf('y'))).toMatchObject({ size: 1 });
  });
});

describe('a process that is killed', () => {
  test.each([
    ['nothing', null],
    ['the blob that was there', 'old'],
  ])('in the middle of a put leaves %s, and its file to the next process', async (_what, before) => {
    const folder = newFolder();
    if (before !== null) await opened(folder).put('job/0', sourceOf(before));
    const child = another(folder, 'half');
    await child.said(1);
    await child.kill();
    expect(unfinishedIn(folder)).toHaveLength(1);
    const next = opened(folder);
    expect(await next.stat('job/0')).toBe(before?.length ?? null);
    await next.put('job/1', sourceOf('x'));
    expect(unfinishedIn(folder)).toEqual([]);
  });

  test('leaves every blob whole that it has stored, and no other in part', async () => {
    const folder = newFolder();
    const stored: string[] = [];
    for (let round = 1; round <= 4; round++) {
      const child = another(folder, 'many');
      await child.said(round * 3);
      await child.kill();
      stored.push(...child.lines);
    }
    const store = opened(folder);
    const keys = entriesOf(join(folder, 'job')).filter((path) => path.endsWith('='));
    for (const key of keys.map((path) => `job/${path.slice(0, -1)}`)) {
      const bytes = await buffer(await store.get(key));
      const whole = Buffer.concat([Buffer.alloc(200_000, key), Buffer.alloc(100_000, key)]);
      expect(bytes.equals(whole)).toBe(true);
    }
    for (const key of stored) expect(await store.stat(key)).toBe(300_000);
    await store.put('job/0', sourceOf('x'));
    expect(unfinishedIn(folder)).toEqual([]);
    // Of all owners only this process is left.
    expect(ownersIn(folder)).toHaveLength(1);
  });
});

test('leaves the file of a process that still writes', async () => {
  const folder = newFolder();
  const child = another(folder, 'half');
  await child.said(1);
  await opened(folder).put('job/1', sourceOf('x'));
  expect([unfinishedIn(folder).length, ownersIn(folder).length]).toEqual([1, 2]);
});

test('leaves no file of a put that fails', async () => {
  const folder = newFolder();
  const store = opened(folder);
  const failing = () =>
    Readable.from(
      (function* () {
        yield Buffer.alloc(MB);
        throw new Error('broken');
      })(),
    );
  await expect(store.put('job/0', failing)).rejects.toThrow('broken');
  expect(unfinishedIn(folder)).toEqual([]);
});

test('puts and gets 256 MB in little memory', async () => {
  const child = another(newFolder(), 'large');
  await child.ended();
  const [mb, grown] = child.lines[0]?.split(' ').map(Number) ?? [];
  expect(mb).toBe(256);
  expect(grown).toBeLessThan(120);
});

test('asks to try again while there are too many open files', async () => {
  const child = another(newFolder(), 'no-handles', 'ulimit -n 100;');
  await child.ended();
  expect(child.lines).toEqual(['busy', '4']);
});

describe.skipIf(!MAY_MOUNT)('on a small disk (needs root, to mount one)', () => {
  test('reports a disk that is full, frees what it wrote, and works again with room', async () => {
    const disk = smallDisk(4);
    const folder = join(disk.folder, 'blobs');
    const store = opened(folder);
    await store.put('job/0', sourceOf(Buffer.alloc(MB)));
    const before = disk.free();
    const large = () => Readable.from(Array.from({ length: 5 }, () => Buffer.alloc(MB)));
    const error: unknown = await store.put('job/0', large).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'environment', details: { disk: true } });
    expect(isDiskFull(error)).toBe(true);
    expect(disk.free()).toBeGreaterThan(before - 64 * 1024);
    expect(await store.stat('job/0')).toBe(MB);
    disk.fill();
    await expect(store.put('job/1', sourceOf('x'))).rejects.toMatchObject({ details: { disk: true } });
    expect(await store.delete('job/0')).toBe('deleted');
    expect(await store.put('job/1', sourceOf('x'))).toMatchObject({ size: 1 });
  });

  test('reads from a read-only disk, and reports a put as refused for good', async () => {
    const disk = smallDisk(4);
    await opened(join(disk.folder, 'blobs')).put('job/0', sourceOf('x'));
    const store = opened(join(disk.readOnlyView(), 'blobs'));
    expect(await store.stat('job/0')).toBe(1);
    expect((await buffer(await store.get('job/0'))).toString()).toBe('x');
    const refusal = { code: 'environment', details: undefined };
    await expect(store.put('job/1', sourceOf('x'))).rejects.toMatchObject(refusal);
    await expect(store.delete('job/0')).rejects.toMatchObject(refusal);
  });
});
