import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { detectDelimiter } from '../../src/enumerators/csv/detect-delimiter.ts';
import { csvEnumerator } from '../../src/enumerators/csv.ts';
import { parseConfig } from '../../src/enumerators/index.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { enumerateAll, refusal } from './helpers.ts';

/** A file with this content. */
function file(content: string | Uint8Array, name = 'source.csv'): string {
  const path = join(temporaryDirectory(), name);
  writeFileSync(path, content);
  return path;
}

/** The columns of every row, without `_row_index` and `_id`. */
async function rows(content: string | Uint8Array, config: JsonObject = {}): Promise<Record<string, Json>[]> {
  const { payloads } = await enumerateAll('csv', { file_path: file(content), ...config });
  return payloads.map(({ _row_index, _id, ...columns }) => columns);
}

test('yields the columns as text, the row number, the key and the line', async () => {
  const { items } = await enumerateAll('csv', { file_path: file('sku,price\nA1,007.50\nB2,1e3\n'), id_column: 'sku' });
  expect(items).toEqual([
    { key: 'A1', place: 'line 2', payload: { sku: 'A1', price: '007.50', _row_index: 0, _id: 'A1' } },
    { key: 'B2', place: 'line 3', payload: { sku: 'B2', price: '1e3', _row_index: 1, _id: 'B2' } },
  ]);
});

test('uses the row number as key without id_column', async () => {
  const { items } = await enumerateAll('csv', { file_path: file('a\nx\ny\n') });
  expect(items.map(({ key, payload }) => [key, payload._id])).toEqual([
    [undefined, '0'],
    [undefined, '1'],
  ]);
});

test('keeps the values of columns named _id and _row_index', async () => {
  const { payloads } = await enumerateAll('csv', { file_path: file('_id,_row_index,n\nx,y,1\n'), id_column: 'n' });
  expect(payloads).toEqual([{ _id: 'x', _row_index: 'y', n: '1' }]);
});

describe('accepted files', () => {
  const ab = [{ a: '1', b: '2' }];
  test.each<[string, string | Uint8Array, JsonObject, readonly JsonObject[]]>([
    ['a byte order mark', '\u{FEFF}a,b\n1,2\n', {}, ab],
    ['CRLF', 'a,b\r\n1,2\r\n', {}, ab],
    ['CR', 'a,b\r1,2\r', {}, ab],
    ['no line break at the end', 'a,b\n1,2', {}, ab],
    ['empty lines', '\n\na,b\n\n1,2\n\n\n', {}, ab],
    ['quoted line breaks and quotes', 'a,b\n"x\r\ny","say ""hi"""\n', {}, [{ a: 'x\r\ny', b: 'say "hi"' }]],
    ['spaces are kept', 'a,b\n 1 ,\t\n', {}, [{ a: ' 1 ', b: '\t' }]],
    ['only a header', 'a,b\n', {}, []],
    ['one column', 'a\n1\n2\n', {}, [{ a: '1' }, { a: '2' }]],
    ['a quoted empty value in the only column', 'a\n""\n', {}, [{ a: '' }]],
    ['no header', '1,2\n', { has_header: false, columns: ['a', 'b'] }, ab],
    ['no header and no names', '1,2\n', { has_header: false }, [{ column_1: '1', column_2: '2' }]],
    ['names instead of the header', 'x,y\n1,2\n', { columns: ['a', 'b'] }, ab],
    ['an empty file without a header', '', { has_header: false }, []],
    ['a column called __proto__', 'a,__proto__\n1,2\n', {}, [JSON.parse('{"a":"1","__proto__":"2"}')]],
    ['gzip', gzipSync('a,b\n1,2\n'), {}, ab],
    ['UTF-16, by its mark', Buffer.from('\u{FEFF}a,b\n1,é\n', 'utf16le'), {}, [{ a: '1', b: 'é' }]],
    ['UTF-8, by mark and name', '\u{FEFF}a,b\n1,2\n', { encoding: 'utf8' }, ab],
    ['UTF-16, by name', Buffer.from('a,b\n1,é\n', 'utf16le'), { encoding: 'utf-16le' }, [{ a: '1', b: 'é' }]],
    ['an old encoding', Buffer.from('a,b\n1,\x80é\n', 'latin1'), { encoding: 'windows-1252' }, [{ a: '1', b: '€é' }]],
    [
      'a Japanese one',
      new Uint8Array([0x61, 0x0a, 0x93, 0xfa, 0x96, 0x7b]),
      { encoding: 'shift_jis' },
      [{ a: '日本' }],
    ],
    ['a delimiter of two characters', 'a::b\n1::2\n', { delimiter: '::' }, ab],
    ['a tab by name', 'a\tb\n1\t2\n', { delimiter: 'tab' }, ab],
    ['a sep= line', 'sep=;\r\na;b\r\n1;2\r\n', {}, ab],
    ['the same for a tab, after a mark', '\u{FEFF}SEP=\t\na\tb\n1\t2\n', {}, ab],
    ['one that is not among the usual', 'sep=^\na^b\n1^2\n', {}, ab],
    ['one that the data does not suggest', 'sep=;\na,x;b,y\n1;2\n', {}, [{ 'a,x': '1', 'b,y': '2' }]],
    ['one that the config says, too', 'sep=;\na;b\n1;2\n', { delimiter: ';' }, ab],
    ['one that the config contradicts', 'sep=;\n1;2\n', { delimiter: ',' }, [{ 'sep=;': '1;2' }]],
    ['a column that only looks like it', 'sep=x\n1\n', {}, [{ 'sep=x': '1' }]],
    [
      'one without a header, within a limit',
      'sep=;\n1;2\n3;4\n',
      { has_header: false, columns: ['a', 'b'], limit: 1 },
      ab,
    ],
  ])('%s', async (_, content, config, expected) => {
    expect(await rows(content, config)).toEqual(expected);
  });

  test('a sep= line counts as a line', async () => {
    const { items } = await enumerateAll('csv', { file_path: file('sep=;\na;b\n1;2\n') });
    expect(items.map(({ place }) => place)).toEqual(['line 3']);
    const error = await refusal(() => rows('sep=;\na;b\n1;2\n3\n'));
    expect(error.message).toMatch(/line 4: expected 2 fields, found 1$/);
  });

  test('characters and CRLF may be split between chunks', async () => {
    const value = 'é🙂"",\r\n'.repeat(7);
    const content = `a,b\r\n${`"${value}",x\r\n`.repeat(8000)}`;
    const read = await rows(content);
    expect(read).toHaveLength(8000);
    expect(new Set(read.map((row) => JSON.stringify(row)))).toEqual(
      new Set([JSON.stringify({ a: value.replaceAll('""', '"'), b: 'x' })]),
    );
  });
});

describe('delimiter detection', () => {
  test.each([
    ['commas', 'a,b\n1,2\n'],
    ['semicolons, with decimal commas', 'a;b\n1,5;2,5\n3,5;4,5\n'],
    ['tabs', 'a\tb\nx, y\tz\n'],
    ['bars', 'a|b\n1;2|3\n'],
    ['delimiters in quotes', 'a;b\n"x,y,z";1\n"p,q,r";2\n'],
    ['line breaks in quotes', 'a,b\n"x\n;;\n",2\n'],
    ['semicolons, with a comma in the header and no line break at the end', 'a;b\nx;1,5'],
  ])('%s', async (_, content) => {
    for (const row of await rows(content)) expect(Object.keys(row)).toEqual(['a', 'b']);
  });

  test('counts a last row without a line break unless it may be truncated', async () => {
    expect(await rows('Name;Price, EUR\nx;1')).toEqual([{ Name: 'x', 'Price, EUR': '1' }]);
    const many = 'a,b\n1,2\n'.repeat(10);
    expect(detectDelimiter({ text: `${many}1`, isWhole: false })).toBe(',');
  });

  test('ignores delimiters inside quotes of the header', async () => {
    expect(await rows('some words\nx\n')).toEqual([{ 'some words': 'x' }]);
  });
});

test('renames columns with an empty or repeated name, with a warning', async () => {
  const { payloads, warnings } = await enumerateAll('csv', { file_path: file('a,,a,a,a_2,\n1,2,3,4,5,6\n') });
  expect(payloads).toMatchObject([{ a: '1', column_2: '2', a_3: '3', a_4: '4', a_2: '5', column_6: '6' }]);
  expect(warnings).toEqual([expect.objectContaining({ kind: 'renamed_column', count: 4 })]);
});

describe('refusals with the place', () => {
  test.each<[string, string | Uint8Array, JsonObject, RegExp]>([
    ['a row too short', 'a,b\n1,2\n3\n', {}, /source\.csv, line 3: expected 2 fields, found 1/],
    ['a row too long', 'a,b\n1,2,3\n', {}, /line 2: expected 2 fields, found 3/],
    [
      'a ragged row after quoted line breaks and empty lines',
      'a,b\r\n"x\r\ny\r\n",2\r\n\r\n"z\n",3\r\n4\r\n',
      {},
      /line 8: /,
    ],
    ['another number of columns than names', 'a,b\n1,2\n', { columns: ['x'] }, /line 1: expected 1 fields.*found 2/],
    ['a quote that is not closed', 'a\n1\n"2\n3\n', {}, /line 3: expected a closing quote, found the end/],
    ['text after a closing quote', 'a\n"1"2\n', {}, /line 2: expected a delimiter after a closing quote/],
    ['a quote inside a bare field', 'a\n5" pipe\n', {}, /line 2: expected no quote inside a field without quotes/],
    ['an empty file', '', {}, /line 1: expected a row of column names, found an empty file/],
    [
      'only comments',
      '#a,b\n\n#1,2\n',
      { comment: '#' },
      /line 1: expected a row of .*, found only empty lines and comments/,
    ],
    [
      'a row without its id',
      'id,b\n1,2\n,3\n',
      { id_column: 'id' },
      /line 3: expected a value in id_column "id", found none/,
    ],
    [
      'an unknown id_column',
      'id,b\n1,2\n',
      { id_column: 'ID' },
      /id_column: expected a column of .*found "ID"\. Did you mean "id"\?/,
    ],
    [
      'bytes that are not UTF-8',
      Buffer.from('a,b\n1,2\n3,caf\xe9\n', 'latin1'),
      {},
      /line 3: expected utf-8, found bytes/,
    ],
    [
      'the same after lines that end with CR alone',
      Buffer.from('a,b\r1,2\r3,\xe9\r', 'latin1'),
      {},
      /line 3: expected utf-8/,
    ],
    ['a NUL after lines that end with CR alone', 'a,b\r1,2\r3,\0\r', {}, /line 3: expected text in utf-8, found a NUL/],
    [
      'another encoding than the byte order mark says',
      '\u{FEFF}a,b\n1,2\n',
      { encoding: 'latin1' },
      /line 1: expected latin1, found the byte order mark of utf-8/,
    ],
    ['a character cut off at the end', Buffer.from('a,b\n1,\xc3', 'latin1'), {}, /line 2: expected utf-8/],
    [
      'half a gzip file',
      gzipSync('a,b\n1,2\n'.repeat(999)).subarray(0, 40),
      {},
      /expected a whole gzip file, found damage/,
    ],
  ])('%s', async (_, content, config, message) => {
    const error = await refusal(() => rows(content, config));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(/\w/);
  });

  test.each(['\n', '\r\n', '\r'])('bytes that are not UTF-8, far into a large file, lines ending %j', async (end) => {
    const content = Buffer.from(`a,b${end}${`1,caf\xc3\xa9${end}`.repeat(60_000)}3,caf\xe9${end}`, 'latin1');
    expect((await refusal(() => rows(content))).message).toContain('line 60002: ');
  });

  test('a directory', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'x.csv'));
    const error = await refusal(() => enumerateAll('csv', { file_path: join(directory, 'x.csv') }));
    expect(error.message).toMatch(/^file_path: expected a file, found a directory or device: /);
  });

  test.each<[string, JsonObject, string]>([
    ['an encoding that does not exist', { encoding: 'utf-9' }, 'encoding: expected an encoding such as'],
    ['a quote as delimiter', { delimiter: '"' }, 'delimiter: expected no quote'],
    ['the same name twice', { columns: ['a', 'a'] }, 'columns: expected names that differ'],
    ['a limit of 0', { limit: 0 }, 'limit: expected at least 1, found 0'],
  ])('in the config: %s', async (_, config, message) => {
    const error = await refusal(() => parseConfig(csvEnumerator, { file_path: 'x', ...config }));
    expect(error.message).toContain(message);
  });
});

test('ignores a fault after the limit', async () => {
  expect(await rows('a,b\n1,2\n3,4\nragged\n"', { limit: 2 })).toHaveLength(2);
});
