import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeUnseen, firstSeen, firstUnseen, showUnseen, splitUnseen } from '../../src/domain/unseen-characters.ts';
import { SEEN_TEXTS, UNSEEN_CHARACTERS } from '../helpers/unseen.ts';

describe.each(UNSEEN_CHARACTERS)('%s', (_name, character, shown) => {
  const name = `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;

  test('is shown as its code', () => {
    expect(showUnseen(character)).toBe(shown);
    expect(showUnseen(`a${character}b\n${character}`)).toBe(`a${shown}b\n${shown}`);
  });

  test('is found in code, with its place', () => {
    expect(firstUnseen(`1;\n\t2;${character}3`)).toEqual({ line: 2, column: 4, name });
  });

  test('is marked by its name', () => {
    expect(splitUnseen(`a${character}b`)).toEqual([
      { text: 'a', unseen: false },
      { text: name, unseen: true },
      { text: 'b', unseen: false },
    ]);
  });

  test('is escaped in JSON, whose value stays the same', () => {
    const json = JSON.stringify({ text: `a${character}b` }, null, 2);
    expect(firstUnseen(escapeUnseen(json))).toBeNull();
    expect(JSON.parse(escapeUnseen(json))).toEqual({ text: `a${character}b` });
  });
});

test.each(SEEN_TEXTS)('text that is seen stays as it is: %j', (text) => {
  expect(showUnseen(text)).toBe(text);
});

test.each([
  ['a joiner at the end of an emoji', '👩\u200d', '👩\\u200d'],
  ['a joiner between emoji that do not join', '👍\u200d👍', '👍\\u200d👍'],
  ['a second selector', '❤\ufe0f\ufe0f', '❤\ufe0f\\ufe0f'],
  ['a selector after a letter', 'a\ufe0f', 'a\\ufe0f'],
  ['tags after a flag that they do not name', '🏴\u{e0061}\u{e0062}', '🏴\\u{e0061}\\u{e0062}'],
  ['a carriage return before CRLF', 'a\r\r\nb', 'a\\r\nb'],
  ['a carriage return after CRLF', 'a\r\n\rb', 'a\n\\rb'],
])('shows unseen characters outside emoji and line ends: %s', (_what, text, shown) => {
  expect(showUnseen(text)).toBe(shown);
});

test('code may hold CRLF and tab, but no emoji with unseen characters', () => {
  expect(firstUnseen('// ❤\ufe0f')).toMatchObject({ name: 'U+FE0F' });
  expect(firstUnseen('a\r\n\tb\n')).toBeNull();
});

test('shown text has no unseen character, and showing it again changes nothing', () => {
  const emoji = /\p{RGI_Emoji}/gv;
  const characters = fc.oneof(
    fc.constantFrom(...UNSEEN_CHARACTERS.map(([, character]) => character), '\r\n', '❤', '👩', 'a', '\n', '1'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  );
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 30 }), (parts) => {
      const shown = showUnseen(parts.join(''));
      expect(firstUnseen(shown.replace(emoji, ''))).toBeNull();
      expect(showUnseen(shown)).toBe(shown);
      const marked = splitUnseen(parts.join(''));
      expect(marked.filter(({ text, unseen }) => !unseen && firstUnseen(text) !== null)).toEqual([]);
    }),
  );
});

test.each([
  ['abc', 'a'],
  ['\u200b \n\tabc', 'a'],
  ['\ufeff😀', '😀'],
  ['\u200b\n', ''],
  ['', ''],
])('the first visible character of %j is %j', (text, seen) => {
  expect(firstSeen(text)).toBe(seen);
});

test('source code is split at unseen characters, with line ends as line feeds', () => {
  expect(splitUnseen('a\r\nb\u200bc')).toEqual([
    { text: 'a\n', unseen: false },
    { text: 'b', unseen: false },
    { text: expect.any(String), unseen: true },
    { text: 'c', unseen: false },
  ]);
  expect(splitUnseen('\r\n')).toEqual([
    { text: '\n', unseen: false },
    { text: '', unseen: false },
  ]);
});
