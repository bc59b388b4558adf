import { expect, it } from 'vitest';
import { createCompletions } from '../../../src/mcp/completions.ts';
import { flow } from '../../helpers/flow.ts';

/** Maximum of the protocol; with one more the SDK sets `hasMore`. */
const AT_MOST = 100;

it('completes indexes of units in order, without a loop over all units', async () => {
  const f = flow();
  const job_id = await f.create({ units: 250 });
  const complete = createCompletions(f.orchestrator);
  const units = (typed: string) => complete.units(typed, { arguments: { job_id } });
  expect(await units('24')).toEqual(['24', '240', '241', '242', '243', '244', '245', '246', '247', '248', '249']);
  expect(await units('249')).toEqual(['249']);
  expect(await units('0')).toEqual(['0']);
  expect(await units('250')).toEqual([]);
  expect(await units('-1')).toEqual([]);
  expect((await units('')).length).toBeGreaterThan(AT_MOST);
  expect(await complete.units('', { arguments: { job_id: 'job-9' } })).toEqual([]);
  expect(await complete.units('')).toEqual([]);
});

it('completes ids of jobs, newest first, by part of their id or name', async () => {
  const f = flow();
  const ids: string[] = [];
  for (let n = 0; n <= AT_MOST; n++) {
    ids.unshift(await f.create({ units: 1, name: `job number ${n}` }));
    f.clock.advance(1);
  }
  const complete = createCompletions(f.orchestrator);
  expect(await complete.jobIds('')).toEqual(ids);
  expect(await complete.jobIds('number 100')).toEqual([ids[0]]);
  expect(await complete.jobIds(ids[7])).toEqual([ids[7]]);
});
