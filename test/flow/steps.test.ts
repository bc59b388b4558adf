import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/domain/attempt.ts';
import { type Flow, type FlowJob, flow } from '../helpers/flow.ts';
import { fails, hangs, ok } from '../helpers/scripted-worker.ts';

type Steps = NonNullable<FlowJob['steps']>;

const STEPS = [
  { name: 'score', template: 'Score {name}.' },
  { name: 'tailor', template: 'Tailor {name} with {score}.' },
  { name: 'render', template: 'Render {tailor}.' },
] as const;
const REPORT = { name: 'report', scope: 'job', intent: 'Sum up.' } as const;

/** Creates a job whose units pass these steps; not started. */
function stepped(f: Flow, steps: Readonly<Steps> = STEPS, job: FlowJob = {}): Promise<string> {
  return f.create({ units: 3, limits: { max_retries: 1 }, steps: [...steps], ...job });
}

async function begin(f: Flow, jobId: string): Promise<void> {
  await f.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 });
}

/** Ends every attempt by its step, which its prompt shows. */
function bySteps(f: Flow, outcomes: Readonly<Record<string, (unit: number) => Outcome>>): void {
  f.worker.otherwise = ({ prompt, index }) => {
    const text = `${prompt.system}\n${prompt.user}`;
    const [, verb = ''] = /^(Score|Tailor|Render)\b/m.exec(text) ?? [];
    return outcomes[verb]?.(index) ?? ok({ text: `${verb} ${index}` });
  };
}
const ended = (f: Flow, jobId: string) => async () =>
  ['completed', 'failed', 'paused'].includes((await f.job(jobId)).status) && !f.hasExecutor(jobId);
const path = async (f: Flow, jobId: string, unit: number) =>
  (await f.attempts(jobId, unit)).map(({ step, status }) => `${step} ${status}`);

describe('a job with several steps', () => {
  test('leads each unit through all of them, later steps first, with the results of the earlier ones', async () => {
    const f = flow();
    const jobId = await stepped(f, STEPS, { limits: { max_workers: 1 } });
    await begin(f, jobId);
    await f.until(ended(f, jobId), 500);
    expect((await f.job(jobId)).status).toBe('completed');
    expect(f.worker.runs.map(({ assignment: { index, attempt } }) => [index, attempt])).toEqual(
      [0, 1, 2].flatMap((unit) => [1, 2, 3].map((attempt) => [unit, attempt])),
    );
    const last = f.worker.runs.at(-1)?.assignment;
    expect(last?.results).toEqual({ score: 'done', tailor: 'done' });
    expect(last?.prompt.user).toContain('Render done.');
    const [row] = await f.store.repository.units.results(jobId, {}, 1);
    expect([...(row?.results.keys() ?? [])]).toEqual([0, 1, 2]);
    const events = await f.events(jobId, 'unit:step_completed', 'unit:completed');
    expect(events.filter(({ index }) => index === 0).map(({ type, data }) => [type, data.step])).toEqual([
      ['unit:step_completed', 'score'],
      ['unit:step_completed', 'tailor'],
      ['unit:completed', 'render'],
    ]);
  });

  test('retries a unit at the step that failed, with retries of its own for each step', async () => {
    const f = flow();
    const jobId = await stepped(f);
    f.worker.on(1, ok(), fails('timeout'), ok(), fails('timeout'), ok());
    await begin(f, jobId);
    await f.until(ended(f, jobId), 500);
    expect((await f.job(jobId)).status).toBe('completed');
    expect(await path(f, jobId, 1)).toEqual([
      '0 succeeded',
      '1 timed_out',
      '1 succeeded',
      '2 timed_out',
      '2 succeeded',
    ]);
  });

  test('keeps the results before a step that failed for good; a retry goes on there, a reopened unit begins again', async () => {
    const f = flow();
    const job_id = await stepped(f);
    f.worker.on(1, ok(), fails('bad_input'));
    await begin(f, job_id);
    await f.until(ended(f, job_id), 500);
    expect(await f.job(job_id)).toMatchObject({ status: 'failed' });
    expect(await f.unit(job_id, 1)).toMatchObject({ status: 'failed', step: 1 });
    await f.call('manage_units', { job_id, action: 'retry' });
    await f.until(ended(f, job_id), 500);
    expect(await path(f, job_id, 1)).toEqual(['0 succeeded', '1 failed', '1 succeeded', '2 succeeded']);
    await f.call('manage_units', { job_id, action: 'reopen', units: [1] });
    await f.until(ended(f, job_id), 500);
    expect((await path(f, job_id, 1)).slice(4)).toEqual(['0 succeeded', '1 succeeded', '2 succeeded']);
  });

  test('tests its units through all steps; a failure at a later one fails the test, which puts them back to the first', async () => {
    const f = flow();
    const job_id = await stepped(f);
    f.worker.on(0, ok(), ok(), fails('timeout'));
    await f.call('start_job', { job_id, wait_seconds: 0 });
    await f.until(async () => (await f.job(job_id)).test?.state !== 'running', 500);
    expect((await f.job(job_id)).test).toMatchObject({ state: 'failed' });
    expect(await path(f, job_id, 0)).toEqual(['0 succeeded', '1 succeeded', '2 timed_out']);
    await f.call('start_job', { job_id, again: true, wait_seconds: 0 });
    await f.until(async () => (await f.job(job_id)).test?.state !== 'running', 500);
    expect((await f.job(job_id)).test).toMatchObject({ state: 'passed' });
    expect((await path(f, job_id, 0)).slice(3)).toEqual(['0 succeeded', '1 succeeded', '2 succeeded']);
  });

  test('is continued by the next executor where it was: a committed step is never run again', async () => {
    const f = flow();
    const jobId = await stepped(f, STEPS, { units: 1 });
    f.worker.on(0, ok(), hangs);
    await begin(f, jobId);
    await f.until(() => f.worker.running().length === 1, 100);
    await f.killExecutor(jobId);
    f.worker.leaves(0, ok({ text: 'tailored' }));
    await f.recover(jobId);
    await f.until(ended(f, jobId), 500);
    expect(await path(f, jobId, 0)).toEqual(['0 succeeded', '1 succeeded', '2 succeeded']);
    expect(f.worker.runs.at(-1)?.assignment.results).toMatchObject({ tailor: 'tailored' });
  });

  test('trips the circuit breaker by the failures of one step, however many others succeed', async () => {
    const f = flow();
    const jobId = await stepped(f, STEPS, {
      units: 30,
      limits: { max_workers: 1, failure_threshold: 5, max_retries: 0 },
    });
    bySteps(f, { Render: () => fails('timeout') });
    await begin(f, jobId);
    await f.until(ended(f, jobId), 1000);
    expect(await f.job(jobId)).toMatchObject({ status: 'paused', pauseReason: 'failures' });
    expect((await f.store.repository.units.counts(jobId)).failed).toBe(5);
  });

  test('runs a step of scope job after the last unit has passed them all', async () => {
    const f = flow();
    const jobId = await stepped(f, [...STEPS, REPORT]);
    await begin(f, jobId);
    await f.until(ended(f, jobId), 500);
    expect((await f.job(jobId)).status).toBe('completed');
    expect(f.worker.runs.filter(({ assignment }) => assignment.scope === 'job')).toHaveLength(1);
    expect(f.worker.runs.at(-1)?.assignment.scope).toBe('job');
  });
});

describe('a budget over several steps', () => {
  const cost = (costUsd: number) => () => ok({}, { costUsd });
  const capped = (max_budget_usd: number) => ({ type: 'scripted', max_budget_usd });

  test('finishes units before it begins others, and pauses when it does not cover the next step', async () => {
    const f = flow();
    const steps = [
      { ...STEPS[0], worker: capped(0.02) },
      { ...STEPS[1], worker: capped(1) },
    ];
    const jobId = await stepped(f, steps, { units: 200, limits: { budget_usd: 2.9, max_workers: 2 } });
    bySteps(f, { Score: cost(0.01), Tailor: cost(0.5) });
    await begin(f, jobId);
    await f.until(ended(f, jobId), 1000);
    expect(await f.job(jobId)).toMatchObject({ status: 'paused', pauseReason: 'budget' });
    const { completed } = await f.store.repository.units.counts(jobId);
    // Two a round: at most two more were begun than could be finished.
    expect(completed).toBeGreaterThanOrEqual(3);
    expect(await f.attempts(jobId, 10)).toEqual([]);
  });

  test('fails a test that it does not cover, also when the first step of other units would be', async () => {
    const f = flow();
    const steps = [
      { ...STEPS[0], worker: capped(0.2) },
      { ...STEPS[1], worker: capped(5) },
    ];
    const job_id = await stepped(f, steps, { units: 50, limits: { budget_usd: 1 } });
    await f.call('start_job', { job_id, wait_seconds: 0 });
    await f.until(async () => (await f.job(job_id)).test?.state !== 'running', 200);
    expect((await f.job(job_id)).test).toMatchObject({ state: 'failed', verdict: /budget of \$1/ });
  });

  test('does not hold a step that costs nothing', async () => {
    const f = flow();
    const steps = [
      { ...STEPS[0], worker: capped(0.5) },
      { ...STEPS[2], template: 'Render {score}.', worker: capped(0) },
    ];
    const jobId = await stepped(f, steps, { units: 2, limits: { budget_usd: 1 } });
    bySteps(f, { Score: cost(0.5) });
    await begin(f, jobId);
    await f.until(ended(f, jobId), 300);
    expect(await f.job(jobId)).toMatchObject({ status: 'completed', costUsd: 1 });
  });

  test('does not start a step of scope job with a remainder that no attempt so far would have done with', async () => {
    const f = flow();
    f.worker.otherwise = ok({}, { costUsd: 0.9995 });
    const jobId = await f.begin({ units: 1, limits: { budget_usd: 1 }, steps: [REPORT] });
    await f.until(ended(f, jobId), 300);
    expect(await f.job(jobId)).toMatchObject({ status: 'paused', pauseReason: 'budget' });
    expect(f.worker.runs).toHaveLength(1);
  });
});
