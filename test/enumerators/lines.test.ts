import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineCutter } from '../../src/enumerators/reading/lines.ts';

test('returns the same lines however the text is split', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '🙂', '\r', '\n') });
  fc.assert(
    fc.property(fc.array(text), (pieces) => {
      const cutter = lineCutter();
      const lines = pieces.flatMap((piece) => cutter.push(piece));
      expect([...lines, cutter.rest()]).toEqual(pieces.join('').split('\n'));
    }),
  );
});
