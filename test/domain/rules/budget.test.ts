import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetRoom, type Shortage, shortageMessage } from '../../../src/domain/rules/budget.ts';

type Facts = Parameters<typeof budgetRoom>[0];

function room(change: Partial<Omit<Facts, 'tally'>> & Partial<Facts['tally']>) {
  const { maxAttemptCostUsd = 0, reservedUsd = 0, ...rest } = change;
  const facts = { budgetUsd: 10, unitCapUsd: null, spentUsd: 0, slots: 4, ...rest };
  return budgetRoom({ ...facts, tally: { maxAttemptCostUsd, reservedUsd } });
}

describe('budgetRoom', () => {
  test('without a budget any number starts, with the unit cap only', () => {
    const free = { starts: Number.POSITIVE_INFINITY, reservationUsd: 0 };
    expect(room({ budgetUsd: null, spentUsd: 1e6 })).toEqual({ ...free, capUsd: null });
    expect(room({ budgetUsd: null, unitCapUsd: 2 })).toEqual({ ...free, capUsd: 2 });
  });

  test.each([
    ['spent', { spentUsd: 4 }, 3],
    ['spent and reserved', { spentUsd: 4, reservedUsd: 2 }, 2],
    ['exactly enough for one', { spentUsd: 8 }, 1],
    ['a millionth of a cent too little counts as enough', { spentUsd: 8.000000001 }, 1],
    ['a cent too little', { spentUsd: 8.01 }, 0],
    ['nothing left', { spentUsd: 10 }, 0],
    ['overspent', { spentUsd: 11 }, 0],
  ])("by the unit's cap of $2: %s", (_what, change, starts) => {
    expect(room({ unitCapUsd: 2, ...change })).toEqual({ starts, reservationUsd: 2, capUsd: 2 });
  });

  test('reserves 1.5 × the most expensive attempt, which becomes the cap', () => {
    expect(room({ spentUsd: 1, maxAttemptCostUsd: 1 })).toEqual({ starts: 6, reservationUsd: 1.5, capUsd: 1.5 });
  });

  test('gives the last attempt of a job all that is left, if one can start', () => {
    expect(room({ spentUsd: 1, maxAttemptCostUsd: 1, last: true })).toEqual({
      starts: 1,
      reservationUsd: 9,
      capUsd: 9,
    });
    expect(room({ spentUsd: 9, maxAttemptCostUsd: 1, last: true })).toEqual({
      starts: 0,
      reservationUsd: 1.5,
      capUsd: 1.5,
    });
    expect(room({ spentUsd: 1, maxAttemptCostUsd: 1, unitCapUsd: 2, last: true })).toMatchObject({ reservationUsd: 2 });
  });

  test('reserves an even share for each slot before anything has cost', () => {
    expect(room({})).toEqual({ starts: 4, reservationUsd: 2.5, capUsd: 2.5 });
    expect(room({ reservedUsd: 7.5 })).toEqual({ starts: 1, reservationUsd: 2.5, capUsd: 2.5 });
    expect(room({ slots: 0 }).starts).toBe(1);
    expect(room({ spentUsd: 10 }).starts).toBe(0);
  });

  test('keeps spent + reserved + new reservations within the budget', () => {
    const usd = fc.nat(10_000).map((cents) => cents / 100);
    fc.assert(
      fc.property(
        usd,
        usd,
        usd,
        usd,
        fc.option(usd),
        fc.nat(64),
        (budgetUsd, spentUsd, reserved, highest, cap, slots) => {
          const facts = {
            budgetUsd,
            spentUsd,
            reservedUsd: reserved,
            maxAttemptCostUsd: highest,
            unitCapUsd: cap || null,
            slots,
          };
          const { starts, reservationUsd } = room(facts);
          expect(starts).toBeGreaterThanOrEqual(0);
          if (starts === 0) return;
          expect(reservationUsd).toBeGreaterThan(0);
          expect(spentUsd + reserved + starts * reservationUsd).toBeLessThanOrEqual(budgetUsd + 1e-6);
        },
      ),
    );
  });
});

test.each<[Partial<Shortage>, RegExp]>([
  [{}, /^The budget of \$2 does not cover another attempt: \$1\.5000 spent, one may cost \$0\.7500, 3 units left\.$/],
  [{ pending: 1 }, /1 unit left/],
])('a stop for want of budget with %j says the figures', (parts, text) => {
  const shortage = {
    budgetUsd: 2,
    spentUsd: 1.5,
    priceUsd: 0.75,
    pending: 3,
  } as const;
  expect(shortageMessage({ ...shortage, ...parts })).toMatch(text);
});
