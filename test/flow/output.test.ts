import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JobEvent } from '../../src/domain/event.ts';
import { type Flow, type FlowJob, flow } from '../helpers/flow.ts';
import { fails, hangs } from '../helpers/scripted-worker.ts';
import { nextOf, worded } from '../helpers/told.ts';

const OUTPUT = { path: 'out.csv', fields: ['unit', 'status'] };
const file = (f: Flow, name = 'out.csv') => join(f.directory, name);
const text = (f: Flow, name?: string) => readFileSync(file(f, name), 'utf8');
const output = async (f: Flow, job_id: string) => (await f.call('get_job_status', { job_id })).output;
const isOver = (f: Flow, jobId: string) => async () =>
  ['completed', 'failed', 'cancelled'].includes((await f.job(jobId)).status) && !f.hasExecutor(jobId);

async function ended(f: Flow, job: FlowJob = {}): Promise<string> {
  const jobId = await f.begin({ units: 2, output: OUTPUT, ...job });
  await f.until(isOver(f, jobId), 500);
  return jobId;
}

/** Runs rounds until the job has ended, and no more: its output is due. */
async function due(f: Flow, job: FlowJob = {}): Promise<string> {
  const jobId = await f.begin({ units: 2, output: OUTPUT, ...job });
  await f.until(async () => (await f.job(jobId)).outputState?.state === 'due', 500);
  return jobId;
}

describe('the output of a job', () => {
  test('is written once at the end of the job, and status names it', async () => {
    const f = flow();
    const jobId = await f.begin({ units: 2, output: OUTPUT });
    const { outputDirectory: directory } = await f.job(jobId);
    expect(await output(f, jobId)).toEqual({ directory, path: file(f), format: 'csv', state: 'at_the_end' });
    await f.until(isOver(f, jobId), 500);
    expect(text(f)).toBe('unit,status\n0,completed\n1,completed\n');
    expect(await output(f, jobId)).toMatchObject({ path: file(f), state: 'written', rows: 2 });
    expect(await f.events(jobId, 'results:exported')).toHaveLength(1);
    const next = await nextOf(f, jobId);
    expect(next.map(({ tool, why }) => `${tool}: ${why}`).join('\n')).toContain(file(f));
  });

  test.each<[string, FlowJob, string]>([
    ['of a failed job', { limits: { max_retries: 0 } }, 'unit,status\n0,failed\n1,completed\n'],
    ['of units in some statuses', { output: { ...OUTPUT, status: ['completed'] } }, 'unit,status\n1,completed\n'],
    ['with selected columns', { output: { ...OUTPUT, fields: ['key'] } }, 'key\n0\n1\n'],
  ])('%s', async (_what, job, expected) => {
    const f = flow();
    f.worker.on(0, fails('bad_input'));
    await ended(f, job);
    expect(text(f)).toBe(expected);
  });

  test("is written again after retries and replaces the job's former file", async () => {
    const f = flow();
    f.worker.on(0, fails('bad_input'));
    const jobId = await ended(f);
    await f.call('manage_units', { job_id: jobId, action: 'retry' });
    expect(await output(f, jobId)).toMatchObject({ state: 'at_the_end' });
    await f.until(isOver(f, jobId), 500);
    expect(text(f)).toBe('unit,status\n0,completed\n1,completed\n');
    expect(await f.events(jobId, 'results:exported')).toHaveLength(2);
  });

  test('of a cancelled job is not written', async () => {
    const f = flow();
    f.worker.otherwise = hangs;
    const jobId = await f.begin({ units: 1, output: OUTPUT });
    await f.call('cancel_job', { job_id: jobId });
    await f.until(isOver(f, jobId));
    expect(existsSync(file(f))).toBe(false);
    expect(await output(f, jobId)).toMatchObject({ state: 'not_written' });
    expect(await f.call('export_results', { job_id: jobId })).toMatchObject({ path: file(f), rows: 1 });
  });

  test('is kept by a clone, and shown with the settings', async () => {
    const f = flow();
    const jobId = await f.create({ output: { ...OUTPUT, status: ['failed'], raw: true } });
    const given = { path: file(f), format: 'csv', fields: ['unit', 'status'], status: ['failed'], raw: true };
    expect((await f.call('job_recipe', { job_id: jobId })).input.output).toEqual(given);
    expect((await f.call('get_job', { job_id: jobId })).output).toMatchObject(given);
  });
});

describe('an output that cannot be written is recorded and changes nothing about the job', () => {
  test.each<[string, (f: Flow) => void, string, RegExp]>([
    ['another file exists', (f) => writeFileSync(file(f), 'mine'), 'already_exists', /already exists/],
    ['a directory exists', (f) => mkdirSync(file(f)), 'invalid_input', /found a directory/],
    ['a link is there', (f) => symlinkSync('elsewhere', file(f)), 'invalid_input', /it is a link/],
    ['a column does not exist', () => undefined, 'invalid_input', /"titel"/],
  ])('%s', async (what, make, code, message) => {
    const f = flow();
    const fields = what.startsWith('a column') ? ['unit', 'titel'] : ['unit'];
    const jobId = await f.create({ units: 1, output: { path: 'out.csv', fields } });
    make(f);
    await f.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 });
    await f.until(isOver(f, jobId), 500);
    expect(await f.job(jobId)).toMatchObject({ status: 'completed', statusMessage: null });
    expect(await output(f, jobId)).toMatchObject({
      state: 'failed',
      error: { code, message: expect.stringMatching(message) },
    });
    const [{ data }, ...others] = (await f.events(jobId, 'results:export_failed')) as [JobEvent];
    expect(others).toEqual([]);
    // What is stored says what happened: advice follows from it when it is read.
    expect(Object.keys(data).sort()).toEqual(['code', 'message', 'path']);
    expect(await f.store.repository.jobs.wantingExecutor()).toEqual([]);
    // What is suggested instead is accepted.
    const next = await nextOf(f, jobId);
    const again = next.find(({ tool }) => tool === 'export_results');
    expect(await f.call('export_results', again?.arguments as { job_id: string })).toMatchObject({ rows: 1 });
  });

  test('a folder replaced by a link to another place', async () => {
    const f = flow();
    mkdirSync(file(f, 'made'));
    mkdirSync(file(f, 'elsewhere'));
    const jobId = await f.create({ units: 1, output: { path: 'made/out.csv' } });
    rmSync(file(f, 'made'), { recursive: true });
    symlinkSync('elsewhere', file(f, 'made'));
    await f.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 });
    await f.until(isOver(f, jobId), 500);
    expect(await output(f, jobId)).toMatchObject({ state: 'failed', error: { code: 'invalid_input' } });
    expect(readdirSync(file(f, 'elsewhere'))).toEqual([]);
  });

  test('a changed former export stays, and the suggested export reports when it was moved', async () => {
    const f = flow();
    f.worker.on(0, fails('bad_input'));
    const jobId = await ended(f);
    writeFileSync(file(f), 'mine now');
    await f.call('manage_units', { job_id: jobId, action: 'retry' });
    await f.until(isOver(f, jobId), 500);
    expect(text(f)).toBe('mine now');
    expect(await output(f, jobId)).toMatchObject({ state: 'failed', error: { code: 'conflict' } });
    rmSync(file(f));
    await f.call('export_results', { job_id: jobId });
    expect(await output(f, jobId)).toMatchObject({ state: 'written', rows: 2 });
    expect(text(f)).toContain('0,completed');
  });

  test.skipIf(process.getuid?.() === 0)('a folder that may not be written to', async () => {
    const f = flow();
    mkdirSync(file(f, 'shut'));
    const jobId = await f.create({ units: 1, output: { path: 'shut/out.csv' } });
    chmodSync(file(f, 'shut'), 0o500);
    await f.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 });
    await f.until(isOver(f, jobId), 500);
    expect(await output(f, jobId)).toMatchObject({ state: 'failed', error: { code: 'environment' } });
  });
});

describe('after a kill between the end of the job and its file', () => {
  const wanting = async (f: Flow) => (await f.store.repository.jobs.wantingExecutor()).map(({ jobId }) => jobId);

  test('the next executor writes it', async () => {
    const f = flow();
    const jobId = await due(f);
    await f.killExecutor(jobId);
    rmSync(file(f), { force: true });
    expect(await wanting(f)).toEqual([jobId]);
    expect(await f.call('get_job_status', { job_id: jobId })).toMatchObject({
      status: 'completed',
      output: { state: 'writing' },
    });
    await f.recover(jobId);
    await f.until(isOver(f, jobId), 500);
    expect(text(f)).toBe('unit,status\n0,completed\n1,completed\n');
    expect(await output(f, jobId)).toMatchObject({ state: 'written' });
    expect(await wanting(f)).toEqual([]);
  });

  test('resume_job gives the job an executor at once', async () => {
    const f = flow();
    const jobId = await due(f);
    await f.killExecutor(jobId);
    rmSync(file(f), { force: true });
    await f.call('resume_job', { job_id: jobId });
    await f.until(isOver(f, jobId), 500);
    expect((await f.job(jobId)).status).toBe('completed');
    expect(await output(f, jobId)).toMatchObject({ state: 'written' });
  });

  test('a moved and unrecorded file is recognized as the job’s own', async () => {
    const f = flow();
    const jobId = await ended(f);
    const { sha256 } = (await f.events(jobId, 'results:exported'))[0]?.data ?? {};
    // As if the executor had died right after the move: with other content, since the job was started again meanwhile.
    await f.store.repository.transaction({ job: jobId }, async (tx) => {
      await tx.jobs.patch(jobId, { outputState: { state: 'due', sha256: sha256 as string } });
    });
    const forget = f.store.repository.events;
    const before = forget.ofJob;
    Object.assign(forget, {
      ofJob: async (...given: Parameters<typeof before>) =>
        (await before(...given)).filter(({ type }) => type !== 'results:exported'),
    });
    await f.recover(jobId);
    await f.until(isOver(f, jobId), 500);
    expect(await output(f, jobId)).toMatchObject({ state: 'written' });
  });

  test('the partial file of the killed executor is removed', async () => {
    const f = flow();
    const jobId = await due(f);
    await f.killExecutor(jobId);
    writeFileSync(file(f, `.abp-export-${jobId}-half.tmp`), 'half');
    writeFileSync(file(f, '.abp-export-job-other-half.tmp'), 'of another job');
    await f.recover(jobId);
    await f.until(isOver(f, jobId), 500);
    expect(readdirSync(f.directory).filter((name) => name.endsWith('.tmp'))).toEqual([
      '.abp-export-job-other-half.tmp',
    ]);
  });

  test('results that end three executors do not end a fourth', async () => {
    const f = flow();
    const jobId = await due(f);
    for (let times = 0; times < 3; times++) {
      await f.killExecutor(jobId);
      await f.recover(jobId);
    }
    rmSync(file(f), { force: true });
    await f.until(isOver(f, jobId), 500);
    expect(existsSync(file(f))).toBe(false);
    expect(await output(f, jobId)).toMatchObject({
      state: 'failed',
      error: { message: expect.stringMatching(/^3 executors died/) },
    });
  });

  test('units put back before it is written run first', async () => {
    const f = flow();
    const jobId = await due(f);
    await f.call('manage_units', { job_id: jobId, action: 'reopen', units: [0] });
    expect((await f.job(jobId)).status).toBe('running');
    await f.until(isOver(f, jobId), 500);
    expect(await output(f, jobId)).toMatchObject({ state: 'written', rows: 2 });
  });
});

describe('the place of an output', () => {
  const HTTP = { home: null, workingDirectory: '/' };

  test.each<[string, (f: Flow) => string]>([
    ['outside', () => '/tmp/abp-nowhere/out.csv'],
    ['hidden', (f) => file(f, '.git/out.csv')],
    ['under a name without a data format', (f) => file(f, 'Makefile')],
    ['as instructions', (f) => file(f, 'CLAUDE.md')],
    ['in the store', (f) => file(f, 'runs/out.csv')],
  ])('without a person no job is created for an output %s', async (_where, path) => {
    const f = flow();
    await expect(f.create({ output: { path: path(f) } })).rejects.toMatchObject({
      code: expect.stringMatching(/approval_required|invalid_input/),
    });
    expect((await f.store.repository.jobs.list({ limit: 9 })).jobs).toEqual([]);
  });

  test("a caller without a directory may only use the job's outputs", async () => {
    const f = flow();
    const outside = f.call('create_job', { ...recipe(f), output: { path: file(f) } }, HTTP);
    await expect(outside).rejects.toMatchObject({ code: 'approval_required' });
    const inside = { output: { directory: file(f, 'made'), path: file(f, 'made/out.csv') } };
    expect(await f.call('create_job', { ...recipe(f), ...inside }, HTTP)).toMatchObject({
      output: { path: file(f, 'made/out.csv') },
    });
  });

  test('a person may use any place, and a program writes there again without replacing other files', async () => {
    const f = flow();
    mkdirSync(file(f, '.hidden'));
    const path = file(f, '.hidden/table');
    const { job_id } = await f.call('create_job', { ...recipe(f), output: { path, format: 'csv' } }, { human: 'cli' });
    await f.call('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    await f.until(isOver(f, job_id), 500);
    expect(existsSync(path)).toBe(true);
    expect(await f.call('export_results', { job_id })).toMatchObject({ path });
    await expect(f.call('export_results', { job_id, force: true })).rejects.toMatchObject({
      code: 'approval_required',
    });
    await expect(f.call('export_results', { job_id, path, format: 'csv' })).rejects.toMatchObject({
      code: 'approval_required',
    });
  });

  test('an existing file is rejected before the job is created', async () => {
    const f = flow();
    writeFileSync(file(f), 'mine');
    await expect(f.create({ output: OUTPUT })).rejects.toMatchObject({ code: 'already_exists' });
    expect((await f.store.repository.jobs.list({ limit: 9 })).jobs).toEqual([]);
    const forced = { ...recipe(f), output: { path: file(f), force: true } };
    await expect(f.call('create_job', forced)).rejects.toMatchObject({ code: 'approval_required' });
    expect(text(f)).toBe('mine');
    const { job_id } = await f.call('create_job', forced, { human: 'cli' });
    await f.call('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    await f.until(isOver(f, job_id), 500);
    expect(await output(f, job_id)).toMatchObject({ state: 'written' });
  });

  function recipe(f: Flow) {
    writeFileSync(file(f, 'items.json'), '[{"name":"a"}]');
    return {
      name: 'Flow',
      intent: 'Look at it.',
      source: { type: 'json', file_path: file(f, 'items.json') },
      worker: { type: 'scripted' },
    };
  }
});

describe('update_job changes the output', () => {
  test('changes it while the job runs, without a new revision', async () => {
    const f = flow();
    f.worker.otherwise = hangs;
    const job_id = await f.begin({ units: 1, output: OUTPUT });
    await f.until(() => f.worker.running().length === 1);
    expect(await f.call('update_job', { job_id, output: { path: 'other.csv' } })).toMatchObject({ revision: 1 });
    f.worker.finish(0);
    await f.until(isOver(f, job_id), 500);
    expect([existsSync(file(f)), existsSync(file(f, 'other.csv'))]).toEqual([false, true]);
  });

  test('changes and removes it without discarding the test', async () => {
    const f = flow();
    const job_id = await f.create({ units: 2, output: OUTPUT });
    await f.call('start_job', { job_id, wait_seconds: 0 });
    await f.until(async () => (await f.job(job_id)).test?.state === 'passed');
    expect(await f.call('update_job', { job_id, output: null })).toMatchObject({ status: 'testing' });
    await f.call('start_job', { job_id, approve: true, wait_seconds: 0 });
    await f.until(isOver(f, job_id), 500);
    expect(existsSync(file(f))).toBe(false);
    expect(await output(f, job_id)).toEqual({ directory: (await f.job(job_id)).outputDirectory });
  });

  test('rejects a forbidden place, and a job that has ended', async () => {
    const f = flow();
    const job_id = await f.create({ units: 1 });
    await expect(f.call('update_job', { job_id, output: { path: '/tmp/x.csv' } })).rejects.toMatchObject({
      code: 'approval_required',
    });
    expect((await f.job(job_id)).output).toBeNull();
    await f.call('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    await f.until(isOver(f, job_id), 500);
    await expect(worded(f.call('update_job', { job_id, output: OUTPUT }))).rejects.toMatchObject({
      code: 'conflict',
      hint: expect.stringContaining('export_results'),
    });
  });
});

test('the executor sends heartbeats while it writes a large output', async () => {
  const f = flow();
  const jobId = await f.begin({ units: 3000, output: OUTPUT, limits: { max_workers: 64 } });
  await f.until(async () => (await f.job(jobId)).outputState?.state === 'due', 500);
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  const beat = async () => (await f.store.repository.leases.get(jobId))?.heartbeat ?? 0;
  const before = await beat();
  await f.until(() => {
    f.clock.advance(5000);
    return isOver(f, jobId)();
  }, 500);
  clearInterval(counting);
  expect(turns).toBeGreaterThan(3);
  expect(await beat()).toBeGreaterThan(before);
  expect(text(f).trim().split('\n')).toHaveLength(3001);
});
