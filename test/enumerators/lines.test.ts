import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineCutter } from '../../src/enumerators/reading/lines.ts';

test('lines are the same however the text is cut', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '🙂', '\r', '\n') });
  fc.assert(
    fc.property(fc.array(text), (pieces) => {
      const cutter = lineCutter();
      const lines = pieces.flatMap((piece) => cutter.push(piece));
      expect([...lines, cutter.rest()]).toEqual(pieces.join('').split('\n'));
    }),
  );
});
