import { describe, expect, test } from 'vitest';
import { cut, cutMiddle, cutMiddleBriefly, dropPartialLine } from '../../src/domain/cut.ts';

describe('cut', () => {
  test.each([
    ['short', 5, 'short'],
    ['0123456789', 4, '0123… (6 more characters)'],
  ])('%s to %i: %s', (text, length, shown) => {
    expect(cut(text, length)).toBe(shown);
  });

  test('counts what an earlier cut has left out', () => {
    const text = 'x'.repeat(1000);
    for (const earlier of [40, 100, 500]) {
      const once = cut(text, earlier);
      for (let length = 1; length < once.length; length++) {
        const kept = Math.min(length, earlier);
        expect(cut(once, length)).toBe(`${'x'.repeat(kept)}… (${1000 - kept} more characters)`);
      }
    }
  });
});

describe('cutMiddle', () => {
  test.each([
    ['short', 5, 'short'],
    ['0123456789', 4, '01… (6 more characters) …89'],
    ['0123456789', 5, '012… (5 more characters) …89'],
    ['a😀😀😀😀b', 4, 'a… (8 more characters) …b'],
  ])('%s to %i: %s', (text, length, expected) => {
    expect(cutMiddle(text, length)).toBe(expected);
  });

  test('removes exactly the number of characters it states', () => {
    for (let length = 1; length < 40; length++) {
      const [, head = '', missing = '', tail = ''] =
        /^(.*)… \((\d+) more characters\) …(.*)$/.exec(cutMiddle('x'.repeat(40), length)) ?? [];
      expect(head.length + Number(missing) + tail.length).toBe(40);
      expect(head.length + tail.length).toBe(length);
    }
  });

  test('counts what an earlier cut has left out', () => {
    const text = `${'a'.repeat(500)}${'b'.repeat(500)}`;
    for (const earlier of [1, 2, 41, 100, 500]) {
      const once = cutMiddle(text, earlier);
      for (let length = 0; length < once.length; length++) {
        const [, head = '', missing = '', tail = ''] =
          /^(a*)… \((\d+) more characters\) …(b*)$/.exec(cutMiddle(once, length)) ?? [];
        expect(head.length + Number(missing) + tail.length, `${earlier}, then ${length}`).toBe(1000);
      }
    }
  });
});

test.each([
  ['half of a line\nwhole\nlast', 'whole\nlast'],
  ['half of a line\nlast\n', 'last\n'],
  ['half-of-a-word and more', '… and more'],
  ['half of a line\n', '… of a line\n'],
  ['one-long-word', '… one-long-word'],
])('dropPartialLine starts a tail at a whole line, else at a whole word after an ellipsis: %j', (tail, shown) => {
  expect(dropPartialLine(tail)).toBe(shown);
});

test.each([
  ['short', 5, 'short'],
  ['0123456789', 5, '01…89'],
  ['0123456789', 4, '01…9'],
  ['a😀😀😀😀b', 4, 'a…b'],
])('cutMiddleBriefly: %s to %i: %s', (text, length, expected) => {
  expect(cutMiddleBriefly(text, length)).toBe(expected);
});

test('a text is cut at its end, with the number of missing characters', () => {
  expect(cut('abc', 3)).toBe('abc');
  expect(cut('abcdef', 2)).toBe('ab… (4 more characters)');
});
