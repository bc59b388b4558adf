import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hintText } from '../../src/domain/hint.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { refusal, settingsIn, sourceItems } from './helpers.ts';

const read = (file_path: string, config: JsonObject) => sourceItems('csv', { file_path, ...config });
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const rows = (count: number, row: (at: number) => string) => Array.from({ length: count }, (_, at) => row(at)).join('');

/** What is odd about a file, its text, its settings, and the names of the settings to be named, in order. */
const REFUSED: readonly (readonly [string, string | Uint8Array, JsonObject, readonly string[]])[] = [
  // White space
  ['a blank before a quote', 'id,name\n1, "x, y"\n', {}, ['trim']],
  ['a blank after a quote', 'id,name\n"1" ,2\n3,4\n', {}, ['trim']],
  ['a line of blanks', 'id,name\n1,2\n  \n', {}, ['trim', 'on_invalid']],
  ['blanks around the name of the id_column', ' id , name\n1,2\n', { id_column: 'id' }, ['trim']],
  // Quotes
  ['single quotes', "id,name\n1,'a, b'\n", {}, ['quote']],
  ['backticks', 'id,name\n1,`a, b`\n2,c\n', {}, ['quote', 'on_invalid']],
  ['double quotes, where others are expected', 'id,name\n1,"a, b"\n', { quote: "'" }, ['quote']],
  ['quotes, where none are expected', 'id,name\n1,"a, b"\n', { quote: 'none' }, ['quote']],
  ['an inch mark', 'id,name\n1,5"\n2,6\n', {}, ['quote', 'relax_quotes', 'on_invalid']],
  ['a field of one inch mark', 'id,name\n1,"5\n2,6\n', {}, ['quote']],
  ['an inch mark beside quoted fields', 'id,name\n1,5"\n2,"6, 7"\n', {}, ['relax_quotes', 'on_invalid']],
  ['quoted words at the start of a field', 'id,name\n1,"x" y\n', {}, ['relax_quotes', 'quote']],
  ['quotes after a backslash', 'id,name\n1,"5\\" x, y"\n', {}, ['escape']],
  ['quotes written twice, where a backslash is set', 'id,name\n1,"5"" x, y"\n', { escape: '\\' }, ['escape']],
  // Comments and lines before the header
  ['a comment above', '# x 2024\nid,name\n1,Ada\n', {}, ['comment', 'skip_lines']],
  ['a comment between', 'id,name\n1,Ada\n// x\n2,Bo\n', {}, ['comment', 'on_invalid']],
  ['a comment far below', `id,name\n${rows(20_000, (at) => `${at},name\n`)}-- x\n1,2\n`, {}, ['comment', 'on_invalid']],
  ['a title', 'Orders of May\nid,name\n1,Ada\n', {}, ['skip_lines']],
  ['a title with delimiters', 'Orders, May, 2024, all\nid,name\n1,Ada\n', {}, ['skip_lines']],
  ['a title above the id_column', 'Orders\nid\n1\n', { id_column: 'id' }, ['skip_lines']],
  ['a header that is skipped', 'id,name\n1,Ada\n', { skip_lines: 1, id_column: 'id' }, ['skip_lines']],
  ['more lines to skip than there are', 'id\n1\n', { skip_lines: 9 }, ['skip_lines']],
  [
    'lines above with decimal commas below',
    'Firma: X\nDatum: 1.1.2024\n\nid;name;wert\n1;x;1,5\n2;y;2,5\n',
    {},
    ['skip_lines'],
  ],
  [
    'lines above with a comma in some fields',
    'Report\nof May\nname;city\nAda;Rome\nBo;Oslo, Norway\nCy;Bern\n',
    {},
    ['skip_lines'],
  ],
  [
    'lines above, some with delimiters',
    'Orders, May\nall\nid,name\n1,Ada\n2,Bo\n',
    {},
    ['skip_lines', 'ragged_rows', 'ragged_rows', 'on_invalid'],
  ],
  ['a line above a table of two lines', 'Report\nname;cost\nAda;1,5', {}, ['skip_lines']],
  ['a title with a quote', 'Orders "May"\nid,name\n1,Ada\n', {}, ['skip_lines']],
  // Names
  ['an id_column in another case', 'Id,name\n1,Ada\n', { id_column: 'id' }, ['id_column']],
  ['an id_column, and no header set', 'id,name\n1,Ada\n', { id_column: 'id', has_header: false }, ['has_header']],
  // Delimiters
  ['a caret', 'id^name\n1^a, b\n', {}, ['delimiter']],
  ['another delimiter than the config says', 'id;name\n1;a, b\n', { delimiter: ',' }, ['delimiter']],
  ['a tab, where a comma is set', 'id\tname\n1\ta, b\n', { delimiter: ',' }, ['delimiter']],
  ['two colons', 'id::name\n1::a, b\n2::c\n', {}, ['delimiter', 'on_invalid']],
  ['another delimiter with an id_column', 'id;name\n1;2\n', { delimiter: ',', id_column: 'id' }, ['delimiter']],
  // Ragged rows
  ['a short row', 'id,name\n1\n2,3\n', {}, ['ragged_rows', 'ragged_rows', 'on_invalid']],
  ['a long row', 'id,name\n1,2,3\n4,5\n', {}, ['ragged_rows', 'on_invalid']],
  ['an empty field too many', 'id,name\n1,2,\n4,5\n', {}, ['ragged_rows', 'ragged_rows', 'on_invalid']],
  ['a delimiter at the end of every row', 'a,b\n1,2,\n3,4,\n', {}, ['ragged_rows']],
  ['a tab at the end of every row', 'a\tb\n1\t2\t\n3\t4\t\n', {}, ['ragged_rows']],
  ['delimiters at the end of every row', 'a;b\n1;2;;\n3;4;;\n', {}, ['ragged_rows']],
  ['a delimiter at the end of the header', 'a,b,\n1,2\n3,4\n', {}, ['ragged_rows']],
  ['a tab at the end of the header', 'a\tb\t\r\n1\t2\r\n3\t4\r\n', {}, ['ragged_rows']],
  [
    'a long row where short ones are filled up',
    'id,name\n1,2,3\n4,5\n',
    { ragged_rows: 'pad' },
    ['ragged_rows', 'on_invalid'],
  ],
  // Encodings
  ['an old encoding', latin1('id,name\n1,caf\xe9\n2,x\n'), {}, ['encoding', 'on_invalid']],
  ['an old encoding in the header', latin1('id,caf\xe9\n1,2\n'), {}, ['encoding']],
  ['UTF-8, where another is set', 'id,name\n1,日本\n', { encoding: 'euc-jp' }, ['encoding', 'encoding']],
  ['UTF-16 without a mark', Buffer.from('id,name\n1,Ada\n', 'utf16le'), {}, ['encoding']],
  ['UTF-16 the other way round', Buffer.from('id,name\n1,Ada\n', 'utf16le').swap16(), {}, ['encoding']],
  ['a NUL character', 'id,name\n1,\0\n2,x\n', {}, ['on_invalid']],
  // Nothing but the record itself
  ['no id', 'id,name\n,Ada\n2,Bo\n', { id_column: 'id' }, ['on_invalid']],
  // No setting
  ['no id in the only row', 'id,name\n,Ada\n', { id_column: 'id' }, []],
  ['an empty file', '', {}, []],
  ['a quote never closed, with invalid rows to be skipped', 'a,b\n1,"x\n2,y\n', { on_invalid: 'skip' }, ['quote']],
];

describe('a refusal names the one setting that cures it', () => {
  test.each(REFUSED)('%s', async (_, content, config, names) => {
    const path = join(temporaryDirectory(), 'source.csv');
    writeFileSync(path, content);
    const hint = hintText((await refusal(() => read(path, config))).hint ?? '');
    const settings = settingsIn(hint);
    expect(
      settings.flatMap((setting) => Object.keys(setting)),
      hint,
    ).toEqual(names);
    for (const setting of settings) expect(await read(path, { ...config, ...setting }), hint).not.toEqual([]);
  });

  test('the table has enough rows', () => expect(REFUSED.length).toBeGreaterThanOrEqual(25));

  test('names settings for the row if no single setting reads the file', async () => {
    const path = join(temporaryDirectory(), 'source.csv');
    writeFileSync(path, 'a,b\n1,5"\n2,3,4\n5,6\n');
    const { hint } = await refusal(() => read(path, { ragged_rows: 'pad' }));
    expect(hint).toMatch(/No setting alone reads all of the file\. For this row: quote: "none" .*on_invalid: "skip"/);
    for (const relaxed of [{ quote: 'none' }, { relax_quotes: true }]) {
      const error = await refusal(() => read(path, { ...relaxed, ragged_rows: 'pad' }));
      expect(error.message).toContain('line 3');
    }
  });
});
