import { expect, test } from 'vitest';
import type { FailureClass } from '../../src/domain/failure.ts';
import { applyCircuitBreaker } from '../../src/executor/apply-circuit-breaker.ts';
import type { ExecutorContext, LoadedRevision } from '../../src/executor/context.ts';
import { fakeClock } from '../helpers/clock.ts';
import { claimUnits, holdLease, seedJob, settleAs, temporaryStore } from '../helpers/store.ts';

/** A job of 30 units whose attempts end as the test lists, one after the other. */
async function job() {
  const clock = fakeClock();
  const store = temporaryStore({ clock, path: ':memory:' });
  const { repository } = store;
  const { jobId } = await seedJob(store, { units: 30 });
  const lease = await holdLease(store, jobId);
  const context = { ...store, clock, lease } as unknown as ExecutorContext;
  const loaded = { revision: await repository.jobs.revision(jobId, 1) } as unknown as LoadedRevision;
  const end = async (unit: number, failureClass: FailureClass | null, purpose: 'batch' | 'test' = 'batch') => {
    clock.advance(10);
    const [claim] = await claimUnits(store, lease, { indexes: [unit], limit: 1, purpose });
    if (!claim) throw new Error(`unit ${unit} cannot be claimed`);
    await settleAs(store, claim, failureClass, failureClass ? 'pending' : 'completed');
  };
  const judge = async () => {
    await repository.transaction('store', async (tx) => applyCircuitBreaker(context, tx, loaded));
    return (await repository.jobs.get(jobId))?.statusMessage ?? null;
  };
  return { end, judge };
}

test('one unit that fails ten times counts once', async () => {
  const { end, judge } = await job();
  for (let n = 0; n < 10; n++) await end(0, 'timeout');
  expect(await judge()).toBeNull();
  for (const unit of [1, 2, 3]) await end(unit, 'timeout');
  expect(await judge()).toBeNull();
  await end(4, 'timeout');
  expect(await judge()).toContain('the last 5 units all ended in timeout');
});

test('only the latest ending of a unit counts: a final success breaks the row', async () => {
  const { end, judge } = await job();
  for (const unit of [0, 1, 2, 3]) await end(unit, 'timeout');
  await end(3, null);
  await end(4, 'timeout');
  expect(await judge()).toBeNull();
});

test('endings that say nothing about the unit are ignored', async () => {
  const { end, judge } = await job();
  for (const unit of [0, 1, 2]) await end(unit, 'timeout');
  for (const unit of [5, 6, 7]) await end(unit, 'rate_limited');
  await end(8, 'interrupted');
  for (const unit of [3, 4]) await end(unit, 'timeout');
  expect(await judge()).toContain('the last 5 units all ended in timeout');
});

test('failures of the test do not count', async () => {
  const { end, judge } = await job();
  for (const unit of [0, 1, 2, 3]) await end(unit, 'timeout', 'test');
  await end(4, 'timeout');
  expect(await judge()).toBeNull();
});

test('the advice is for the failing class, not for the last attempt', async () => {
  const { end, judge } = await job();
  for (let unit = 0; unit < 9; unit++) await end(unit, unit % 2 === 0 ? 'crashed' : null);
  await end(10, 'bad_input');
  expect(await judge()).toMatch(/5 of 10 units tried ended in crashed\. Look at the end of its log/);
});
