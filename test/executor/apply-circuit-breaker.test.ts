import { expect, test } from 'vitest';
import type { FailureClass } from '../../src/domain/failure.ts';
import { applyCircuitBreaker } from '../../src/executor/apply-circuit-breaker.ts';
import type { ExecutorContext, LoadedRevision } from '../../src/executor/context.ts';
import { fakeClock } from '../helpers/clock.ts';
import { claimUnits, holdLease, seedJob, settleAs, temporaryStore } from '../helpers/store.ts';

/** A job of 30 units whose attempts end as the test lists, one after the other. */
function job() {
  const clock = fakeClock();
  const store = temporaryStore({ clock, path: ':memory:' });
  const { repository } = store;
  const { jobId } = seedJob(store, { units: 30 });
  const lease = holdLease(store, jobId);
  const context = { ...store, clock, lease } as unknown as ExecutorContext;
  const loaded = { revision: repository.jobs.revision(jobId, 1) } as unknown as LoadedRevision;
  const end = (unit: number, failureClass: FailureClass | null, purpose: 'batch' | 'test' = 'batch') => {
    clock.advance(10);
    const [claim] = claimUnits(store, lease, { indexes: [unit], limit: 1, purpose });
    if (!claim) throw new Error(`unit ${unit} cannot be claimed`);
    settleAs(store, claim, failureClass, failureClass ? 'pending' : 'completed');
  };
  const judge = () => {
    repository.transaction((tx) => applyCircuitBreaker(context, tx, loaded));
    return repository.jobs.get(jobId)?.statusMessage ?? null;
  };
  return { end, judge };
}

test('one unit that fails ten times counts once', () => {
  const { end, judge } = job();
  for (let n = 0; n < 10; n++) end(0, 'timeout');
  expect(judge()).toBeNull();
  for (const unit of [1, 2, 3]) end(unit, 'timeout');
  expect(judge()).toBeNull();
  end(4, 'timeout');
  expect(judge()).toContain('the last 5 units all ended in timeout');
});

test('only the latest ending of a unit counts: a final success breaks the row', () => {
  const { end, judge } = job();
  for (const unit of [0, 1, 2, 3]) end(unit, 'timeout');
  end(3, null);
  end(4, 'timeout');
  expect(judge()).toBeNull();
});

test('endings that say nothing about the unit are ignored', () => {
  const { end, judge } = job();
  for (const unit of [0, 1, 2]) end(unit, 'timeout');
  for (const unit of [5, 6, 7]) end(unit, 'rate_limited');
  end(8, 'interrupted');
  for (const unit of [3, 4]) end(unit, 'timeout');
  expect(judge()).toContain('the last 5 units all ended in timeout');
});

test('failures of the test do not count', () => {
  const { end, judge } = job();
  for (const unit of [0, 1, 2, 3]) end(unit, 'timeout', 'test');
  end(4, 'timeout');
  expect(judge()).toBeNull();
});

test('the advice is for the failing class, not for the last attempt', () => {
  const { end, judge } = job();
  for (let unit = 0; unit < 9; unit++) end(unit, unit % 2 === 0 ? 'crashed' : null);
  end(10, 'bad_input');
  expect(judge()).toMatch(/5 of 10 units tried ended in crashed\. Look at the end of its log/);
});
