import { describe, expect, test } from 'vitest';
import { rangeWithin, requireBlobKey } from '../../src/domain/blob.ts';

describe('the key of a blob', () => {
  test.each(['job', 'job/main/0.1/12', 'A-Z/a_z/0.9', 'x'.repeat(200), `${'x'.repeat(200)}/${'y'.repeat(200)}`, '_/-'])(
    'may be %s',
    (key) => {
      expect(() => requireBlobKey(key)).not.toThrow();
    },
  );

  test.each([
    ['empty', ''],
    ['absolute', '/job'],
    ['open at its end', 'job/'],
    ['with an empty part', 'job//0'],
    ['of a parent', '..'],
    ['through a parent', 'job/../other'],
    ['with two dots', 'job/a..b'],
    ['of a folder itself', 'job/./0'],
    ['of a hidden file', 'job/.hidden'],
    ['with a space', 'job/a b'],
    ['with a letter beyond ASCII', 'job/ä'],
    ['with a backslash', 'job\\0'],
    ['with a NUL', 'job\0'],
    ['with a line feed at its end', 'job\n'],
    ['with a part of 201 characters', `job/${'x'.repeat(201)}`],
    ['of 513 characters', `${'x/'.repeat(256)}x`],
  ])('is not %s', (_what, key) => {
    expect(() => requireBlobKey(key)).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  test('may have 512 characters', () => {
    expect(() => requireBlobKey(`${'x/'.repeat(255)}xx`)).not.toThrow();
  });
});

describe('a range of bytes', () => {
  test.each([
    [undefined, 10, { start: 0, end: 10 }],
    [undefined, 0, { start: 0, end: 0 }],
    [{ start: 0 }, 10, { start: 0, end: 10 }],
    [{ start: 3, end: 4 }, 10, { start: 3, end: 4 }],
    [{ start: 9 }, 10, { start: 9, end: 10 }],
    [{ start: 3, end: 99 }, 10, { start: 3, end: 10 }],
  ])('%j of %i bytes is %j', (range, size, found) => {
    expect(rangeWithin(size, range)).toEqual(found);
  });

  test.each([
    [{ start: -1 }, 10],
    [{ start: 0.5 }, 10],
    [{ start: Number.NaN }, 10],
    [{ start: 0, end: 1.5 }, 10],
    [{ start: 4, end: 4 }, 10],
    [{ start: 4, end: 3 }, 10],
  ])('%j is refused as no range', (range, size) => {
    const refusal = { code: 'invalid_input', details: undefined };
    expect(() => rangeWithin(size, range)).toThrow(expect.objectContaining(refusal));
  });

  test.each([
    [{ start: 10 }, 10],
    [{ start: 10, end: 20 }, 10],
    [{ start: 0 }, 0],
  ])('%j of %i bytes is refused with the size', (range, size) => {
    const refusal = { code: 'invalid_input', details: { size } };
    expect(() => rangeWithin(size, range)).toThrow(expect.objectContaining(refusal));
  });
});
