import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mention } from '../../src/domain/hint.ts';
import type { InputOf } from '../../src/orchestrator/index.ts';
import { requireJob } from '../../src/orchestrator/operation.ts';
import { PERSON, personAllowsJob } from '../helpers/approvals.ts';
import { type Flow, type FlowJob, flow } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';

const FULL = { worker: { type: 'scripted', permission: 'full' } } as const;
const REFUSED = { code: 'approval_required' } as const;

const start = (f: Flow, job_id: string, more: object = {}, call = {}) =>
  f.call('start_job', { job_id, wait_seconds: 0, ...more }, call);
const allow = (f: Flow, jobId: string) => personAllowsJob(f.orchestrator.deps, jobId);
const shown = async (f: Flow, job_id: string) => (await f.call('get_job_status', { job_id })).approval?.shown ?? '';
const view = (f: Flow, name: string, input: object, human: 'cli' | null = 'cli') =>
  f.orchestrator.callUnknown(name, input, { ...PERSON, human });

/** A job whose test has passed. */
async function tested(f: Flow, job: FlowJob = FULL): Promise<string> {
  const jobId = await f.create(job);
  await allow(f, jobId);
  await start(f, jobId);
  await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
  return jobId;
}

/** A running job that a person approved. */
async function atWork(f: Flow, job: FlowJob = {}): Promise<string> {
  const jobId = await f.create({ units: 3, limits: { max_workers: 1 }, ...FULL, ...job });
  await allow(f, jobId);
  await start(f, jobId, { skip_test: true }, { human: 'cli' });
  return jobId;
}

describe.each([
  ['with powers', FULL],
  ['that was made so', { require_human_approval: true }],
])('a job %s', (_what, job) => {
  test.each([
    ['its test', {}, {}],
    ['all of it without a test', {}, { skip_test: true }],
    ['all of it, as it was created', { test: { skip: true } }, {}],
  ])('does not start with %s before a person approved it, and nothing changes', async (_name, without, more) => {
    const f = flow();
    const jobId = await f.create({ ...job, ...without });
    const before = await f.job(jobId);
    await expect(start(f, jobId, more)).rejects.toMatchObject({ ...REFUSED, hint: [mention('allow_job')] });
    expect(await f.job(jobId)).toEqual(before);
    expect(f.worker.runs).toHaveLength(0);
  });

  test('needs approval with ABP_SKIP_TEST, which skips only the test', async () => {
    const f = flow({ defaults: { skipTest: true } });
    const jobId = await f.create(job);
    await expect(start(f, jobId)).rejects.toMatchObject(REFUSED);
    await allow(f, jobId);
    expect((await start(f, jobId)).status).toBe('running');
  });

  test('needs a person to approve its test, whatever an argument says', async () => {
    const f = flow();
    const jobId = await tested(f, job);
    const before = await f.job(jobId);
    await expect(start(f, jobId, { approve: true, shown: await shown(f, jobId) })).rejects.toMatchObject(REFUSED);
    expect(await f.job(jobId)).toEqual(before);
    const approve = { approve: true, shown: await shown(f, jobId) };
    expect((await start(f, jobId, approve, { human: 'dashboard' })).status).toBe('running');
    expect(await f.events(jobId, 'job:approved')).toMatchObject([{ data: { by: 'dashboard' } }]);
  });

  test.each([
    [{}, { skip_test: true }],
    [{ test: { skip: true } }, {}],
  ])('skips its test only for a person, also when approved: created with %j, started with %j', async (made, more) => {
    const f = flow();
    const jobId = await f.create({ ...job, ...made });
    await allow(f, jobId);
    await expect(start(f, jobId, more)).rejects.toMatchObject(REFUSED);
    expect((await start(f, jobId, more, { human: 'cli' })).status).toBe('running');
  });

  test('runs again after a rejected test only when a person approves', async () => {
    const f = flow();
    const jobId = await tested(f, job);
    await start(f, jobId, { approve: false });
    await expect(start(f, jobId)).rejects.toMatchObject({
      ...REFUSED,
      message: /An earlier test of it is not approved yet/,
    });
    expect(f.worker.runs).toHaveLength(1);
    await allow(f, jobId);
    expect((await start(f, jobId)).status).toBe('testing');
  });

  test('repeats a failed test only when a person approves again', async () => {
    const f = flow();
    const jobId = await f.create(job);
    await allow(f, jobId);
    f.worker.on(0, fails('agent_error'));
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    const before = await f.job(jobId);
    await expect(start(f, jobId, { again: true })).rejects.toMatchObject({
      ...REFUSED,
      message: /An earlier test of it is not approved yet/,
    });
    expect(await f.job(jobId)).toEqual(before);
    await allow(f, jobId);
    f.worker.on(0, fails('agent_error'));
    await start(f, jobId, { again: true });
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    await expect(start(f, jobId, { again: true })).rejects.toMatchObject(REFUSED);
    expect(f.worker.runs).toHaveLength(2);
  });

  test('does not run again when a change of limits discarded the test', async () => {
    const f = flow();
    const jobId = await tested(f, job);
    await f.call('update_job', { job_id: jobId, limits: { timeout_s: 60 } });
    await expect(start(f, jobId)).rejects.toMatchObject(REFUSED);
  });

  test('needs no second approval for the same definition in this store', async () => {
    const f = flow();
    await allow(f, await f.create(job));
    const other = await f.create(job);
    expect((await start(f, other)).status).toBe('testing');
  });

  test('does not run again when created again after a rejected test', async () => {
    const f = flow();
    await start(f, await tested(f, job), { approve: false });
    const other = await f.create(job);
    await expect(start(f, other)).rejects.toMatchObject({
      ...REFUSED,
      message: /An earlier test of it is not approved yet/,
    });
    await allow(f, other);
    expect((await start(f, other)).status).toBe('testing');
  });

  test('continues when an equal job had its test rejected', async () => {
    const f = flow();
    const jobId = await atWork(f, job);
    await f.call('pause_job', { job_id: jobId });
    const other = await f.create({ units: 3, limits: { max_workers: 1 }, ...FULL, ...job });
    await start(f, other);
    await f.until(async () => (await f.job(other)).test?.state === 'passed');
    await start(f, other, { approve: false });
    expect((await f.call('resume_job', { job_id: jobId })).status).toBe('running');
  });

  test.each([
    ['all that it has completed', { action: 'reopen' }],
    ['one completed unit', { action: 'reopen', units: [0] }],
    ['completed units by their status', { action: 'reopen', status: 'completed' }],
  ] satisfies [string, object][])('runs again %s only for a person', async (_name, given) => {
    const f = flow();
    const jobId = await atWork(f, job);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    const before = await f.job(jobId);
    const manage = (call = {}) => f.call('manage_units', { job_id: jobId, ...given } as InputOf<'manage_units'>, call);
    await expect(manage()).rejects.toMatchObject({ ...REFUSED, message: /only a person can have units run again/ });
    expect(await f.job(jobId)).toEqual(before);
    expect((await manage({ human: 'cli' })).status).toBe('running');
  });

  test('runs a step again only for a person', async () => {
    const f = flow();
    const jobId = await atWork(f, { ...job, steps: [{ name: 'report', scope: 'job', intent: 'Sum it up.' }] });
    await f.until(async () => (await f.job(jobId)).status === 'completed', 500);
    const again = { job_id: jobId, action: 'rerun' } as const;
    await expect(f.call('manage_units', again)).rejects.toMatchObject(REFUSED);
    expect((await f.call('manage_units', again, { human: 'cli' })).status).toBe('running');
  });

  test.each([
    ['its budget', { budget_usd: 100 }],
    ['its budget to none', { budget_usd: null }],
    ['its slots', { max_workers: 50 }],
    ['its time', { timeout_s: 80_000 }],
    ['its tries', { max_retries: 99 }],
  ])('runs with a higher %s only when a person approved it', async (_name, limits) => {
    const f = flow();
    const low = { max_workers: 1, budget_usd: 1, timeout_s: 60, max_retries: 1 };
    const update = (jobId: string, given: object) => f.call('update_job', { job_id: jobId, limits: given });
    const refused = { ...REFUSED, message: /Higher than approved: / };
    const created = await f.create({ units: 3, ...job, limits: low });
    await allow(f, created);
    await update(created, limits);
    await expect(start(f, created)).rejects.toMatchObject(refused);
    await update(created, low);
    expect((await start(f, created)).status).toBe('testing');
    await f.call('cancel_job', { job_id: created });

    const jobId = await atWork(f, { ...job, limits: low });
    await f.call('pause_job', { job_id: jobId });
    await update(jobId, limits);
    await expect(f.call('resume_job', { job_id: jobId })).rejects.toMatchObject(refused);
    await allow(f, jobId);
    expect((await f.call('resume_job', { job_id: jobId })).status).toBe('running');
  });

  test('needs no approval for lower limits, or for limits approved before', async () => {
    const f = flow();
    const jobId = await atWork(f, { ...job, limits: { max_workers: 1, budget_usd: 10 } });
    for (const budget_usd of [1, 10]) {
      await f.call('pause_job', { job_id: jobId });
      await f.call('update_job', { job_id: jobId, limits: { budget_usd } });
      expect((await f.call('resume_job', { job_id: jobId })).status).toBe('running');
    }
  });

  test('created again with more test units or higher limits needs approval', async () => {
    const f = flow();
    await allow(f, await f.create({ units: 30, ...job }));
    for (const more of [{ test: { units: 20 } }, { limits: { budget_usd: null, max_workers: 60 } }]) {
      const other = await f.create({ units: 30, ...job, ...more });
      await expect(start(f, other)).rejects.toMatchObject({ ...REFUSED, message: /Higher than approved: / });
    }
    expect(f.worker.runs).toEqual([]);
  });

  test.each([
    ['cancelled', (f: Flow, jobId: string) => f.call('cancel_job', { job_id: jobId })],
    ['left waiting', () => Promise.resolve()],
  ])('does not run again when created again after its test was %s', async (_what, end) => {
    const f = flow();
    const jobId = await tested(f, job);
    await end(f, jobId);
    const other = await f.create(job);
    await expect(start(f, other)).rejects.toMatchObject({
      ...REFUSED,
      message: /An earlier test of it is not approved yet/,
    });
    expect(f.worker.runs).toHaveLength(1);
  });

  test('created again after an approved test is tested without a question', async () => {
    const f = flow();
    const jobId = await atWork(f, job);
    await f.until(async () => (await f.job(jobId)).status === 'completed');
    const other = await f.create({ units: 3, limits: { max_workers: 1 }, ...FULL, ...job });
    expect((await start(f, other)).status).toBe('testing');
  });

  test('gets more slots only from a person, fewer from any caller', async () => {
    const f = flow();
    f.worker.on(0, hangs);
    const jobId = await atWork(f, { ...job, limits: { max_workers: 2 } });
    const slots = (max_workers: number, call = {}) => f.call('resume_job', { job_id: jobId, max_workers }, call);
    await expect(slots(50)).rejects.toMatchObject({ ...REFUSED, message: /more slots \(max_workers 2 → 50\)/ });
    expect((await f.job(jobId)).maxWorkers).toBe(2);
    await slots(1);
    await slots(2);
    await slots(4, { human: 'cli' });
    expect((await f.job(jobId)).maxWorkers).toBe(4);
    await f.call('pause_job', { job_id: jobId });
    expect((await f.call('resume_job', { job_id: jobId })).status).toBe('running');
  });

  test.each([
    ['prompt', { template: 'Look at {name} twice.' }],
    ['schema', { schema: { type: 'object' } }],
    ['worker', { worker: { type: 'scripted', permission: 'full', note: 'x' } }],
  ])('needs approval again when its %s changed by one word', async (_name, change) => {
    const f = flow();
    const jobId = await atWork(f, job);
    await f.call('pause_job', { job_id: jobId });
    await f.call('update_job', { job_id: jobId, ...change });
    await expect(f.call('resume_job', { job_id: jobId })).rejects.toMatchObject({
      ...REFUSED,
      message: /changed since its approval/,
    });
    await allow(f, jobId);
    expect((await f.call('resume_job', { job_id: jobId })).status).toBe('running');
  });

  test('retries failed units only for a person, and as approved', async () => {
    const f = flow();
    f.worker.otherwise = fails('bad_input');
    const jobId = await atWork(f, job);
    const ended = () => f.until(async () => (await f.job(jobId)).status === 'failed');
    await ended();
    const retry = (call = {}) => f.call('manage_units', { job_id: jobId, action: 'retry' }, call);
    await expect(retry()).rejects.toMatchObject({
      ...REFUSED,
      message: /only a person can have failed units run again/,
    });
    expect((await retry({ human: 'cli' })).status).toBe('running');
    await ended();
    await revoke(f, jobId);
    await expect(retry({ human: 'cli' })).rejects.toMatchObject({ ...REFUSED, message: /approval was revoked/ });
    expect((await f.job(jobId)).status).toBe('failed');
  });

  test('reruns units cancelled while running only for a person', async () => {
    const f = flow();
    const jobId = await atWork(f, job);
    await f.call('manage_units', { job_id: jobId, action: 'cancel' });
    const reopen = { job_id: jobId, action: 'reopen', status: 'cancelled' } as const;
    await expect(f.call('manage_units', reopen)).rejects.toMatchObject(REFUSED);
  });
});

test('a job without powers needs no person, and an argument approves its test', async () => {
  const f = flow();
  const jobId = await f.create();
  await start(f, jobId);
  await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
  expect((await start(f, jobId, { approve: true })).status).toBe('running');
});

test('only a person approves, no argument and no token', async () => {
  const f = flow();
  const jobId = await f.create(FULL);
  const { shown: looked } = await view(f, 'job_approval', { job_id: jobId });
  await expect(view(f, 'allow_job', { job_id: jobId, shown: looked }, null)).rejects.toMatchObject(REFUSED);
  await view(f, 'allow_job', { job_id: jobId, shown: looked });
  expect((await start(f, jobId)).status).toBe('testing');
});

test('an agent that ABP runs cannot approve anything', async () => {
  const f = flow();
  const jobId = await f.create(FULL);
  const { shown: looked } = await view(f, 'job_approval', { job_id: jobId });
  const environment = { ABP_ATTEMPT_ID: 'x' };
  Object.assign(f.orchestrator.deps, { environment });
  const refused = { code: 'invalid_input', message: /agent that ABP runs/ };
  await expect(view(f, 'allow_job', { job_id: jobId, shown: looked })).rejects.toMatchObject(refused);
});

describe('an approval is bound to what was shown', () => {
  test('of a test is stale after a new revision', async () => {
    const f = flow();
    const jobId = await tested(f, {});
    const looked = await shown(f, jobId);
    await f.call('update_job', { job_id: jobId, template: 'Other: {name}' });
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    await expect(start(f, jobId, { approve: true, shown: looked }, { human: 'dashboard' })).rejects.toMatchObject({
      code: 'conflict',
      message: /changed: revision, test/,
    });
    expect((await f.job(jobId)).status).toBe('testing');
  });

  test('of a test is stale after another test of the same revision', async () => {
    const f = flow();
    const jobId = await tested(f, {});
    const looked = await shown(f, jobId);
    await start(f, jobId, { approve: false });
    await start(f, jobId);
    await f.until(async () => (await f.job(jobId)).test?.state === 'passed');
    await expect(start(f, jobId, { approve: true, shown: looked }, { human: 'cli' })).rejects.toMatchObject({
      code: 'conflict',
      message: /changed: test\)/,
    });
  });

  test('a person who sends no shown state is rejected', async () => {
    const f = flow();
    const jobId = await tested(f, {});
    await expect(start(f, jobId, { approve: true }, { human: 'cli' })).rejects.toMatchObject({
      code: 'invalid_input',
      message: /^shown: expected/,
    });
  });

  test('of a definition does not cover a worker changed meanwhile', async () => {
    const f = flow();
    const jobId = await f.create(FULL);
    const { shown: looked } = await view(f, 'job_approval', { job_id: jobId });
    await f.call('update_job', { job_id: jobId, worker: { type: 'scripted', permission: 'full', note: 'evil' } });
    await expect(view(f, 'allow_job', { job_id: jobId, shown: looked })).rejects.toMatchObject({
      code: 'conflict',
      message: /changed: revision, definition/,
    });
    await expect(start(f, jobId)).rejects.toMatchObject(REFUSED);
  });
});

/** Revokes the approval of a job. */
async function revoke(f: Flow, jobId: string): Promise<Record<string, unknown>> {
  return view(f, 'revoke_approval', { definition: (await f.job(jobId)).approvedDefinition ?? '' });
}

describe('a revoked approval', () => {
  test('pauses its jobs before their next run, which then need approval again', async () => {
    const f = flow();
    f.worker.on(0, hangs);
    const jobId = await atWork(f);
    await f.until(() => f.worker.running().length === 1);
    expect(await revoke(f, jobId)).toMatchObject({ paused: [jobId] });
    f.worker.finish(0);
    await f.until(() => !f.hasExecutor(jobId));
    expect(f.worker.runs).toHaveLength(1);
    expect(await f.job(jobId)).toMatchObject({ status: 'paused', pauseReason: 'approval' });
    expect(await f.statuses(jobId)).toBe('completed pending pending');
    await expect(f.call('resume_job', { job_id: jobId })).rejects.toMatchObject({ ...REFUSED, message: /revoked/ });
    await allow(f, jobId);
    await f.call('resume_job', { job_id: jobId });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('is noticed before each run: the unit is put back and nothing counts against it', async () => {
    const f = flow();
    f.worker.on(0, hangs);
    const jobId = await atWork(f);
    await f.until(() => f.worker.running().length === 1);
    const { repository } = f.store;
    const definition = (await f.job(jobId)).approvedDefinition ?? '';
    await repository.transaction('store', async (tx) => tx.approvals.revoke(definition));
    f.worker.finish(0);
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect(await f.job(jobId)).toMatchObject({ pauseReason: 'approval', statusMessage: /^Its approval was revoked/ });
    expect(await f.unit(jobId, 1)).toMatchObject({ status: 'pending', retriesUsed: 0, interruptions: 0 });
    expect(f.worker.runs).toHaveLength(1);
  });

  test('fails a test with the reason', async () => {
    const f = flow();
    const jobId = await f.create(FULL);
    await allow(f, jobId);
    const { repository } = f.store;
    await start(f, jobId);
    const { approvedDefinition } = await f.job(jobId);
    await repository.transaction('store', (tx) => tx.approvals.revoke(approvedDefinition ?? ''));
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    expect((await f.job(jobId)).test?.verdict).toMatch(/Its approval was revoked/);
    expect(f.worker.runs).toHaveLength(0);
  });
});

describe('the files that a worker names', () => {
  /** A flow whose worker names a script, which decides what runs. */
  function withScript(): { readonly f: Flow; readonly script: string; readonly job: FlowJob } {
    const f = flow();
    const script = join(f.directory, 'script.mjs');
    writeFileSync(script, 'export default 1;');
    return { f, script, job: { worker: { type: 'scripted', permission: 'full', files: [script] } } };
  }

  test.each([
    ['written to', (script: string) => appendFileSync(script, '// evil')],
    ['replaced by one of the same length', (script: string) => writeFileSync(script, 'export default 2;')],
    ['removed', (script: string) => rmSync(script)],
  ])('%s after the approval pause the job before the next run', async (_what, change) => {
    const { f, script, job } = withScript();
    f.worker.on(0, hangs);
    const jobId = await atWork(f, job);
    await f.until(() => f.worker.running().length === 1);
    change(script);
    f.worker.finish(0);
    await f.until(async () => (await f.job(jobId)).status === 'paused');
    expect(await f.job(jobId)).toMatchObject({
      pauseReason: 'approval',
      statusMessage: expect.stringContaining(script),
    });
    expect(f.worker.runs).toHaveLength(1);
    await expect(f.call('resume_job', { job_id: jobId })).rejects.toMatchObject({
      ...REFUSED,
      message: expect.stringContaining(script),
    });
    await allow(f, jobId);
    await f.call('resume_job', { job_id: jobId });
    await f.until(async () => (await f.job(jobId)).status === 'completed');
  });

  test('changed between the approval and the test fail the test with their name', async () => {
    const { f, script, job } = withScript();
    const jobId = await f.create(job);
    await allow(f, jobId);
    await start(f, jobId);
    writeFileSync(script, 'export default 3;');
    await f.until(async () => (await f.job(jobId)).test?.state === 'failed');
    expect((await f.job(jobId)).test?.verdict).toContain(script);
    expect(f.worker.runs).toHaveLength(0);
  });

  test('restored to their content need no approval', async () => {
    const { f, script, job } = withScript();
    const jobId = await f.create(job);
    await allow(f, jobId);
    writeFileSync(script, 'something else');
    await expect(start(f, jobId)).rejects.toMatchObject(REFUSED);
    writeFileSync(script, 'export default 1;');
    expect((await start(f, jobId)).status).toBe('testing');
  });
});

test('a job of an older version with unknown powers does not continue', async () => {
  const f = flow();
  const jobId = await atWork(f);
  const { repository } = f.store;
  await repository.transaction({ job: jobId }, async (tx) =>
    tx.jobs.patch(jobId, { approvedDefinition: null, powers: [] }),
  );
  const { approvedDefinition } = await requireJob(f.orchestrator.deps, jobId);
  expect(approvedDefinition).toBeNull();
  for (const { definition } of await repository.approvals.list(9)) {
    await repository.transaction('store', async (tx) => tx.approvals.revoke(definition));
  }
  await f.until(async () => (await f.job(jobId)).status === 'paused');
  expect((await f.job(jobId)).pauseReason).toBe('approval');
  expect(f.worker.runs).toHaveLength(0);
});

test('the history of a job names what a person approved', async () => {
  const f = flow();
  f.worker.otherwise = ok();
  const jobId = await atWork(f);
  expect(await f.events(jobId, 'job:allowed')).toMatchObject([{ data: { by: 'cli' } }]);
});

test('a person is shown everything that decides what runs, and its limits', async () => {
  const f = flow();
  const jobId = await f.create({
    ...FULL,
    template: `Look at {name}. ${'x'.repeat(5000)} the end`,
    schema: { type: 'object', description: 'what it says' },
    steps: [{ name: 'report', scope: 'job', intent: 'Then this.' }],
    limits: { budget_usd: 7 },
  });
  expect(await view(f, 'job_approval', { job_id: jobId })).toMatchObject({
    steps: [
      { name: 'main', template: expect.stringMatching(/the end$/), schema: { description: 'what it says' } },
      { name: 'report', scope: 'job', template: expect.stringContaining('Then this.'), on_failures: 'skip' },
    ],
    limits: { budget_usd: 7 },
  });
});
