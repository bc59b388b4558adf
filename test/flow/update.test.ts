import { describe, expect, test } from 'vitest';
import { flow } from '../helpers/flow.ts';
import { fails, hangs } from '../helpers/scripted-worker.ts';

describe('update_job', () => {
  test('creates a numbered revision, which later attempts use and record', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 4, limits: { max_workers: 1 }, template: 'First: {name}' });
    f.worker.on(1, hangs);
    await f.until(() => f.worker.running().includes(1));
    await f.call('pause_job', { job_id });
    const updated = await f.call('update_job', {
      job_id,
      template: 'Second: {name}',
      limits: { timeout_s: 60, max_workers: 2 },
      note: 'shorter',
    });
    expect(updated).toMatchObject({ revision: 2, status: 'paused' });
    f.worker.finish(1);
    await f.until(() => !f.hasExecutor(job_id));
    await f.call('resume_job', { job_id });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    const prompts = f.worker.runs.map(({ assignment }) => assignment.prompt.user.split('\n').at(-1));
    expect(prompts).toEqual(['First: item 0', 'First: item 1', 'Second: item 2', 'Second: item 3']);
    const attempts = await Promise.all([0, 1, 2, 3].map((unit) => f.attempts(job_id, unit)));
    expect(attempts.map(([first]) => first?.revision)).toEqual([1, 1, 2, 2]);
    expect(f.worker.runs[3]?.assignment.timeoutMs).toBe(60_000);
    const { revisions, limits } = await f.call('get_job', { job_id });
    expect(revisions).toMatchObject([{ revision: 1 }, { revision: 2, note: 'shorter' }]);
    // Fields that were not given stay unchanged.
    expect(limits).toMatchObject({ timeout_s: 60, max_workers: 2, max_retries: 3 });
    expect(await f.call('get_job', { job_id, revision: 1 })).toMatchObject({ template: 'First: {name}' });
  });

  test('is picked up by an executor that waits for a quota window', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 2, limits: { max_workers: 1 } });
    f.worker.on(0, fails('usage_limit', { resumeAt: f.clock.now() + 60_000 }));
    await f.until(async () => (await f.job(job_id)).status === 'paused');
    await f.call('update_job', { job_id, template: 'Second: {name}' });
    await f.after(61_000);
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    expect((await f.attempts(job_id, 0)).map(({ revision }) => revision)).toEqual([1, 2]);
    expect(f.worker.runs.at(-1)?.assignment.prompt.user).toContain('Second: item 1');
  });

  test('is rejected after a concurrent change, which stays', async () => {
    const f = flow();
    const job_id = await f.create();
    const changes = [{ template: 'Second: {name}' }, { limits: { timeout_s: 60 } }];
    const answers = await Promise.allSettled(changes.map((change) => f.call('update_job', { job_id, ...change })));
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = answers.find(({ status }) => status === 'rejected');
    expect(refused).toMatchObject({
      reason: { message: expect.stringContaining('it was changed by another call at the same time') },
    });
    expect((await f.job(job_id)).revision).toBe(2);
  });

  test('in testing discards the test, running or ended', async () => {
    for (const ending of [hangs, fails('timeout')] as const) {
      const f = flow();
      const job_id = await f.create();
      f.worker.on(0, ending);
      await f.call('start_job', { job_id, wait_seconds: 0 });
      await f.until(() => f.worker.runs.length === 1);
      if (ending !== hangs) await f.until(async () => (await f.job(job_id)).test?.state === 'failed');
      await f.call('update_job', { job_id, template: 'Better: {name}' });
      expect(await f.job(job_id)).toMatchObject({ status: 'created', test: null, revision: 2 });
      expect((await f.unit(job_id, 0)).status).toBe('pending');
      await f.until(() => !f.hasExecutor(job_id));
      await f.call('start_job', { job_id, wait_seconds: 0 });
      await f.until(async () => (await f.job(job_id)).test?.state === 'passed');
      expect(f.worker.runs.at(-1)?.assignment).toMatchObject({ attempt: 2, resumeSessionId: null });
      expect(f.worker.runs.at(-1)?.assignment.prompt.user).toContain('Better: item 0');
    }
  });

  test('of the worker also changes the required environment', async () => {
    const f = flow();
    const job_id = await f.create();
    await f.call('update_job', { job_id, worker: { type: 'scripted', pass_env: ['TOKEN'] } });
    expect((await f.job(job_id)).passEnv).toEqual(['TOKEN']);
    await expect(f.call('start_job', { job_id })).rejects.toMatchObject({ code: 'environment' });
    await f.call('update_job', { job_id, worker: { type: 'scripted' } });
    await f.call('start_job', { job_id, wait_seconds: 0 });
    expect((await f.job(job_id)).status).toBe('testing');
  });

  test.each([
    ['nothing', {}, /Expected at least one change, found none/],
    ['no limit', { limits: {} }, /Expected at least one change, found none/],
    ['a placeholder that no item has', { template: 'Read {nome}.' }, /nome/],
    ['an unknown worker', { worker: { type: 'scripte' } }, /unknown worker "scripte"/],
    ['an unknown field of the worker', { worker: { type: 'scripted', note_: 'x' } }, /note_/],
    ['an invalid schema', { schema: { type: 'objekt' } }, /schema is not/],
    ['limits out of range', { limits: { max_workers: 0 } }, /max_workers/],
    ['another output directory', { output: { directory: 'x', path: 'x.csv' } }, /output: .*found output\.directory/],
    ['an output without a file', { output: {} }, /output: .*found no output\.path/],
    ['a worker and a program', { worker: 'scripted', run: ['true'] }, /run: expected either worker or run/],
    ['an unknown limit', { limits: { max_worker: 2 } }, /max_worker/],
  ])('with %s is rejected and changes nothing', async (_what, change, message) => {
    const f = flow();
    const job_id = await f.create();
    const before = await f.job(job_id);
    const refused = f.orchestrator.callUnknown(
      'update_job',
      { job_id, ...change },
      { interface: 'cli', workingDirectory: f.directory, human: null, maxWaitMs: 1e9 },
    );
    await expect(refused).rejects.toMatchObject({ code: 'invalid_input', message });
    expect(await f.job(job_id)).toEqual(before);
    expect(await f.store.repository.jobs.revisions(job_id)).toHaveLength(1);
  });
});
