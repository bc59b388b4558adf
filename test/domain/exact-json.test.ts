import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseExactJson } from '../../src/domain/exact-json.ts';

describe('a number stays a number if its double has the same digits', () => {
  test.each([
    '0',
    '-0',
    '0.0',
    '0e999',
    '1.10',
    '1e5',
    '1E+2',
    '-0.5e-3',
    '100.00',
    '0.1',
    '0.30000000000000004',
    '19.99',
    '9007199254740991',
    '-9007199254740991',
    '52.520006599999997e0'.slice(0, 17),
    '1e100',
    '1.0e100',
    '5e-324',
    '1.7976931348623157e308',
    '9007199254740992.0',
    '123456789012345.500000000000000000',
    '0.000000000000000000001',
    '100000000000000000000.0',
    '1e-300',
    // As printed by programs that print more digits than needed.
    '3.1400000000000001',
    '4.9e-324',
    '0.10000000000000000555',
    '0.1000000000000000055511151231257827021181583404541015625',
  ])('%s', (text) => expect(parseExactJson(text)).toBe(Number(text)));
});

describe('a number that a double would change becomes text', () => {
  test.each([
    '9007199254740993',
    '-12345678901234567890',
    '9007199254740992',
    '9007199254740993.0',
    '12345678901234567890.5',
    '0.1234567890123456789',
    '-3.14159265358979323846',
    '1e400',
    '-1e999',
    '1e-400',
    '1234567.890123456789e2',
    '0.10000000000000001555',
    '12345678901234567890e-3',
    '1234.5e306',
    '12.5e-324',
  ])('%s', (text) => {
    expect(parseExactJson(text)).toBe(text);
    expect(parseExactJson(`{"a":[${text},1.5],"b":"${text}"}`)).toEqual({ a: [text, 1.5], b: text });
  });
});

test('the printed form of any double is read as that double', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const isLargeInteger = /^-?\d+$/.test(String(value)) && !Number.isSafeInteger(value);
      expect(parseExactJson(JSON.stringify(value))).toBe(isLargeInteger ? String(value) : value === 0 ? 0 : value);
    }),
    { numRuns: 2000 },
  );
});

test('many digits, also in strings, take linear time', () => {
  expect(parseExactJson(`["${'12345678901234567890 '.repeat(1000)}"]`)).toEqual(['12345678901234567890 '.repeat(1000)]);
  expect(parseExactJson(`${'0'.repeat(0)}1${'0'.repeat(200_000)}`)).toBe(`1${'0'.repeat(200_000)}`);
});
