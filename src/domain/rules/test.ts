import type { JobTest, PauseReason } from '../job.ts';
import { counted, sentences } from '../sentences.ts';
import { clampedEnd } from '../time.ts';
import type { Unit } from '../unit.ts';

/** Most executors that may die in one test; then it starts nothing more. */
const MAX_TEST_EXECUTORS = 2;

/** What is known about a running test. */
export interface TestFacts {
  readonly test: JobTest;
  /** Its units, in its order; null = the unit is gone. */
  readonly units: readonly (Pick<Unit, 'index' | 'status' | 'failureClass' | 'failureMessage'> | null)[];
  /** Orphaned attempts that have not ended yet. */
  readonly orphaned: number;
  /** Path of the executor's log. */
  readonly log: string;
}

/** Verdict of a test: its state, what happened in one sentence, and what ended it before its units did, if anything. */
export interface TestVerdict {
  readonly state: 'passed' | 'failed';
  readonly verdict: string;
  readonly stoppedBy?: PauseReason;
}

/**
 * Judges a test when all its units have ended, or when it is given up; null = it goes on. Orphaned attempts are settled
 * first: they are paid for.
 */
export function verdictOfTest({ test, units, orphaned, log }: TestFacts): TestVerdict | null {
  if (units.some((unit) => unit?.status === 'pending' || unit?.status === 'running')) {
    if (!isTestGivenUp(test) || orphaned > 0) return null;
    const verdict = `The executor died twice during the test; its log is ${log}.`;
    return { state: 'failed', verdict, stoppedBy: 'crashed' };
  }
  const total = counted(units.length, 'test unit');
  const failed = units.filter((unit) => unit?.status !== 'completed');
  if (failed.length === 0) return { state: 'passed', verdict: `${total} completed.` };
  const reason = reasonOf(failed[0] ?? null);
  return { state: 'failed', verdict: `${failed.length} of ${total} did not complete: ${reason}` };
}

function reasonOf(unit: TestFacts['units'][number]): string {
  return sentences(unit?.failureClass ? (unit.failureMessage ?? unit.failureClass) : (unit?.status ?? 'missing'));
}

/** Tells whether a test starts no more attempts because its executors keep dying. */
export function isTestGivenUp(test: Pick<JobTest, 'executorsLost'> | null): boolean {
  return test !== null && test.executorsLost >= MAX_TEST_EXECUTORS;
}

/** Makes a test of these units (indexes, ascending) that begins now (epoch ms). */
export function newTest(units: readonly number[], now: number): JobTest {
  return { state: 'running', units, verdict: null, executorsLost: 0, startedAt: now, endedAt: null };
}

/** Ends a test now (epoch ms) with a verdict. */
export function endedTest(test: JobTest, ended: TestVerdict, now: number): JobTest {
  return { ...test, ...ended, endedAt: clampedEnd(test.startedAt, now) };
}

/** Returns the indexes near which `wanted` test units are taken: spread evenly over the source, first and last included. */
export function spreadOver(totalUnits: number, wanted: number): readonly number[] {
  if (wanted === 1) return [0];
  return Array.from({ length: wanted }, (_, i) => Math.round((i * (totalUnits - 1)) / (wanted - 1)));
}
