import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Flow, type FlowJob, flow } from '../helpers/flow.ts';
import { type Ending, fails, hangs, ok } from '../helpers/scripted-worker.ts';
import { nextOf, worded } from '../helpers/told.ts';

const STEP = { name: 'report', scope: 'job', intent: 'Write one summary of all results.' } as const;
const PROMPT: FlowJob = { steps: [STEP] };

/** A job with a step of scope job; `post` says how its attempts end, `main` how those of units end that are not good. */
async function withReport(
  f: Flow,
  endings: { post?: readonly Ending[]; main?: Readonly<Record<number, readonly Ending[]>> },
  job: FlowJob = {},
): Promise<string> {
  const post = [...(endings.post ?? [])];
  const main = new Map(Object.entries(endings.main ?? {}).map(([unit, list]) => [Number(unit), [...list]]));
  f.worker.otherwise = async (assignment) => {
    const next = assignment.scope === 'job' ? post.shift() : main.get(assignment.index)?.shift();
    if (next === undefined) return ok({ text: `result of ${assignment.index}` });
    if (next === hangs) throw new Error('a script of stages cannot hang');
    return typeof next === 'function' ? next(assignment) : next;
  };
  return f.begin({ units: 3, limits: { max_retries: 1 }, ...PROMPT, ...job });
}
const PERSON = { interface: 'cli', workingDirectory: '/', human: 'cli', maxWaitMs: 1e9 } as const;
const posts = (f: Flow) => f.worker.runs.filter(({ assignment }) => assignment.scope === 'job');
const ended = (f: Flow, jobId: string) => async () =>
  ['completed', 'failed'].includes((await f.job(jobId)).status) && !f.hasExecutor(jobId);

describe('a step of scope job', () => {
  test('has one unit, and a request for another one is rejected', async () => {
    const f = flow();
    const unit = (job_id: string) => f.call('get_unit', { job_id, unit: 0, scope: 'job' });
    await expect(unit(await f.create())).rejects.toMatchObject({ hint: /no step of scope job/ });
    await expect(unit(await f.create(PROMPT))).rejects.toMatchObject({ hint: /unit 0, once .* has begun/ });
  });

  test('may use all of the remaining budget', async () => {
    const f = flow();
    f.worker.otherwise = ok({}, { costUsd: 0.01 });
    const jobId = await f.begin({ units: 3, limits: { budget_usd: 5 }, ...PROMPT });
    await f.until(ended(f, jobId), 500);
    expect(posts(f)[0]?.assignment.budgetUsd).toBeCloseTo(4.97);
  });

  test('runs once after the last unit on a file of results, not counted in units', async () => {
    const f = flow();
    const jobId = await withReport(f, {});
    await f.until(ended(f, jobId), 500);
    expect(await f.job(jobId)).toMatchObject({ status: 'completed', statusMessage: null });
    expect(posts(f)).toHaveLength(1);
    const [run] = posts(f);
    const outputDirectory = join((await f.job(jobId)).outputDirectory, 'report');
    expect(run?.assignment).toMatchObject({
      outputDirectory,
      readableDirectories: [(await f.job(jobId)).outputDirectory],
      outputSchema: null,
      payload: {
        results_path: join(outputDirectory, 'results.jsonl'),
        units_total: 3,
        units_completed: 3,
        units_failed: 0,
      },
    });
    expect(`${run?.assignment.prompt.system}\n${run?.assignment.prompt.user}`).toContain('Write one summary');
    const rows = readFileSync(join(outputDirectory, 'results.jsonl'), 'utf8').trim().split('\n');
    expect(rows.map((row) => JSON.parse(row).result)).toEqual(['result of 0', 'result of 1', 'result of 2']);
    expect(await f.store.repository.units.counts(jobId)).toMatchObject({ total: 3, completed: 3 });
    expect(await f.call('get_job_status', { job_id: jobId })).toMatchObject({
      steps: [
        { name: 'main', scope: 'unit', completed: 3 },
        { name: 'report', scope: 'job', status: 'completed', output_directory: outputDirectory },
      ],
    });
    expect(await f.call('get_unit', { job_id: jobId, unit: 0, scope: 'job' })).toMatchObject({ scope: 'job' });
  });

  test.each([
    ['skip', 0, 'failed', '1 of 3 units failed. Step report was skipped.'],
    ['run', 1, 'failed', '1 of 3 units failed.'],
  ] as const)('when units failed: %s', async (on_failures, times, status, message) => {
    const f = flow();
    const jobId = await withReport(f, { main: { 1: [fails('bad_input')] } }, { steps: [{ ...STEP, on_failures }] });
    await f.until(ended(f, jobId), 500);
    expect(await f.job(jobId)).toMatchObject({ status, statusMessage: message });
    expect(posts(f)).toHaveLength(times);
  });

  test('is retried alone, and its failure fails the job', async () => {
    const f = flow();
    const jobId = await withReport(f, { post: [fails('agent_error'), fails('agent_error')] });
    await f.until(ended(f, jobId), 500);
    expect(posts(f)).toHaveLength(2);
    expect(f.worker.runs).toHaveLength(5);
    expect((await f.job(jobId)).statusMessage).toBe('Step report failed: It was agent_error.');
    expect((await nextOf(f, jobId)).map(({ tool, arguments: given }) => [tool, given.action])).toEqual([
      ['manage_units', 'rerun'],
      ['export_results', undefined],
    ]);
  });

  test('can run again after the end of the job, also when it was skipped', async () => {
    const f = flow();
    const job_id = await withReport(f, { main: { 1: [fails('bad_input')] } });
    await f.until(ended(f, job_id), 500);
    expect(posts(f)).toHaveLength(0);
    await f.call('manage_units', { job_id, action: 'rerun' });
    await f.until(ended(f, job_id), 500);
    expect(posts(f)).toHaveLength(1);
    expect(posts(f)[0]?.assignment.payload).toMatchObject({ units_completed: 2, units_failed: 1 });
    expect(await f.job(job_id)).toMatchObject({ status: 'failed', statusMessage: '1 of 3 units failed.' });
    await f.call('manage_units', { job_id, action: 'rerun' });
    await f.until(ended(f, job_id), 500);
    expect(await f.attempts(job_id, 0, 'job')).toHaveLength(2);
  });

  test('runs again over new results after retries', async () => {
    const f = flow();
    const job_id = await withReport(
      f,
      { main: { 1: [fails('bad_input'), ok({ text: 'at last' })] } },
      { steps: [{ ...STEP, on_failures: 'run' }] },
    );
    await f.until(ended(f, job_id), 500);
    await f.call('manage_units', { job_id, action: 'retry' });
    await f.until(ended(f, job_id), 500);
    expect((await f.job(job_id)).status).toBe('completed');
    expect(posts(f).map(({ assignment }) => assignment.payload.units_failed)).toEqual([1, 0]);
    const { results_path } = posts(f)[1]?.assignment.payload ?? {};
    expect(readFileSync(results_path as string, 'utf8')).toContain('at last');
  });

  test('that could not start fails the job with the reason, and can be run again', async () => {
    const f = flow();
    f.worker.otherwise = ({ outputDirectory }) => {
      writeFileSync(join(outputDirectory, 'report'), 'in the way');
      return { ok: true, result: { text: 'done' }, usage: {} };
    };
    const job_id = await f.begin({ units: 3, ...PROMPT });
    await f.until(ended(f, job_id), 500);
    expect((await f.job(job_id)).status).toBe('failed');
    expect((await f.job(job_id)).statusMessage).toMatch(/^Step report could not start: .*report/);
    expect(await f.statuses(job_id)).toBe('completed completed completed');
    rmSync(join((await f.job(job_id)).outputDirectory, 'report'));
    f.worker.otherwise = { ok: true, result: { text: 'all' }, usage: {} };
    await f.call('manage_units', { job_id, action: 'rerun', step: 'report' });
    await f.until(ended(f, job_id), 500);
    expect((await f.job(job_id)).status).toBe('completed');
  });

  test('of a job without it is rejected', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 1 });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    const refusal = { code: 'conflict', message: /no step of scope job/, hint: /create_job takes steps/ };
    await expect(worded(f.call('manage_units', { job_id, action: 'rerun' }))).rejects.toMatchObject(refusal);
  });
});

describe('several steps of scope job', () => {
  const STEPS: FlowJob['steps'] = [
    STEP,
    { name: 'letter', scope: 'job', template: 'Write a letter about {report}.', on_failures: 'run' },
  ];
  const names = (f: Flow) => posts(f).map(({ assignment }) => assignment.outputDirectory.split('/').at(-1));

  test('run one after the other, each with the results of those before', async () => {
    const f = flow();
    const job_id = await withReport(f, { post: [ok({ text: 'all is well' })] }, { steps: STEPS });
    await f.until(ended(f, job_id), 500);
    expect((await f.job(job_id)).status).toBe('completed');
    expect(names(f)).toEqual(['report', 'letter']);
    expect(posts(f)[1]?.assignment).toMatchObject({ results: { report: 'all is well' } });
    expect(posts(f)[1]?.assignment.prompt.user).toContain('Write a letter about all is well.');
  });

  test('that are for failures too run alone when units failed', async () => {
    const f = flow();
    const job_id = await withReport(f, { main: { 1: [fails('bad_input')] } }, { steps: STEPS });
    await f.until(ended(f, job_id), 500);
    expect(names(f)).toEqual(['letter']);
    expect(await f.call('get_job_status', { job_id })).toMatchObject({
      steps: [{ name: 'main' }, { name: 'report', status: 'skipped' }, { name: 'letter', status: 'completed' }],
    });
  });

  test('run again from the one that a person names', async () => {
    const f = flow();
    const job_id = await withReport(f, {}, { steps: STEPS });
    await f.until(ended(f, job_id), 500);
    await f.call('manage_units', { job_id, action: 'rerun', step: 'letter' });
    await f.until(ended(f, job_id), 500);
    expect(names(f)).toEqual(['report', 'letter', 'letter']);
    await f.call('manage_units', { job_id, action: 'rerun' });
    await f.until(ended(f, job_id), 500);
    expect(names(f).slice(3)).toEqual(['report', 'letter']);
    await expect(f.call('manage_units', { job_id, action: 'rerun', step: 'x' })).rejects.toMatchObject({
      code: 'not_found',
      hint: 'It has report, letter.',
    });
  });

  test('run again from the one that failed, unless another is named', async () => {
    const f = flow();
    const job_id = await withReport(f, { post: [ok(), fails('bad_input')] }, { steps: STEPS });
    await f.until(ended(f, job_id), 500);
    expect((await nextOf(f, job_id))[0]).toMatchObject({ arguments: { action: 'rerun', step: 'letter' } });
    await f.call('manage_units', { job_id, action: 'rerun' });
    await f.until(ended(f, job_id), 500);
    expect(names(f)).toEqual(['report', 'letter', 'letter']);
    const steps = (await f.call('get_job_status', { job_id })).steps;
    expect(steps?.map(({ status = '' }) => status)).toEqual(['', 'completed', 'completed']);
  });

  test.each([
    [{ action: 'rerun', units: [0] }, /units: expected not with action rerun/],
    [{ action: 'retry', step: 'report' }, /step: expected not with action retry/],
  ] as const)('refuse what the action does not take: %j', async (given, message) => {
    const f = flow();
    const job_id = await f.create({ steps: STEPS });
    const call = f.orchestrator.callUnknown('manage_units', { job_id, ...given }, PERSON);
    await expect(call).rejects.toMatchObject({ code: 'invalid_input', message });
  });

  test('stop at the one that fails', async () => {
    const f = flow();
    const job_id = await withReport(f, { post: [fails('bad_input')] }, { steps: STEPS });
    await f.until(ended(f, job_id), 500);
    expect(names(f)).toEqual(['report']);
    expect(await f.call('get_job_status', { job_id })).toMatchObject({
      status: 'failed',
      message: 'Step report failed: It was bad_input.',
      steps: [{ name: 'main' }, { name: 'report', status: 'failed' }, { name: 'letter', status: 'skipped' }],
    });
  });
});

describe('a job paused in a step of scope job', () => {
  async function inPost(f: Flow): Promise<string> {
    const job_id = await f.begin({ units: 1, ...PROMPT });
    f.worker.on(0, ok(), hangs);
    await f.until(() => f.worker.running().length === 1, 500);
    expect(await f.job(job_id)).toMatchObject({ status: 'running', jobStepsBegun: true });
    return job_id;
  }

  test('softly at its end completes when resumed, without a second payment', async () => {
    const f = flow();
    const job_id = await inPost(f);
    await f.call('pause_job', { job_id });
    f.worker.finish(0);
    await f.until(() => !f.hasExecutor(job_id));
    expect((await f.job(job_id)).status).toBe('paused');
    await f.call('resume_job', { job_id });
    expect(await f.job(job_id)).toMatchObject({ status: 'running', jobStepsBegun: true });
    await f.until(ended(f, job_id), 500);
    expect((await f.job(job_id)).status).toBe('completed');
    expect(posts(f)).toHaveLength(1);
  });

  test('hard continues with it when resumed', async () => {
    const f = flow();
    const job_id = await inPost(f);
    f.worker.used(0, { sessionId: 'the session' });
    await f.call('pause_job', { job_id, hard: true });
    await f.until(() => !f.hasExecutor(job_id));
    await f.call('resume_job', { job_id });
    await f.until(ended(f, job_id), 500);
    expect(posts(f).map(({ assignment }) => assignment.resumeSessionId)).toEqual([null, 'the session']);
  });

  test('hard begins a new session when units were put back: the old one knows other results', async () => {
    const f = flow();
    const job_id = await inPost(f);
    f.worker.used(0, { sessionId: 'the session' });
    await f.call('pause_job', { job_id, hard: true });
    await f.until(() => !f.hasExecutor(job_id));
    await f.call('manage_units', { job_id, action: 'reopen', units: [0] });
    await f.call('resume_job', { job_id });
    await f.until(ended(f, job_id), 500);
    expect(posts(f).map(({ assignment }) => assignment.resumeSessionId)).toEqual([null, null]);
  });

  test('runs units that were put back first, then the step over all results', async () => {
    const f = flow();
    const job_id = await inPost(f);
    await f.call('pause_job', { job_id });
    f.worker.finish(0);
    await f.until(() => !f.hasExecutor(job_id));
    await f.call('manage_units', { job_id, action: 'reopen', units: [0] });
    await f.call('resume_job', { job_id });
    expect(await f.job(job_id)).toMatchObject({ status: 'running', jobStepsBegun: false });
    await f.until(ended(f, job_id), 500);
    expect(f.worker.runs.map(({ assignment }) => assignment.scope)).toEqual(['unit', 'job', 'unit', 'job']);
  });

  test('is passed over when a unit that was put back fails: nothing of it waits after the end', async () => {
    const f = flow();
    const job_id = await inPost(f);
    await f.call('pause_job', { job_id, hard: true });
    await f.until(() => !f.hasExecutor(job_id));
    await f.call('manage_units', { job_id, action: 'reopen', units: [0] });
    f.worker.otherwise = fails('bad_input');
    await f.call('resume_job', { job_id });
    await f.until(ended(f, job_id), 500);
    expect(await f.job(job_id)).toMatchObject({ status: 'failed', statusMessage: /Step report was skipped/ });
    expect((await f.unit(job_id, 0, 'job')).status).toBe('skipped');
  });

  test('units may be put back while it runs: it runs again over their results', async () => {
    const f = flow();
    const job_id = await inPost(f);
    await f.call('manage_units', { job_id, action: 'reopen', units: [0] });
    await f.until(async () => (await f.unit(job_id, 0)).status === 'completed', 500);
    f.worker.finish(0);
    await f.until(ended(f, job_id), 500);
    expect(f.worker.runs.map(({ assignment }) => assignment.scope)).toEqual(['unit', 'job', 'unit', 'job']);
    expect((await f.job(job_id)).status).toBe('completed');
  });

  test('stops it when cancelled', async () => {
    const f = flow();
    const job_id = await inPost(f);
    await f.call('cancel_job', { job_id });
    await f.until(() => !f.hasExecutor(job_id));
    expect(posts(f)[0]?.stopped()).toBe('cancelled');
    expect((await f.unit(job_id, 0, 'job')).status).toBe('cancelled');
    expect((await f.job(job_id)).status).toBe('cancelled');
  });

  test('by the death of its executor is adopted', async () => {
    const f = flow();
    const job_id = await inPost(f);
    await f.killExecutor(job_id);
    f.worker.leaves(0, 'alive');
    await f.recover(job_id);
    await f.until(() => f.worker.running().length === 1);
    f.worker.finish(0);
    await f.until(ended(f, job_id), 500);
    expect(await f.attempts(job_id, 0, 'job')).toHaveLength(1);
  });
});

test('the executor keeps its lease while it writes the results, and can be stopped', async () => {
  const f = flow();
  const job_id = await withReport(f, {}, { units: 3000, limits: { max_workers: 64 } });
  await f.until(async () => (await f.statuses(job_id)).match(/pending|running/) === null, 500);
  await f.call('cancel_job', { job_id });
  await f.until(() => !f.hasExecutor(job_id), 500);
  expect((await f.job(job_id)).status).toBe('cancelled');
  const directory = join((await f.job(job_id)).outputDirectory, 'report');
  // Whole or not there: never half a file.
  const path = join(directory, 'results.jsonl');
  if (existsSync(path)) expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(3000);
});
