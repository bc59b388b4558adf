import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { enumerateAll, refusal } from './helpers.ts';

function file(name: string, content: Uint8Array): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content);
  return path;
}

/** Rows that do not compress well, so that cuts and damage fall behind the first of them. */
const ROWS = Array.from({ length: 20_000 }, (_, at) => `${at},${randomBytes(12).toString('hex')}`);
const CSV = `id,x\n${ROWS.join('\n')}\n`;
const JSONL = ROWS.map((row) => `${JSON.stringify({ id: row.split(',')[0], x: row })}\n`).join('');
/** Frames that tell nothing to who decompresses (RFC 8878, 3.1.2). */
const SKIPPABLE = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7]);

const KINDS = [
  ['gzip', '.gz', gzipSync],
  ['zstd', '.zst', (text: string) => zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
] as const;

describe.each(KINDS)('%s', (name, ending, compress) => {
  test.each([
    ['csv', `x.csv${ending}`, CSV],
    ['csv', 'x', CSV],
    ['json', `x.jsonl${ending}`, JSONL],
    ['json', `x.ndjson${ending.toUpperCase()}`, JSONL],
    ['json', `x.json${ending}`, `[${JSONL.trim().replaceAll('\n', ',')}]`],
  ])('%s: reads %s', async (type, path, text) => {
    const { payloads } = await enumerateAll(type, { file_path: file(path, compress(text)) });
    expect(payloads).toHaveLength(ROWS.length);
    expect(payloads.at(-1)).toMatchObject({ id: '19999' });
  });

  test('detects the format from the name without the compressed ending', async () => {
    const { payloads } = await enumerateAll('json', { file_path: file(`x.jsonl${ending}`, compress('[1]\n')) });
    expect(payloads).toMatchObject([{ value: [1] }]);
  });

  test('reads an uncompressed file with a compressed name unchanged', async () => {
    expect(
      (await enumerateAll('csv', { file_path: file(`x.csv${ending}`, Buffer.from('a\n1\n')) })).payloads,
    ).toHaveLength(1);
  });

  test('reads a file of several parts to its end', async () => {
    const half = CSV.length / 2;
    const parts = [CSV.slice(0, half), CSV.slice(half)].map((text) => compress(text));
    const { payloads } = await enumerateAll('csv', { file_path: file('x', Buffer.concat(parts)) });
    expect(payloads).toHaveLength(ROWS.length);
  });

  test.each<[string, (whole: Buffer) => Uint8Array]>([
    ['cut off', (whole) => whole.subarray(0, whole.length - 9)],
    ['cut off in the middle', (whole) => whole.subarray(0, whole.length / 2)],
    ['cut off in its second part', (whole) => Buffer.concat([whole, whole.subarray(0, 999)])],
    ['damaged', (whole) => whole.map((byte, at) => (at === whole.length - 2 ? byte ^ 0xff : byte))],
    ['followed by something else', (whole) => Buffer.concat([whole, Buffer.from('something else')])],
  ])('refuses a file that is %s, with the line reached', async (_, damage) => {
    const error = await refusal(() => enumerateAll('csv', { file_path: file('x', damage(compress(CSV))) }));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(new RegExp(`, after line \\d{3,}: expected a whole ${name} file, found damage \\(`));
    expect(error.hint).toContain(`${name} -t`);
  });

  test('needs no more memory than its rows for a file that expands a thousandfold', async () => {
    const row = `${'0'.repeat(9_999)}\n`;
    const path = file('bomb', compress(`a\n${row.repeat(20_000)}`));
    const enumeration = (await import('../../src/enumerators/csv.ts')).csvEnumerator;
    const before = process.memoryUsage.rss();
    let peak = 0;
    let count = 0;
    const config = enumeration.configSchema.parse({ file_path: path });
    for await (const { payload } of enumeration.enumerate(config, { workingDirectory: '/' })) {
      if ((payload.a as string).length !== 9_999) break;
      if (++count % 100 === 0) peak = Math.max(peak, process.memoryUsage.rss() - before);
    }
    expect(count).toBe(20_000);
    expect(peak).toBeLessThan(150 * 1024 * 1024);
  }, 60_000);
});

test('ignores zero padding of gzip and skippable frames of zstd', async () => {
  const gzip = Buffer.concat([gzipSync('a\n1\n'), Buffer.alloc(512)]);
  expect((await enumerateAll('csv', { file_path: file('x', gzip) })).payloads).toHaveLength(1);
  const zstd = Buffer.concat([SKIPPABLE, zstdCompressSync('a\n'), SKIPPABLE, zstdCompressSync('1\n')]);
  expect((await enumerateAll('csv', { file_path: file('x', zstd) })).payloads).toHaveLength(1);
});

test('refuses an endless line, compressed or not', async () => {
  const path = file('x.jsonl.gz', gzipSync('0'.repeat(40 * 1024 * 1024)));
  expect((await refusal(() => enumerateAll('json', { file_path: path }))).message).toMatch(
    /expected at most \d+ characters/,
  );
});
