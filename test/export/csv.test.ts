import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvFormat } from '../../src/export/csv.ts';

function written(cells: readonly (string | number | boolean | null)[], raw = false) {
  const writer = csvFormat.open({ raw });
  return { text: writer.begin(cells as readonly string[]), guarded: writer.guarded() };
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

  it('is off when raw is asked for', () => {
    expect(written(['=1+1'], true)).toEqual({ text: '=1+1\n', guarded: 0 });
  });

  it('stays quick on a long text that almost is a number', () => {
    expect(written([`+${'1'.repeat(1_000_000)}x`]).guarded).toBe(1);
  });
});

describe('for any cells', () => {
  const cell = fc.string({
    unit: fc.oneof(fc.constantFrom('"', ',', '\n', '\r', ' ', '=', "'"), fc.string({ unit: 'grapheme', maxLength: 1 })),
  });

  it('an independent reader gets back the same text', () => {
    fc.assert(
      fc.property(fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1 }), (rows) => {
        const writer = csvFormat.open({ raw: true });
        const text = rows.map((cells) => writer.cells(cells)).join('');
        expect(parse(text, { recordDelimiter: '\n' })).toEqual(rows);
      }),
    );
  });

  it('a row of one cell is never taken for no row', () => {
    fc.assert(
      fc.property(cell, (only) => {
        expect(parse(written([only], true).text, { recordDelimiter: '\n' })).toEqual([[only]]);
      }),
    );
  });
});
