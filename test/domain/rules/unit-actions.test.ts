import { expect, test } from 'vitest';
import { UNIT_ACTIONS } from '../../../src/domain/rules/unit-actions.ts';
import { canMoveUnit } from '../../../src/domain/unit.ts';

test.each(Object.entries(UNIT_ACTIONS))('%s moves units only as their states permit', (_name, { from, to }) => {
  expect(from.filter((status) => !canMoveUnit(status, to))).toEqual([]);
});

test('units of a cancelled or enumerating job are never changed', () => {
  const jobs = Object.values(UNIT_ACTIONS).flatMap((action) => action.jobs);
  expect(jobs).not.toContain('cancelled');
  expect(jobs).not.toContain('enumerating');
});
