import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { Awaitable } from '../../src/domain/awaitable.ts';
import type { ByteRange } from '../../src/domain/blob.ts';
import type { BlobStore } from '../../src/ports/blob-store.ts';
import { PATIENCE } from '../helpers/patience.ts';

/** An empty place for blobs, opened twice as two processes do. */
export interface BlobsUnderTest {
  readonly store: BlobStore;
  readonly elsewhere: BlobStore;
}

const MB = 1 << 20;
/** Bytes of 3 MB and a bit, none of whose parts is like another. */
const LARGE = Buffer.from(Uint32Array.from({ length: (3 * MB) / 4 + 1 }, (_, n) => (n * 2_654_435_761) >>> 0).buffer);
/** Long enough for a driver to do what it should not. */
const QUIET_MS = 100;

const sourceOf = (bytes: Uint8Array | string) => () => Readable.from([Buffer.from(bytes)]);
const contentOf = async (store: BlobStore, key: string) => (await buffer(await store.get(key))).toString();
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function deleteAll(store: BlobStore, prefix: string): Promise<number> {
  for (let steps = 1; ; steps++) if ((await store.delete(prefix)) === 'deleted') return steps;
}

/** A source that gives its first half, then waits until it is told to end, also with an error. */
function halting(first: Uint8Array): { readonly open: () => Readable; readonly halfRead: () => Promise<void> } & {
  readonly end: (rest: Uint8Array | Error) => void;
  readonly isClosed: () => boolean;
} {
  let asked = 0;
  const stream = new Readable({
    read() {
      if (asked++ === 0) this.push(first);
    },
  });
  return {
    open: () => stream,
    halfRead: () => vi.waitFor(() => expect(asked).toBeGreaterThan(1), PATIENCE),
    end(rest) {
      if (rest instanceof Error) stream.destroy(rest);
      else for (const part of [rest, null]) stream.push(part);
    },
    isClosed: () => stream.destroyed,
  };
}

/** The suite that every driver of the BlobStore port passes. */
export function blobStoreContract(make: () => Awaitable<BlobsUnderTest>): void {
  describe('put and get', () => {
    test.each([
      ['no byte', Buffer.alloc(0)],
      ['one byte', Buffer.from([0])],
      ['exactly 1 MB', LARGE.subarray(0, MB)],
      ['more than 3 MB', LARGE],
    ])('keep %s, with size and SHA-256', async (_what, bytes) => {
      const { store, elsewhere } = await make();
      const source = () => Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
      expect(await store.put('job/0', source)).toEqual({ size: bytes.length, sha256: sha256(bytes) });
      expect(await elsewhere.stat('job/0')).toBe(bytes.length);
      expect((await buffer(await elsewhere.get('job/0'))).equals(bytes)).toBe(true);
    });

    test.each([
      [{ start: 0, end: 1 }],
      [{ start: MB - 3, end: MB + 3 }],
      [{ start: MB }],
      [{ start: 17, end: 2 * MB + 17 }],
      [{ start: LARGE.length - 1 }],
      [{ start: 3 * MB, end: 99 * MB }],
    ])('give the part %j', async (range: ByteRange) => {
      const { store } = await make();
      await store.put('job/0', sourceOf(LARGE));
      const found = await buffer(await store.get('job/0', range));
      expect(found.equals(LARGE.subarray(range.start, range.end))).toBe(true);
    });

    test('tell a range behind the end from a blob that is missing', async () => {
      const { store } = await make();
      await store.put('job/0', sourceOf('four'));
      await expect(store.get('job/0', { start: 4 })).rejects.toMatchObject({
        code: 'invalid_input',
        details: { size: 4 },
      });
      await expect(store.get('job/1', { start: 4 })).rejects.toMatchObject({ code: 'not_found' });
      await expect(store.get('job/0', { start: 1, end: 1 })).rejects.toMatchObject({ code: 'invalid_input' });
    });

    test('replace a blob whole, also by a shorter one', async () => {
      const { store } = await make();
      for (const bytes of [LARGE, LARGE.subarray(5, MB), Buffer.from('short'), LARGE.subarray(7)]) {
        await store.put('job/0', sourceOf(bytes));
        expect(await store.stat('job/0')).toBe(bytes.length);
        expect((await buffer(await store.get('job/0'))).equals(bytes)).toBe(true);
      }
    });

    test('keep blobs at once, each with its own bytes', async () => {
      const { store, elsewhere } = await make();
      const keys = Array.from({ length: 40 }, (_, n) => `job/main/${n * 300}.1/0`);
      await Promise.all(keys.map((key, n) => (n % 2 ? store : elsewhere).put(key, sourceOf(key))));
      for (const key of keys) expect(await contentOf(store, key)).toBe(key);
    });

    test('leave one whole blob when several are put under one key', async () => {
      const { store, elsewhere } = await make();
      const all = [0, 1, 2, 3].map((n) => LARGE.subarray(n, n + MB));
      await Promise.all(all.map((bytes, n) => (n % 2 ? store : elsewhere).put('job/0', sourceOf(bytes))));
      const found = await buffer(await store.get('job/0'));
      expect(all.map((bytes) => bytes.equals(found)).filter(Boolean)).toEqual([true]);
    });

    test('let a reader stop early', async () => {
      const { store } = await make();
      await store.put('job/0', sourceOf(LARGE));
      for (let n = 0; n < 20; n++) {
        const reader = await store.get('job/0');
        for await (const _ of reader) break;
        expect(reader.destroyed).toBe(true);
      }
      expect((await buffer(await store.get('job/0'))).equals(LARGE)).toBe(true);
    });

    test.each([
      ['replaced', (store: BlobStore) => store.put('job/0', sourceOf(Buffer.alloc(LARGE.length)))],
      ['deleted', (store: BlobStore) => store.delete('job')],
    ])('give a reader the blob that it opened or an error, when it is %s meanwhile', async (_how, change) => {
      const { store, elsewhere } = await make();
      await store.put('job/0', sourceOf(LARGE));
      const reader: AsyncIterator<Buffer> = (await store.get('job/0'))[Symbol.asyncIterator]();
      const first = await reader.next();
      await change(elsewhere);
      const rest = await buffer(Readable.from({ [Symbol.asyncIterator]: () => reader })).catch(() => 'failed' as const);
      const whole = rest === 'failed' ? rest : Buffer.concat([first.value as Buffer, rest]).equals(LARGE);
      expect([true, 'failed']).toContain(whole);
    });
  });

  describe('a put that is not over', () => {
    test('shows nothing of the blob until it is', async () => {
      const { store, elsewhere } = await make();
      const source = halting(LARGE);
      const put = store.put('job/0', source.open);
      await source.halfRead();
      expect(await elsewhere.stat('job/0')).toBeNull();
      await expect(elsewhere.get('job/0')).rejects.toMatchObject({ code: 'not_found' });
      source.end(Buffer.from('!'));
      expect(await put).toMatchObject({ size: LARGE.length + 1 });
      expect(await elsewhere.stat('job/0')).toBe(LARGE.length + 1);
    });

    test('shows the blob that it replaces until then', async () => {
      const { store, elsewhere } = await make();
      await store.put('job/0', sourceOf('old'));
      const source = halting(LARGE);
      const put = store.put('job/0', source.open);
      await source.halfRead();
      expect(await contentOf(elsewhere, 'job/0')).toBe('old');
      source.end(Buffer.from('!'));
      await put;
      expect(await elsewhere.stat('job/0')).toBe(LARGE.length + 1);
    });

    test.each([
      ['nothing', null],
      ['the blob that was there', 'old'],
    ])('leaves %s when its source fails, and throws the error of the source', async (_what, before) => {
      const { store } = await make();
      if (before !== null) await store.put('job/0', sourceOf(before));
      const source = halting(LARGE);
      const put = store.put('job/0', source.open);
      await source.halfRead();
      const error = Object.assign(new Error('the source broke'), { code: 'ENOSPC' });
      source.end(error);
      await expect(put).rejects.toBe(error);
      expect(await store.stat('job/0')).toBe(before?.length ?? null);
    });

    test('ends at an abort with its reason, closes a source that gives nothing more, and leaves nothing', async () => {
      const { store } = await make();
      const source = halting(LARGE);
      const abort = new AbortController();
      const put = store.put('job/0', source.open, abort.signal);
      await source.halfRead();
      const reason = new Error('enough');
      abort.abort(reason);
      await expect(put).rejects.toBe(reason);
      expect(source.isClosed()).toBe(true);
      await sleep(QUIET_MS);
      expect(await store.stat('job/0')).toBeNull();
    });

    test('does not open its source when it is aborted before', async () => {
      const { store } = await make();
      const source = vi.fn(sourceOf('x'));
      await expect(store.put('job/0', source, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
      expect(source).not.toHaveBeenCalled();
    });
  });

  describe('keys', () => {
    test.each([
      ['a large number', 'job/main/12345678.1/0'],
      ['every kind of character', 'job/A-Z_a.z/0-9'],
      ['the longest parts', `${'x'.repeat(200)}/${'9'.repeat(200)}/${'y'.repeat(110)}`],
      ['the most parts', `${'x/'.repeat(255)}xx`],
    ])('may have %s', async (_what, key) => {
      const { store, elsewhere } = await make();
      await store.put(key, sourceOf(key));
      expect(await contentOf(elsewhere, key)).toBe(key);
      expect(await store.delete(key)).toBe('deleted');
      expect(await elsewhere.stat(key)).toBeNull();
    });

    test('may continue each other', async () => {
      const { store } = await make();
      const keys = ['job', 'job/1', 'job/1/0', 'job/1000', 'job/1000/1000'];
      for (const key of [...keys, ...keys.toReversed()]) await store.put(key, sourceOf(key));
      for (const key of keys) expect(await contentOf(store, key)).toBe(key);
    });

    test.each(['', '..', '../job', 'job/', 'job//0', '/job', 'job/./0', 'job/a b'])(
      'of another form are refused by every method: %j',
      async (key) => {
        const { store } = await make();
        const refusal = { code: 'internal' };
        await expect(store.put(key, sourceOf('x'))).rejects.toMatchObject(refusal);
        await expect(store.get(key)).rejects.toMatchObject(refusal);
        await expect(store.stat(key)).rejects.toMatchObject(refusal);
        await expect(store.delete(key)).rejects.toMatchObject(refusal);
      },
    );
  });

  describe('stat and delete', () => {
    test('know nothing of a blob that was never put', async () => {
      const { store } = await make();
      expect(await store.stat('job/0')).toBeNull();
      expect(await store.delete('job')).toBe('deleted');
    });

    test('remove whole parts of keys, and nothing beside them', async () => {
      const { store, elsewhere } = await make();
      const keys = [
        'job/1',
        'job/1/0',
        'job/1/2/3',
        'job/10',
        'job/1.1',
        'job/1-0',
        'job/1000',
        'job1/1',
        'other/job/1',
      ];
      for (const key of keys) await store.put(key, sourceOf(key));
      await deleteAll(store, 'job/1');
      const there = async () => {
        const sizes = await Promise.all(keys.map((key) => elsewhere.stat(key)));
        return keys.filter((_, n) => sizes[n] !== null);
      };
      expect(await there()).toEqual(['job/10', 'job/1.1', 'job/1-0', 'job/1000', 'job1/1', 'other/job/1']);
      await deleteAll(store, 'job');
      expect(await there()).toEqual(['job1/1', 'other/job/1']);
    });

    test('remove many blobs in steps, from several processes at once', async () => {
      const { store, elsewhere } = await make();
      const keys = Array.from({ length: 2100 }, (_, n) => `job/main/${n}.1/0`);
      for (let n = 0; n < keys.length; n += 100) {
        await Promise.all(keys.slice(n, n + 100).map((key) => store.put(key, sourceOf('x'))));
      }
      expect(await store.delete('job')).toBe('left');
      const left = (await Promise.all(keys.map((key) => store.stat(key)))).filter((size) => size !== null);
      expect(left.length).toBeGreaterThan(0);
      await Promise.all([deleteAll(store, 'job'), deleteAll(elsewhere, 'job')]);
      for (const key of keys) expect(await store.stat(key)).toBeNull();
    });

    test('let neighbours be put meanwhile', async () => {
      const { store, elsewhere } = await make();
      let putting = true;
      const deleting = Array.from({ length: 3 }, async (_, n) => {
        while (putting) await elsewhere.delete(`job/main/7.1/${n}`);
      });
      try {
        for (let n = 10; n < 110; n++) {
          const key = `job/main/7.1/${n}`;
          await store.put(key, sourceOf(key));
          expect(await contentOf(elsewhere, key)).toBe(key);
          await deleteAll(store, key);
        }
      } finally {
        putting = false;
        await Promise.all(deleting);
      }
    });
  });
}
