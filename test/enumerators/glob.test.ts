import { describe, expect, test } from 'vitest';
import { expandBraces } from '../../src/enumerators/reading/glob/braces.ts';
import { parseGlob } from '../../src/enumerators/reading/glob/paths.ts';
import { directoryOf, scopeOf } from '../../src/enumerators/reading/glob/scope.ts';

test.each([
  ['a', 'a'],
  ['{a,b}c', 'ac bc'],
  ['{a,b{1,2}}', 'a b1 b2'],
  ['{1..3}', '1 2 3'],
  ['{3..1}', '3 2 1'],
  ['{08..10}', '08 09 10'],
  ['{-2..02}', '-2 -1 00 01 02'],
  ['{1..10..4}', '1 5 9'],
  ['{10..1..-4}', '10 6 2'],
  ['{a..i..4}', 'a e i'],
  ['{1..a}', '{1..a}'],
  ['{1..}', '{1..}'],
  ['{9007199254740993..9007199254740995}', '9007199254740993 9007199254740994 9007199254740995'],
  ['{9223372036854775806..9223372036854775807}', '9223372036854775806 9223372036854775807'],
  ['{9223372036854775807..9223372036854775808}', '{9223372036854775807..9223372036854775808}'],
  ['{-9223372036854775807..-9223372036854775808}', '-9223372036854775807 -9223372036854775808'],
  ['{1..3..9223372036854775807}', '1'],
  ['{1..3..9223372036854775808}', '{1..3..9223372036854775808}'],
  ['{1..2..-9223372036854775808}', '{1..2..-9223372036854775808}'],
  ['{-5..9223372036854775807..9223372036854775807}', '{-5..9223372036854775807..9223372036854775807}'],
  ['{0..9223372036854775805..9223372036854775805}', '0 9223372036854775805'],
  ['{a..c..9223372036854775807}', 'a'],
  ['{+5..6}', '5 6'],
  ['{a}{b,c}', '{a}b {a}c'],
  ['{},b}', '{},b}'],
  ['{a},b}', 'a} b'],
  ['{{a,b}', '{a {b'],
  ['\\{a,b}', '\\{a,b}'],
  ['{a\\,b,c}', 'a\\,b c'],
  ['{a\\\\,b}', 'a\\\\ b'],
])('expands braces as bash does: %s', (text, words) => {
  expect(expandBraces(text).join(' ')).toBe(words);
});

test.each([
  ['**/*.md', []],
  ['a/b/*.md', ['a', 'b']],
  ['a/b.md', ['a']],
  ['a?/b/c', []],
  ['a/{b/c,b/d}/*', ['a', 'b']],
  ['{a,b}/c', []],
  ['a\\*/x', ['a*']],
  ['./a//./b/x', ['a', 'b']],
  ['a/**/b/x', ['a']],
])('the directory of all matches of %s is %j', (pattern, directory) => {
  expect(directoryOf(pattern)).toEqual(directory);
});

/** Each would take minutes, or for ever, where parts are tried one after the other. */
const HOSTILE: readonly string[] = [
  '*a*a*a*a*a*a*a*a*[c]',
  '*?'.repeat(120),
  '*(*(*(a|aa)|aaa)|a)[c]',
  '+(+(+(+(a))))[c]',
  '+(a|aa|a*|*a)[c]',
  '!(*a*b*)!(*a*)!(a*)*[c]',
  `${'!('.repeat(24)}*a*${')'.repeat(24)}[c]`,
  `${'*('.repeat(48)}aa${')'.repeat(48)}[c]`,
  `${'*(aa*|'.repeat(16)}a${')'.repeat(16)}[c]`,
  `*(${Array(700).fill('aa').join('|')})[c]`,
];

describe('time is bounded', () => {
  test.each(HOSTILE)('when matching a name of 255 characters: %s', (pattern) => {
    const scope = scopeOf({ pattern, excludes: [], hidden: false });
    const started = performance.now();
    scope.takes('a'.repeat(254));
    scope.takes(`${'a'.repeat(254)}b`);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test.each([
    ['open brackets', '['.repeat(4096)],
    ['open groups', '+('.repeat(2048)],
    ['open braces', '{'.repeat(999)],
    ['open lists', '{a,'.repeat(900)],
    ['lists that multiply', '{a,b}'.repeat(999)],
    ['escaped braces', '\\{'.repeat(900)],
  ])('when parsing: %s', (_, pattern) => {
    const started = performance.now();
    try {
      parseGlob(pattern);
    } catch {
      // Refused is as good: what counts is when.
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

test('looks up a long list in braces instead of trying each name', () => {
  const names = Array.from({ length: 5000 }, (_, n) => `name ${n}`);
  const scope = scopeOf({ pattern: `{${names.join()}}`, excludes: [], hidden: false });
  const started = performance.now();
  for (let round = 0; round < 100; round++) for (const name of names) expect(scope.takes(name) || name).toBe(true);
  expect(performance.now() - started).toBeLessThan(20_000);
});
