import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inCommands } from '../../src/cli/hint-words.ts';
import type { Job } from '../../src/domain/job.ts';
import type { BatchFileRun, Call } from '../../src/orchestrator/operation.ts';
import { identify } from '../../src/workers/process/processes.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { hangs } from '../helpers/scripted-worker.ts';
import { seedJob } from '../helpers/store.ts';
import { worded } from '../helpers/told.ts';

function recipe(f: Flow, rows = 'id\n1\n2\n') {
  const file_path = join(f.directory, 'rows.csv');
  writeFileSync(file_path, rows);
  return {
    name: 'A job',
    intent: 'Look at it.',
    source: { type: 'csv', file_path },
    worker: { type: 'scripted' },
    limits: { max_workers: 2, max_retries: 1 },
  };
}
const create = (f: Flow, input: Record<string, unknown>, call: Partial<Call> = {}) =>
  f.call('create_job', input as never, call);
const listed = async (f: Flow) => (await f.call('list_jobs', {})).jobs.map(({ job_id, status }) => [job_id, status]);

describe('a request_id', () => {
  test('returns its job, also when the source is gone and the fields come in another order', async () => {
    const f = flow();
    const given = { ...recipe(f), request_id: 'r-1' };
    const first = await create(f, given);
    writeFileSync(given.source.file_path, '');
    const { limits, ...rest } = given;
    const again = await create(f, { limits: { max_retries: limits.max_retries, max_workers: 2 }, ...rest });
    expect(again).toMatchObject({ job_id: first.job_id, deduplicated: true, template: first.template });
    expect(first).not.toHaveProperty('deduplicated');
    expect(await listed(f)).toHaveLength(1);
    expect((await f.call('list_jobs', { search: 'r-1' })).jobs).toHaveLength(1);
    expect(await f.call('get_job', { job_id: first.job_id })).toMatchObject({ request_id: 'r-1' });
  });

  test.each(['r-1', undefined])(
    '(%s) is shown as it was given, never the id of the call itself',
    async (request_id) => {
      const f = flow();
      const given = { ...recipe(f), ...(request_id && { request_id }) };
      const made = await create(f, given, { requestId: 'call-1' });
      const { job_id } = made;
      for (const answer of [
        made,
        await f.call('get_job_status', { job_id }),
        ...(await f.call('list_jobs', {})).jobs,
      ]) {
        expect(JSON.stringify(answer)).not.toMatch(/call-1|"request_id"/);
      }
      expect(await f.call('get_job', { job_id })).toMatchObject({ request_id: request_id ?? null });
      // Events of the call have its id.
      expect(await f.store.repository.events.list(job_id, 0, 1)).toMatchObject([{ data: { request_id: 'call-1' } }]);
    },
  );

  test.each<[string, Record<string, unknown>]>([
    ['another name', { name: 'Another' }],
    ['another limit', { limits: { max_workers: 3, max_retries: 1 } }],
    ['one argument more', { test: { units: 2 } }],
  ])('with %s is refused, and makes nothing', async (_what, change) => {
    const f = flow();
    const given = { ...recipe(f), request_id: 'r-1' };
    const { job_id } = await create(f, given);
    await expect(create(f, { ...given, ...change })).rejects.toMatchObject({
      code: 'request_reused',
      message: expect.stringContaining(job_id),
      details: { job_id },
    });
    expect(await listed(f)).toHaveLength(1);
  });

  test('of many simultaneous calls makes one job', async () => {
    const f = flow();
    const given = { ...recipe(f), request_id: 'r-1' };
    const made = await Promise.all(Array.from({ length: 5 }, () => create(f, given)));
    expect(new Set(made.map(({ job_id }) => job_id)).size).toBe(1);
    expect(made.filter((one) => one.deduplicated)).toHaveLength(4);
    expect(await listed(f)).toHaveLength(1);
  });

  test('of a job that was refused or deleted makes a new one', async () => {
    const f = flow();
    const given = { ...recipe(f, 'id\n'), request_id: 'r-1' };
    await expect(create(f, given)).rejects.toMatchObject({ code: 'invalid_input' });
    recipe(f);
    const { job_id } = await create(f, given);
    await f.call('cancel_job', { job_id });
    await f.call('delete_job', { job_id });
    expect((await create(f, given)).job_id).not.toBe(job_id);
  });

  test('that is absent makes two jobs of two equal calls', async () => {
    const f = flow();
    await create(f, recipe(f));
    await create(f, recipe(f));
    expect(await listed(f)).toHaveLength(2);
  });
});

describe('a call that its client aborts', () => {
  const ROWS = `id\n${'x\n'.repeat(40_000)}`;

  test('while a source is stored makes no job without a request_id', async () => {
    const f = flow();
    const client = new AbortController();
    const call = { signal: client.signal, onProgress: () => client.abort() };
    await expect(create(f, recipe(f, ROWS), call)).rejects.toThrow();
    expect(await listed(f)).toEqual([]);
    expect(await f.store.repository.jobs.deleting()).toEqual([]);
  });

  test('continues with a request_id, which finds the job', async () => {
    const f = flow();
    const client = new AbortController();
    const given = { ...recipe(f, ROWS), request_id: 'r-1' };
    const whileStored: Promise<Job | null>[] = [];
    const onProgress = () => {
      client.abort();
      whileStored.push(f.store.repository.jobs.ofRequest('r-1'));
    };
    const { job_id } = await create(f, given, { signal: client.signal, onProgress });
    expect(await whileStored[0]).toMatchObject({ status: 'enumerating' });
    expect(await create(f, given)).toMatchObject({ job_id, status: 'created', units: { total: 40_000 } });
  });

  test('after its answer leaves a job that list_jobs shows', async () => {
    const f = flow();
    const { job_id } = await create(f, recipe(f, ROWS), { maxWaitMs: 0 });
    expect(await listed(f)).toEqual([[job_id, 'enumerating']]);
    await expect.poll(async () => (await f.job(job_id)).status, PATIENCE).toBe('created');
  });

  test('with a request_id is undone when the process ends with its caller', async () => {
    const f = flow();
    const client = new AbortController();
    const call = { signal: client.signal, onProgress: () => client.abort(), maxWaitMs: Number.POSITIVE_INFINITY };
    await expect(create(f, { ...recipe(f, ROWS), request_id: 'r-1' }, call)).rejects.toThrow();
    expect(await f.store.repository.jobs.ofRequest('r-1')).toBeNull();
  });

  test('of start_job is carried out all the same: the test runs', async () => {
    const f = flow();
    f.worker.otherwise = hangs;
    const job_id = await f.create({ units: 2 });
    const client = new AbortController();
    const started = f.call('start_job', { job_id, wait_seconds: 30 }, { signal: client.signal });
    client.abort();
    expect(await started).toMatchObject({ status: 'testing', test: { state: 'running' } });
    expect(f.hasExecutor(job_id)).toBe(true);
  });
});

describe('a second run of one batch file', () => {
  const RUN: BatchFileRun = { path: '/letters/batch.yaml', carriedOut: true, another: false };
  const other = identify(process.ppid);
  const run = (f: Flow, batchFile: BatchFileRun = RUN) => create(f, recipe(f), { batchFile });
  const test_ = (state: 'running' | 'passed' | 'failed') =>
    ({ state, units: [0], verdict: null, executorsLost: 0, startedAt: 1, endedAt: null }) as const;

  test.each<[string, Partial<Job>, 'watch' | 'approve' | 'resume' | null]>([
    ['running', { status: 'running' }, 'watch'],
    ['being tested', { status: 'testing', test: test_('running') }, 'watch'],
    ['waiting for its quota', { status: 'paused', pauseReason: 'usage_limit' }, 'watch'],
    ['carried out in front of somebody else', { status: 'created', carriedOutBy: other }, 'watch'],
    ['decided about by somebody else', { status: 'testing', test: test_('passed'), carriedOutBy: other }, 'watch'],
    ['created, and left', { status: 'created' }, null],
    ['tested, and waits for a person', { status: 'testing', test: test_('passed') }, 'approve'],
    ['tested in vain, and left', { status: 'testing', test: test_('failed') }, null],
    ['carried out on another machine', { status: 'created', carriedOutBy: { ...other, machineId: 'x' } }, null],
    ['carried out by a process that is gone', { status: 'created', carriedOutBy: { ...other, startedAt: 'x' } }, null],
    ['paused by a person', { status: 'paused', pauseReason: 'user' }, 'resume'],
    ['completed', { status: 'completed' }, null],
    ['of another file', { status: 'running', batchFile: '/letters/other.yaml' }, null],
    ['of no file', { status: 'running', batchFile: null }, null],
  ])('beside a job that is %s', async (_what, job, goesOn) => {
    const f = flow();
    const { status = 'created', test: tried = null, pauseReason = null, ...rest } = job;
    const { jobId } = await seedJob(f.store, {
      status,
      job: { batchFile: RUN.path, ...rest },
      patch: { test: tried, pauseReason },
    });
    const making = run(f);
    if (goesOn === null) {
      expect(await making).toMatchObject({ status: 'created' });
      return;
    }
    await expect(worded(making, (hint) => inCommands(hint, jobId))).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(jobId),
      hint: expect.stringMatching(new RegExp(`abp ${goesOn} ${jobId} .*--new`)),
    });
    expect(await run(f, { ...RUN, another: true })).toMatchObject({ status: 'created' });
    expect(await run(f, { ...RUN, carriedOut: false })).toMatchObject({ status: 'created' });
  });
});
