import { expect, test } from 'vitest';
import { adviceIn, failureRule } from '../../src/domain/failure.ts';
import { flow } from '../helpers/flow.ts';
import { fails } from '../helpers/scripted-worker.ts';

test('every view advises about a failure by the worker of the step at which its unit failed', async () => {
  const f = flow();
  f.worker.otherwise = fails('incomplete', { message: 'nothing came' });
  const job_id = await f.begin({ units: 1, limits: { max_retries: 0, failure_threshold: 0 } });
  await f.until(async () => (await f.job(job_id)).status === 'failed');
  const { jobs, units } = f.store.repository;
  const [revision, get] = [jobs.revision.bind(jobs), units.get.bind(units)];
  // An agent's step, then a program's, at which the unit is.
  Object.assign(jobs, {
    revision: async (...ref: Parameters<typeof revision>) => {
      const now = await revision(...ref);
      const steps = ['claude', 'command'].map((type) => ({ ...now?.steps[0], worker: { type, config: {} } }));
      return now && { ...now, steps };
    },
  });
  Object.assign(units, { get: async (...ref: Parameters<typeof get>) => ({ ...(await get(...ref)), step: 1 }) });

  const advice = adviceIn('failed', 'incomplete', 'command', 0);
  const { meaning } = failureRule('incomplete', 'command');
  expect(advice).not.toEqual(adviceIn('failed', 'incomplete', 'claude', 0));
  expect((await f.call('get_job_status', { job_id })).failures).toMatchObject([{ advice }]);
  expect((await f.call('job_overview', { job_id })).clusters).toMatchObject([{ advice, meaning }]);
  expect((await f.call('get_unit', { job_id, unit: 0 })).failure).toMatchObject({ advice, meaning });
});
