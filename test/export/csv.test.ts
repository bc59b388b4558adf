import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvFormat, tsvFormat } from '../../src/export/csv.ts';

function written(cells: readonly (string | number | boolean | null)[], raw = false) {
  const writer = csvFormat.open({ raw });
  return { text: writer.begin(cells as readonly string[]), guarded: writer.notes().guarded };
}

describe('the formula guard', () => {
  it.each([
    ['=1+1'],
    ['=cmd|" /C calc"!A0'],
    ['+cmd|x'],
    ['-2+3+cmd|x'],
    ['@SUM(A1)'],
    ['\t=1'],
    ['\r=1'],
    ['\n=1'],
    ['＝1+1'],
    ['-'],
    ['--'],
    ['+'],
    ['-x'],
    ['- a list item'],
    [' =1'],
    ['\u00a0@SUM(A1)'],
    ['-5 kg'],
    ['-1+x5'],
    ['\u200b=1+1'],
    ['\u200b\ufeff\u00ad=cmd|x'],
    ['\u202e@SUM(A1)'],
    ['\u200d\u200d+cmd'],
    ['\u2028=1'],
    ['\ufe0f-x'],
    ['\u{e0041}=1'],
    ['\u0001=1'],
    ['﹦1'],
    ['\u200b＝1'],
    ['\u200b-5'],
  ])('puts an apostrophe before %j', (cell) => {
    const { text, guarded } = written(['x', cell]);
    expect(parse(text)).toEqual([['x', `'${cell}`]]);
    expect(guarded).toBe(1);
  });

  it.each([
    ['-5'],
    ['+5'],
    ['-1.5e-3'],
    ['-1,234.56'],
    ['-12%'],
    ['+49 (30) 123-456'],
    ['+1-555-0100'],
    ['a=1'],
    ['-$1,234.50'],
    ['-5 €'],
    ['+1 555 123-4567 ext. 89'],
    ['+1-555-0100x12'],
    [' -5'],
    [' x=1'],
    ["'=1"],
    ['"=1'],
    ['2-3'],
    [''],
  ])('leaves %j as it is', (cell) => {
    const { text, guarded } = written(['x', cell]);
    expect(parse(text)).toEqual([['x', cell]]);
    expect(guarded).toBe(0);
  });

  it('leaves numbers, booleans and nothing alone', () => {
    expect(written([-5, 1e-7, false, null])).toEqual({ text: '-5,1e-7,false,\n', guarded: 0 });
  });

  it('is off with raw', () => {
    expect(written(['=1+1'], true)).toEqual({ text: '=1+1\n', guarded: 0 });
  });

  it('is fast on a long text that is almost a number', () => {
    expect(written([`+${'1'.repeat(1_000_000)}x`]).guarded).toBe(1);
  });
});

describe('a NUL', () => {
  it.each([
    ['inside a cell', 'a\0b', 'ab'],
    ['alone', '\0', ''],
    ['before a formula, which is guarded', '\0=1', "'=1"],
  ])('%s is removed and counted', (_what, cell, found) => {
    for (const format of [csvFormat, tsvFormat]) {
      const writer = format.open({ raw: false });
      expect(parse(writer.cells(['x', cell], 0), { delimiter: [',', '\t'] })).toEqual([['x', found]]);
      expect(writer.notes()).toMatchObject({ nul_left_out: 1 });
    }
  });
});

describe('a cell too long for Excel', () => {
  const texts = [32_767, 32_768, 40_000].map((length) => 'x'.repeat(length));

  it('is written in full and reported with its place', () => {
    const writer = csvFormat.open({ raw: false });
    writer.begin(['a', 'b']);
    const lines = texts.map((text, unit) => writer.cells(['', text], unit));
    expect(lines.join('')).toContain(texts[2]);
    expect(writer.notes()).toEqual({
      guarded: 0,
      long_cells: {
        count: 2,
        first: [
          { unit: 1, column: 'b', characters: 32_768 },
          { unit: 2, column: 'b', characters: 40_000 },
        ],
      },
    });
  });

  it('counts its guard, and a list as JSON', () => {
    const writer = tsvFormat.open({ raw: false });
    writer.begin(['a']);
    writer.cells([`=${'x'.repeat(32_766)}`], 7);
    writer.cells([[texts[0] ?? '']], 8);
    expect(writer.notes().long_cells).toMatchObject({ count: 2, first: [{ unit: 7 }, { unit: 8 }] });
  });

  it('is listed at most five times', () => {
    const writer = csvFormat.open({ raw: false });
    for (let unit = 0; unit < 9; unit++) writer.cells([texts[2] ?? ''], unit);
    expect(writer.notes().long_cells).toMatchObject({ count: 9, first: { length: 5 } });
  });
});

describe('for any cells', () => {
  const cell = fc.string({
    unit: fc.oneof(fc.constantFrom('"', ',', '\n', '\r', ' ', '=', "'"), fc.string({ unit: 'grapheme', maxLength: 1 })),
  });

  it('an independent reader returns the same text', () => {
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1 }), (rows) => {
        const writer = csvFormat.open({ raw: true });
        const text = rows.map((cells) => writer.cells(cells, 0)).join('');
        expect(parse(text, { recordDelimiter: '\n' })).toEqual(rows);
      }),
    );
  });

  it('a row of one cell is never read as no row', () => {
    fc.assert(
      fc.property(cell, (only) => {
        expect(parse(written([only], true).text, { recordDelimiter: '\n' })).toEqual([[only]]);
      }),
    );
  });
});
