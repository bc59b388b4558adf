import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import { csvEnumerator } from '../../src/enumerators/csv.ts';
import { parseConfig } from '../../src/enumerators/index.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { enumerateAll, refusal } from './helpers.ts';

function file(content: string | Uint8Array): string {
  const path = join(temporaryDirectory(), 'source.csv');
  writeFileSync(path, content);
  return path;
}

/** A file with a header `a,b`, and what its rows are: a line of the file → its two values. */
type Rows = Readonly<Record<number, readonly [string, string]>>;

/** Files as people have them, by what is odd about them; each is refused or misread without its settings. */
const FILES: readonly (readonly [string, string | Uint8Array, JsonObject, Rows])[] = [
  // Comments
  ['a comment above', '# made by hand\na,b\n1,2\n', { comment: '#' }, { 3: ['1', '2'] }],
  [
    'comments between, with delimiters and quotes',
    'a,b\n#x,"y\n1,2\n# z\n3,4\n',
    { comment: '#' },
    { 3: ['1', '2'], 5: ['3', '4'] },
  ],
  ['a comment at the end', 'a,b\n1,2\n#total: 1', { comment: '#' }, { 2: ['1', '2'] }],
  ['the mark in a field is text', 'a,b\n1,#2\nx#y,"#z"\n', { comment: '#' }, { 2: ['1', '#2'], 3: ['x#y', '#z'] }],
  ['a mark of two characters', '// x\na,b\r\n// y\r\n1,2\r\n', { comment: '//' }, { 4: ['1', '2'] }],
  ['percent signs', '%1\n%2\na,b\n5%,6\n', { comment: '%' }, { 4: ['5%', '6'] }],
  ['comments with CR alone', '#x\ra,b\r#y\r1,2\r', { comment: '#' }, { 4: ['1', '2'] }],
  [
    'comments and empty lines',
    '#x\n\na,b\n\n#y\n\n"1\n1",2\n\n3,4\n',
    { comment: '#' },
    { 7: ['1\n1', '2'], 10: ['3', '4'] },
  ],
  [
    'a comment that suggests another delimiter',
    '# a;b;c;d\na,b\n# e;f;g;h\n1;,2\n',
    { comment: '#' },
    { 4: ['1;', '2'] },
  ],
  // Lines before the header
  ['a title', 'Orders of May\na,b\n1,2\n', { skip_lines: 1 }, { 3: ['1', '2'] }],
  [
    'a title, a date and an empty line',
    'Orders\nas of 2024-05-01, 12:00\n\na,b\n1,2\n',
    { skip_lines: 3 },
    { 5: ['1', '2'] },
  ],
  ['lines with quotes never closed', 'The "Report\n5" wide\r\na,b\r\n1,2\r\n', { skip_lines: 2 }, { 4: ['1', '2'] }],
  ['lines with CR alone', 'x\ry\ra,b\r1,2\r', { skip_lines: 2 }, { 4: ['1', '2'] }],
  [
    'a preamble longer than what is read at once',
    `${'x'.repeat(99)}\n`.repeat(2000).concat('a;b\n1;2\n'),
    { skip_lines: 2000 },
    { 2002: ['1', '2'] },
  ],
  ['a sep= line after a title', 'x\nsep=^\na^b\n1^2\n', { skip_lines: 1 }, { 4: ['1', '2'] }],
  ['a sep= line above a title', 'sep=^\nx\na^b\n1^2\n', { skip_lines: 2 }, { 4: ['1', '2'] }],
  ['a title and comments', 'x\n#y\na,b\n1,2\n', { skip_lines: 1, comment: '#' }, { 4: ['1', '2'] }],
  ['a byte order mark and a title', '\u{FEFF}x\na,b\n1,2\n', { skip_lines: 1 }, { 3: ['1', '2'] }],
  // Quotes as text
  [
    'no quotes at all: inch marks',
    'a,b\n7" x 10",1\n"x,2\n',
    { quote: 'none' },
    { 2: ['7" x 10"', '1'], 3: ['"x', '2'] },
  ],
  ['a quote alone in a field', 'a\tb\n"\t2\n', { quote: 'none' }, { 2: ['"', '2'] }],
  ['quotes around everything, as text', 'a|b\n"1"|""\n', { quote: 'none' }, { 2: ['"1"', '""'] }],
  ['inch marks beside quoted fields', 'a,b\n5" pipe,"x, y"\n', { relax_quotes: true }, { 2: ['5" pipe', 'x, y'] }],
  ['feet and inches', `a,b\n6'2",5'\n`, { relax_quotes: true }, { 2: [`6'2"`, `5'`] }],
  [
    'words in quotes inside a bare field',
    'a,b\nthe "best" one,1\n',
    { relax_quotes: true },
    { 2: ['the "best" one', '1'] },
  ],
  ['single quotes', `a,b\n'x, y','it''s'\n`, { quote: "'" }, { 2: ['x, y', "it's"] }],
  ['backticks, with double quotes as text', 'a,b\n`x, "y"`,5"\n', { quote: '`' }, { 2: ['x, "y"', '5"'] }],
  // Escapes
  [
    'a backslash before a quote',
    String.raw`a,b
"say \"hi\"",2
`,
    { escape: '\\' },
    { 2: ['say "hi"', '2'] },
  ],
  [
    'a backslash before a backslash',
    String.raw`a,b
"C:\\dir\\",2
`,
    { escape: '\\' },
    { 2: ['C:\\dir\\', '2'] },
  ],
  [
    'a backslash before a quote and a delimiter',
    String.raw`a;b
"x\";y";2
`,
    { escape: '\\' },
    { 2: ['x";y', '2'] },
  ],
  [
    'backslashes in bare fields stay',
    String.raw`a,b
C:\dir,\n
`,
    { escape: '\\' },
    { 2: ['C:\\dir', '\\n'] },
  ],
  [
    'single quotes after a backslash',
    String.raw`a,b
'it\'s',2
`,
    { quote: "'", escape: '\\' },
    { 2: ["it's", '2'] },
  ],
  // Ragged rows
  ['rows too short are filled up', 'a,b\n1\n2,3\n', { ragged_rows: 'pad' }, { 2: ['1', ''], 3: ['2', '3'] }],
  [
    'empty fields too many are dropped',
    'a,b\n1,2,\n3,4,, \n',
    { ragged_rows: 'pad' },
    { 2: ['1', '2'], 3: ['3', '4'] },
  ],
  ['ragged rows are left out', 'a,b\n1\n1,2,3\n\n4,5\n', { ragged_rows: 'skip' }, { 5: ['4', '5'] }],
  ['a footer is left out', 'a,b\n1,2\nTotal: 1 row\n', { ragged_rows: 'skip' }, { 2: ['1', '2'] }],
  // White space
  ['spaces around', 'a , b\n 1 , "x y" \n\t2\t,3\n', { trim: true }, { 2: ['1', 'x y'], 3: ['2', '3'] }],
  ['spaces in quotes stay', 'a,b\n" 1 ", 2\n', { trim: true }, { 2: [' 1 ', '2'] }],
  ['lines of spaces are empty', 'a,b\n   \n1,2\n \t\n', { trim: true }, { 3: ['1', '2'] }],
  ['a comment after spaces', 'a,b\n  # x\n1,2\n', { trim: true, comment: '#' }, { 3: ['1', '2'] }],
  // Delimiters
  ['a caret', 'a^b\n1^2\n', { delimiter: '^' }, { 2: ['1', '2'] }],
  ['the unit separator', 'a\u{1}b\n1\u{1}2\n', { delimiter: '\u{1}' }, { 2: ['1', '2'] }],
  ['two characters', 'a||b\n1||2\n', { delimiter: '||' }, { 2: ['1', '2'] }],
  ['a character of several bytes', 'a¬b\n1¬2\n', { delimiter: '¬' }, { 2: ['1', '2'] }],
  ['a quote, where quotes are text', 'a"b\n1"2\n', { delimiter: '"', quote: 'none' }, { 2: ['1', '2'] }],
  // Encodings
  [
    'an old encoding after a title',
    Buffer.from('x\na,b\n\xe9,2\n', 'latin1'),
    { skip_lines: 1, encoding: 'windows-1252' },
    { 3: ['é', '2'] },
  ],
  ['UTF-16 with comments', Buffer.from('\u{FEFF}#x\na,b\n1,é\n', 'utf16le'), { comment: '#' }, { 3: ['1', 'é'] }],
];

describe('files from practice', () => {
  test.each(FILES)('%s', async (_, content, config, rows) => {
    const { items } = await enumerateAll('csv', { file_path: file(content), ...config });
    expect(items.map(({ place, payload: { a, b } }) => [place, [a, b]])).toEqual(
      Object.entries(rows).map(([line, values]) => [`line ${line}`, values]),
    );
  });

  test('the table has enough rows', () => expect(FILES.length).toBeGreaterThanOrEqual(40));
});

describe('a refusal names the setting that cures it', () => {
  test.each<[string, string, JsonObject, RegExp, RegExp]>([
    ['a comment above', '# x 2024\n\nid,name\n1,Ada\n', {}, /line 3: expected 1 fields/, /comment: "#".*skip_lines: 2/],
    ['a comment in the middle', 'id,name\n1,Ada\n# x\n', {}, /line 3/, /comment: "#"/],
    ['slashes', 'id,name\n// x\n1,Ada\n', {}, /line 2/, /comment: "\/\/"/],
    ['a title', 'Orders\nof May\n\nid,name\n1,Ada\n', {}, /line 4/, /skip_lines: 3/],
    ['an inch mark', 'id,name\n1,5"\n', {}, /line 2/, /quote: "none".*relax_quotes: true/],
    ['a backslash', 'id,name\n1,"5\\" x"\n', {}, /line 2/, /escape: "\\\\"/],
    ['a quote never closed', 'id,name\n1,"5\n', {}, /line 2/, /quote: "none"/],
    ['a short row', 'id,name\n1\n', {}, /line 2/, /ragged_rows: "pad".*"skip"/],
    ['a long row', 'id,name\n1,2,3\n', {}, /line 2/, /quotes around the field.*ragged_rows/],
    ['a row that pad does not even', 'id,name\n1,2,3\n', { ragged_rows: 'pad' }, /line 2/, /ragged_rows.*"skip"/],
    ['a line of spaces', 'id,name\n \n', {}, /line 2/, /trim: true/],
    ['no id', 'id,name\n,Ada\n', { id_column: 'id' }, /line 2/, /on_invalid: "skip"/],
    ['a title above the id_column', 'Orders\nid\n1\n', { id_column: 'id' }, /id_column/, /skip_lines/],
    ['more lines to skip than there are', 'a\n1\n', { skip_lines: 9 }, /found no more than the 9 of skip_lines/, /./],
  ])('%s', async (_, content, config, message, hint) => {
    const error = await refusal(() => enumerateAll('csv', { file_path: file(content), ...config }));
    expect(error.code).toBe('invalid_input');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

describe('places are correct', () => {
  test('after skipped lines, comments, empty lines and quoted line breaks', async () => {
    const content = 'x\r\n#c\r\na,b\r\n"1\r\n\r\n1",2\r\n\r\n#c\r\n"3","\n4"\r\n5,6\r\n7\r\n';
    const config = { file_path: file(content), skip_lines: 1, comment: '#', ragged_rows: 'skip' };
    const { items } = await enumerateAll('csv', config);
    expect(items.map(({ place }) => place)).toEqual(['line 4', 'line 9', 'line 11']);
  });

  test('after skipped rows with a stray quote', async () => {
    const content = 'a,b\n1,2\n5",x\n6",y\n"3\n",4\n7"\n8,9\n';
    const rejected: string[] = [];
    const reject = ({ place }: { readonly place: string }) => rejected.push(place);
    const { items } = await enumerateAll('csv', { file_path: file(content) }, { reject });
    expect(items.map(({ place }) => place)).toEqual(['line 2', 'line 5', 'line 8']);
    expect(rejected).toEqual(['line 3', 'line 4', 'line 7']);
  });
});

describe('offset and limit', () => {
  const content = `n\n${Array.from({ length: 10 }, (_, at) => at).join('\n')}\n`;

  test('rows after the offset keep their numbers, also as keys', async () => {
    const { items } = await enumerateAll('csv', { file_path: file(content), offset: 3, limit: 2 });
    expect(items).toEqual([
      { key: '3', place: 'line 5', payload: { n: '3', _row_index: 3, _id: '3' } },
      { key: '4', place: 'line 6', payload: { n: '4', _row_index: 4, _id: '4' } },
    ]);
  });

  test('an offset past the end yields nothing', async () => {
    expect((await enumerateAll('csv', { file_path: file(content), offset: 99 })).items).toEqual([]);
  });

  test('a limit counts items, and later rows are not checked', async () => {
    const broken = 'a,b\n1\n2,3\n4,5\n"6"x,7\n8,\0\n"9';
    const config = { file_path: file(broken), ragged_rows: 'skip', on_invalid: 'skip', limit: 2 };
    const { payloads } = await enumerateAll('csv', config);
    expect(payloads.map(({ a }) => a)).toEqual(['2', '4']);
  });

  test('rows before the offset are not checked', async () => {
    const { payloads } = await enumerateAll('csv', { file_path: file('a,b\n1\n2,3\n'), offset: 1 });
    expect(payloads.map(({ a }) => a)).toEqual(['2']);
  });
});

describe('warnings', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['rows of delimiters only', 'artist,title\nAda,Song\n,\n , \n', 'empty_row', ['line 3', 'line 4']],
    ['a row of quoted nothing', 'a,b\n"",""\n', 'empty_row', ['line 2']],
    ['numbers as names', 'Ada,42,x\nBo,43,y\n', 'header_like_data', ['column 2 "42"']],
    ['a price', 'x,$1.50\n', 'header_like_data', ['column 2 "$1.50"']],
    ['a date', 'Ada,2024-01-02\n', 'header_like_data', ['column 2 "2024-01-02"']],
    ['a date with time', 'Ada,2024-01-02T03:04:05Z\n', 'header_like_data', ['column 2 "2024-01-02T03:04:05Z"']],
    ['an address', 'ada@example.org,x\n', 'header_like_data', ['column 1 "ada@example.org"']],
    [
      'an identifier',
      'Ada,123e4567-e89b-12d3-a456-426614174000\n',
      'header_like_data',
      ['column 2 "123e4567-e89b-12d3-a456-426614174000"'],
    ],
    ['a URL', 'Ada,https://example.org/a?b=1\n', 'header_like_data', ['column 2 "https://example.org/a?b=1"']],
    ['a URL without a scheme', 'Ada,www.example.org\n', 'header_like_data', ['column 2 "www.example.org"']],
    ['a time', 'Ada,12:30\n', 'header_like_data', ['column 2 "12:30"']],
    ['a time with seconds', 'Ada,12:30:05.25,x\n', 'header_like_data', ['column 2 "12:30:05.25"']],
    ['a time of half a day', 'Ada,9:05 pm\n', 'header_like_data', ['column 2 "9:05 pm"']],
    ['a phone number', 'Ada,+49 30 123456\n', 'header_like_data', ['column 2 "+49 30 123456"']],
    ['a phone number in brackets', 'Ada,(212) 555-0100\n', 'header_like_data', ['column 2 "(212) 555-0100"']],
    ['a phone number at home', 'Ada,030/123456\n', 'header_like_data', ['column 2 "030/123456"']],
    ['a share', 'Ada,12 %\n', 'header_like_data', ['column 2 "12 %"']],
    ['a price as last column', 'Ada;"12,50 €"\n', 'header_like_data', ['column 2 "12,50 €"']],
    ['true and false', 'Ada,true,False\n', 'header_like_data', ['column 2 "true"', 'column 3 "False"']],
    [
      'a preamble line',
      'Export\nid;name\n1;x\n2;y\n',
      'one_column',
      ['skip_lines: 1 and delimiter: ";" give 2 columns'],
    ],
    [
      'a preamble line over tabs',
      'Export of x\nid\tname\n1\tx\n',
      'one_column',
      ['skip_lines: 1 and delimiter: "tab" give 2 columns'],
    ],
    [
      'a title and an empty line',
      'Title\n\nid|name|x\n1|x|y\n',
      'one_column',
      ['skip_lines: 2 and delimiter: "|" give 3 columns'],
    ],
    [
      'two preamble lines',
      'Title\nof May\nid;name\n1;x\n',
      'one_column',
      ['skip_lines: 2 and delimiter: ";" give 2 columns'],
    ],
    [
      'a preamble after CRLF',
      'Export\r\n\r\nid;name\r\n1;x\r\n',
      'one_column',
      ['skip_lines: 2 and delimiter: ";" give 2 columns'],
    ],
    ['a name twice', 'yes,yes\n', 'renamed_column', ['column 2 "yes" → "yes_2"']],
  ])('%s', async (_, content, kind, examples) => {
    const { warnings } = await enumerateAll('csv', { file_path: file(content) });
    expect(warnings).toMatchObject([{ kind, count: examples.length, examples }]);
    if (!['empty_row', 'one_column'].includes(kind)) expect(warnings[0]?.message).toContain('has_header: false');
  });

  test('warns when another delimiter than the configured one gives a table', async () => {
    const config = { file_path: file('id;name\n1;x\n2;y\n'), delimiter: ',' };
    const examples = ['delimiter: ";" gives 2 columns'];
    expect((await enumerateAll('csv', config)).warnings).toMatchObject([{ kind: 'one_column', examples }]);
  });

  test('the warning counts skip_lines from the start of the file', async () => {
    const config = { file_path: file('x\nTitle\nid;name\n1;x\n'), skip_lines: 1 };
    const examples = ['skip_lines: 2 and delimiter: ";" give 2 columns'];
    expect((await enumerateAll('csv', config)).warnings).toMatchObject([{ kind: 'one_column', examples }]);
  });

  test.each([
    ['names', 'id,first name,price (USD),2nd\n1,2,3,4\n', {}],
    ['years that follow each other', 'country,2019,2020,2021\nx,1,2,3\n', {}],
    ['data without a header', '1,2024-01-02\n', { has_header: false }],
    ['a header that is replaced', '1,2\n3,4\n', { columns: ['a', 'b'] }],
    ['a row with one value', 'a,b\n,x\n', {}],
    ['spans of years', 'country,2019-2020,2020-21\nx,1,2\n', {}],
    ['hours that follow each other', 'day,08:00,09:00,10:00\nx,1,2,3\n', {}],
    ['names with numbers in them', 'id,12 months,www,0-4,5+,true north\n1,2,3,4,5,6\n', {}],
    ['one column', 'text\nhello\nworld\n', {}],
    ['one column with a delimiter here and there', 'text\na;b\nhello\nc;d;e\n', {}],
    ['one column with one row', 'text\na;b\n', {}],
  ])('not %s', async (_, content, config) => {
    expect((await enumerateAll('csv', { file_path: file(content), ...config })).warnings).toEqual([]);
  });
});

test.each<[string, JsonObject, string]>([
  ['a quote of two characters', { quote: '""' }, 'quote: expected one character, or "none"'],
  ['a delimiter with the quote', { delimiter: "','", quote: "'" }, 'delimiter: expected no quote in it'],
  ['a comment that is the delimiter', { delimiter: '#', comment: '##' }, 'comment: expected it to begin with neither'],
  ['an escape without quotes', { quote: 'none', escape: '\\' }, 'escape: expected none with quote "none"'],
  ['a negative offset', { offset: -1 }, 'offset: expected at least 0'],
  ['another word for ragged rows', { ragged_rows: 'fill' }, 'ragged_rows: expected'],
])('refuses the config: %s', async (_, config, message) => {
  const error = await refusal(() => parseConfig(csvEnumerator, { file_path: 'x', ...config }));
  expect(error.message).toContain(message);
});
