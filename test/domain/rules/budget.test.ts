import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type BudgetFacts,
  budgetRoom,
  isAffordable,
  reserved,
  type Shortage,
  shortageMessage,
  tallyOf,
} from '../../../src/domain/rules/budget.ts';

/** A budget of one step: how many attempts may start, and what each reserves. */
function room(
  change: Partial<Omit<BudgetFacts, 'steps'>> & { attemptCapUsd?: number | null; maxAttemptCostUsd?: number },
) {
  const { maxAttemptCostUsd = 0, attemptCapUsd = null, ...rest } = change;
  const facts = { budgetUsd: 10, spentUsd: 0, reservedUsd: 0, slots: 4, last: false, ...rest };
  const given = budgetRoom({ ...facts, steps: [{ attemptCapUsd, maxAttemptCostUsd }] });
  let starts = 0;
  for (let left = given; isAffordable(left, 0) && starts < 100_000; left = reserved(left, 0)) starts += 1;
  return { starts, reservationUsd: given.reservationsUsd[0] ?? Number.NaN };
}

describe('budgetRoom', () => {
  test.each([
    ['spent', { spentUsd: 4 }, 3],
    ['spent and reserved', { spentUsd: 4, reservedUsd: 2 }, 2],
    ['exactly enough for one', { spentUsd: 8 }, 1],
    ['a millionth of a cent too little counts as enough', { spentUsd: 8.000000001 }, 1],
    ['a cent too little', { spentUsd: 8.01 }, 0],
    ['nothing left', { spentUsd: 10 }, 0],
    ['overspent', { spentUsd: 11 }, 0],
  ])("by the unit's cap of $2: %s", (_what, change, starts) => {
    expect(room({ attemptCapUsd: 2, ...change })).toEqual({ starts, reservationUsd: 2 });
  });

  test('reserves 1.5 × the most expensive attempt, which becomes the cap', () => {
    expect(room({ spentUsd: 1, maxAttemptCostUsd: 1 })).toEqual({ starts: 6, reservationUsd: 1.5 });
  });

  test('gives the last attempt of a job all that is left, if one can start', () => {
    expect(room({ spentUsd: 1, maxAttemptCostUsd: 1, last: true })).toEqual({
      starts: 1,
      reservationUsd: 9,
    });
    expect(room({ spentUsd: 9, maxAttemptCostUsd: 1, last: true })).toEqual({
      starts: 0,
      reservationUsd: 1.5,
    });
    expect(room({ spentUsd: 1, maxAttemptCostUsd: 1, attemptCapUsd: 2, last: true })).toMatchObject({
      reservationUsd: 2,
    });
  });

  test('reserves an even share for each slot before anything has cost', () => {
    expect(room({})).toEqual({ starts: 4, reservationUsd: 2.5 });
    expect(room({ reservedUsd: 7.5 })).toEqual({ starts: 1, reservationUsd: 2.5 });
    expect(room({ slots: 0 }).starts).toBe(1);
    expect(room({ spentUsd: 10 }).starts).toBe(0);
  });

  test('each step reserves by its own cap and costs, and only what fits may start', () => {
    const cheap = { attemptCapUsd: null, maxAttemptCostUsd: 0.01 };
    const dear = { attemptCapUsd: null, maxAttemptCostUsd: 2 };
    const facts = { budgetUsd: 10, spentUsd: 8, reservedUsd: 0, slots: 4, last: false };
    const given = budgetRoom({ ...facts, steps: [cheap, dear, { attemptCapUsd: 0.5, maxAttemptCostUsd: 9 }] });
    expect(given).toEqual({ leftUsd: 2, reservationsUsd: [0.015, 3, 0.5] });
    expect([0, 1, 2].map((step) => isAffordable(given, step))).toEqual([true, false, true]);
    expect(reserved(reserved(given, 2), 3)).toMatchObject({ leftUsd: 1.5 });
    expect(isAffordable(given, 3)).toBe(true);
    // Only the last step of the last attempt may use all that is left.
    expect(budgetRoom({ ...facts, last: true, steps: [cheap, cheap] }).reservationsUsd).toEqual([0.015, 2]);
  });

  test('a step that costs nothing is never held, not even when all is spent', () => {
    expect(room({ attemptCapUsd: 0, spentUsd: 10 })).toEqual({ starts: 100_000, reservationUsd: 0 });
    expect(room({ spentUsd: 10, slots: 64 }).starts).toBe(0);
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
        (budgetUsd, spentUsd, already, highest, cap, slots) => {
          const facts = {
            budgetUsd,
            spentUsd,
            reservedUsd: already,
            maxAttemptCostUsd: highest,
            attemptCapUsd: cap || null,
            slots,
          };
          const { starts, reservationUsd } = room(facts);
          expect(starts).toBeGreaterThanOrEqual(0);
          if (starts === 0) return;
          expect(reservationUsd).toBeGreaterThan(0);
          expect(spentUsd + already + starts * reservationUsd).toBeLessThanOrEqual(budgetUsd + 1e-6);
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

test('a step that was never tried has a tally of zeros', () => {
  const tried = {
    scope: 'unit',
    step: 1,
    unitsTried: 3,
    costUsd: 1,
    maxAttemptCostUsd: 1,
    breakerBaseTried: 0,
    breakerBaseByClass: {},
  } as const;
  expect(tallyOf({ steps: [tried] }, 'unit', 1)).toBe(tried);
  expect(tallyOf({ steps: [tried] }, 'job', 1)).toMatchObject({ scope: 'job', step: 1, unitsTried: 0, costUsd: 0 });
  expect(tallyOf({ steps: [tried] }, 'unit', 0).breakerBaseByClass).toEqual({});
});
