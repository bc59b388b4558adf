import { describe, expect, test } from 'vitest';
import type { ExecutorContext } from '../../src/executor/context.ts';
import type { Repository } from '../../src/ports/repository.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';

/** Where in a round of an executor something happens: while it waits to write, or while it is committed. */
type Moment = 'before' | 'after';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A flow in whose next transaction of an executor something happens once, when it is armed. */
function interrupted(moment: Moment): { readonly f: Flow; arm(event: () => void): void } {
  let armed: (() => void) | null = null;
  const fire = async (at: Moment) => {
    if (at !== moment) return;
    const event = armed;
    armed = null;
    event?.();
    // Until the attempt has ended, which takes a transaction of its own when it was adopted.
    for (let turns = 0; event && turns < 20; turns++) await turn();
  };
  const watched = (repository: Repository): Repository => ({
    ...repository,
    async transaction(scope, work, options) {
      await fire('before');
      const done = await repository.transaction(scope, work, options);
      await fire('after');
      return done;
    },
  });
  const context = (given: ExecutorContext) => ({ ...given, repository: watched(given.repository) });
  return {
    f: flow({ context }),
    arm: (event) => {
      armed = event;
    },
  };
}

describe.each<Moment>(['before', 'after'])('an attempt that ends in a round, %s its commit', (moment) => {
  test('is settled once, by the next round', async () => {
    const { f, arm } = interrupted(moment);
    f.worker.on(0, hangs);
    const jobId = await f.begin({ units: 1 });
    await f.until(() => f.worker.running().length === 1);
    arm(() => f.worker.finish(0, ok({ text: 'kept' }, { costUsd: 0.1 })));
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    expect(await f.attempts(jobId, 0)).toMatchObject([{ status: 'succeeded', result: { text: 'kept' } }]);
    expect(await f.job(jobId)).toMatchObject({ costUsd: 0.1 });
    expect(f.worker.runs).toHaveLength(1);
  });

  test('does not stop the job for a budget that covers the next attempt once it is settled', async () => {
    const { f, arm } = interrupted(moment);
    f.worker.otherwise = ok({}, { costUsd: 0.1 });
    f.worker.on(0, hangs);
    const jobId = await f.begin({ units: 3, limits: { budget_usd: 1, max_workers: 1 } });
    await f.until(() => f.worker.running().length === 1);
    arm(() => f.worker.finish(0, ok({}, { costUsd: 0.1 })));
    await f.until(async () => (await f.job(jobId)).status !== 'running');
    expect(await f.job(jobId)).toMatchObject({ status: 'completed', pauseReason: null });
  });

  test('counts for a test whose executors died: it is judged by its result', async () => {
    const { f, arm } = interrupted(moment);
    f.worker.otherwise = hangs;
    const jobId = await f.create({ units: 2 });
    await f.call('start_job', { job_id: jobId, wait_seconds: 0 });
    for (let lost = 0; lost < 2; lost++) {
      await f.until(() => f.worker.running().length === 1);
      f.worker.leaves(0, 'alive');
      await f.killExecutor(jobId);
      await f.recover(jobId);
    }
    await f.until(() => f.worker.running().length === 1);
    arm(() => f.worker.finish(0, ok({ text: 'in time' })));
    await f.until(async () => (await f.job(jobId)).test?.state !== 'running');
    expect((await f.job(jobId)).test).toMatchObject({ state: 'passed' });
  });

  test('is settled before a cancelled job is released', async () => {
    const { f, arm } = interrupted(moment);
    f.worker.on(0, hangs);
    const jobId = await f.begin({ units: 1 });
    await f.until(() => f.worker.running().length === 1);
    await f.call('cancel_job', { job_id: jobId });
    arm(() => f.worker.finish(0, fails('timeout')));
    await f.until(() => !f.hasExecutor(jobId));
    expect((await f.attempts(jobId, 0)).map(({ status }) => status)).not.toContain('running');
  });
});
