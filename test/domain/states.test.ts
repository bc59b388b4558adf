import { describe, expect, test } from 'vitest';
import {
  ATTEMPT_STATUS_MEANING,
  ATTEMPT_STATUSES,
  type AttemptStatus,
  attemptStatusOf,
  canMoveAttempt,
} from '../../src/domain/attempt.ts';
import { FAILURE_CLASSES } from '../../src/domain/failure.ts';
import {
  canMoveJob,
  ENDED,
  EXECUTING,
  JOB_STATUS_MEANING,
  JOB_STATUSES,
  type JobStatus,
  jobStatusesBefore,
} from '../../src/domain/job.ts';
import {
  canMoveUnit,
  UNIT_STATUS_MEANING,
  UNIT_STATUSES,
  type UnitStatus,
  unitStatusesBefore,
} from '../../src/domain/unit.ts';

/** One line per status, `x` in the column of each status that may follow. Columns are in the order of the lines. */
type Matrix<Status extends string> = readonly (readonly [Status, string])[];

const JOB: Matrix<JobStatus> = [
  // .               enum crea test runn paus comp fail canc
  ['enumerating' /**/, '.    x    .    .    .    .    .    .'],
  ['created' /*    */, '.    .    x    x    .    .    .    x'],
  ['testing' /*    */, '.    x    .    x    .    .    .    x'],
  ['running' /*    */, '.    .    .    .    x    x    x    x'],
  ['paused' /*     */, '.    .    .    x    .    .    .    x'],
  ['completed' /*  */, '.    .    .    x    .    .    .    .'],
  ['failed' /*     */, '.    .    .    x    .    .    .    .'],
  ['cancelled' /*  */, '.    .    .    .    .    .    .    .'],
];

const UNIT: Matrix<UnitStatus> = [
  // .             pend runn comp fail skip canc
  ['pending' /*  */, '.    x    .    .    x    x'],
  ['running' /*  */, 'x    .    x    x    .    x'],
  ['completed' /**/, 'x    .    .    .    .    .'],
  ['failed' /*   */, 'x    .    .    .    .    .'],
  ['skipped' /*  */, 'x    .    .    .    .    .'],
  ['cancelled' /**/, 'x    .    .    .    .    .'],
];

const ATTEMPT: Matrix<AttemptStatus> = [
  // .               runn succ fail time canc inte
  ['running' /*    */, '.    x    x    x    x    x'],
  ['succeeded' /*  */, '.    .    .    .    .    .'],
  ['failed' /*     */, '.    .    .    .    .    .'],
  ['timed_out' /*  */, '.    .    .    .    .    .'],
  ['cancelled' /*  */, '.    .    .    .    .    .'],
  ['interrupted' /**/, '.    .    .    .    .    .'],
];

describe.each<{
  noun: string;
  matrix: Matrix<string>;
  statuses: readonly string[];
  meaning: Readonly<Record<string, string>>;
  canMove: (from: never, to: never) => boolean;
}>([
  { noun: 'job', matrix: JOB, statuses: JOB_STATUSES, meaning: JOB_STATUS_MEANING, canMove: canMoveJob },
  { noun: 'unit', matrix: UNIT, statuses: UNIT_STATUSES, meaning: UNIT_STATUS_MEANING, canMove: canMoveUnit },
  {
    noun: 'attempt',
    matrix: ATTEMPT,
    statuses: ATTEMPT_STATUSES,
    meaning: ATTEMPT_STATUS_MEANING,
    canMove: canMoveAttempt,
  },
])('the states of $noun', ({ matrix, statuses, meaning, canMove }) => {
  const moves = matrix.flatMap(([from, line]) =>
    line.split(/\s+/).map((mark, column) => [from, matrix[column]?.[0] ?? '?', mark === 'x'] as const),
  );

  test('match the matrix, each with a meaning', () => {
    expect(statuses).toEqual(matrix.map(([status]) => status));
    expect(Object.keys(meaning)).toEqual(statuses);
  });

  test.each(moves)('%s → %s: %s', (from, to, allowed) => {
    expect(canMove(from as never, to as never)).toBe(allowed);
  });
});

describe('derived from the tables', () => {
  test('the statuses before a status are those that may move to it', () => {
    expect(jobStatusesBefore('paused')).toEqual(['running']);
    expect(jobStatusesBefore('enumerating')).toEqual([]);
    expect(unitStatusesBefore('pending')).toEqual(['running', 'completed', 'failed', 'skipped', 'cancelled']);
    expect(unitStatusesBefore('completed')).toEqual(['running']);
  });

  test('a job at work can pause or is being tested; an ended job moves only by a person', () => {
    expect(EXECUTING).toEqual(['testing', 'running']);
    expect(ENDED).toEqual(['completed', 'failed', 'cancelled']);
  });

  test('an attempt gets the status of its failure class', () => {
    const named = { timeout: 'timed_out', cancelled: 'cancelled', interrupted: 'interrupted' };
    const expected = FAILURE_CLASSES.map((name) => [name, Reflect.get(named, name) ?? 'failed']);
    expect(FAILURE_CLASSES.map((name) => [name, attemptStatusOf(name)])).toEqual(expected);
  });
});
