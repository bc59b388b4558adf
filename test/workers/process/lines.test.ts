import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineSplitter, readLines, readWhole } from '../../../src/workers/process/lines.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

async function linesOf(file: string, from?: number) {
  const lines = [];
  for await (const line of readLines(file, from)) lines.push(line);
  return lines;
}

describe('lines', () => {
  it('are the same however the bytes are split into chunks', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'ä', '😀', '"', '\r', ' ') }), { minLength: 1 });
    fc.assert(
      fc.property(texts, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.join('\n'));
        const splitter = lineSplitter();
        const seen: string[] = [];
        for (let at = 0; at < bytes.length; ) {
          const size = cuts.next().value ?? 1;
          seen.push(...splitter.push(bytes.subarray(at, at + size)));
          at += size;
        }
        expect([...seen, splitter.rest()]).toEqual(lines);
      }),
    );
  });

  it('are numbered from 0, start at a given line, and include the unfinished last one', async () => {
    const file = path.join(temporaryDirectory(), 'stdout');
    writeFileSync(file, 'one\n\nthree\nhalf');
    expect(await linesOf(file)).toEqual([
      { seq: 0, text: 'one' },
      { seq: 1, text: '' },
      { seq: 2, text: 'three' },
      { seq: 3, text: 'half' },
    ]);
    expect(await linesOf(file, 3)).toEqual([{ seq: 3, text: 'half' }]);
  });

  it('replace what is not UTF-8 instead of failing', async () => {
    const file = path.join(temporaryDirectory(), 'stdout');
    writeFileSync(file, Buffer.from([0x61, 0xff, 0x0a, 0xc3]));
    expect((await linesOf(file)).map(({ text }) => text)).toEqual(['a\u{fffd}', '\u{fffd}']);
  });

  it('come from the compressed file if the plain one is gone; none if both are', async () => {
    const file = path.join(temporaryDirectory(), 'stdout');
    writeFileSync(`${file}.gz`, gzipSync('one\ntwo\n'));
    expect((await linesOf(file)).map(({ text }) => text)).toEqual(['one', 'two']);
    expect(await readWhole(file)).toBe('one\ntwo\n');
    expect(await linesOf(`${file}-none`)).toEqual([]);
    expect(await readWhole(`${file}-none`)).toBe('');
  });

  it('may be very long', async () => {
    const file = path.join(temporaryDirectory(), 'stdout');
    const long = 'ä'.repeat(5 << 20);
    writeFileSync(file, `${long}\nend\n`);
    const [first, second] = await linesOf(file);
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(hash(first?.text ?? '')).toBe(hash(long));
    expect(second?.text).toBe('end');
  });
});
