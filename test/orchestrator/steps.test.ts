import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Flow, type FlowJob, flow } from '../helpers/flow.ts';
import { fails, ok } from '../helpers/scripted-worker.ts';
import { worded } from '../helpers/told.ts';

type Steps = NonNullable<FlowJob['steps']>;

const SCORE = {
  name: 'score',
  intent: 'Score it.',
  schema: { type: 'object', properties: { value: { type: 'number' } }, additionalProperties: false },
} as const;
const TAILOR = { name: 'tailor', template: 'Tailor {name} to {score.value}.' } as const;
const REPORT = { name: 'report', scope: 'job', intent: 'Sum up.', on_failures: 'run' } as const;
const STEPS: Steps = [SCORE, TAILOR, REPORT];

const stepsOf = async (f: Flow, jobId: string, revision = 1) =>
  (await f.store.repository.jobs.revision(jobId, revision))?.steps ?? [];
const ended = async (f: Flow, jobId: string) => {
  await f.until(
    async () => ['completed', 'failed'].includes((await f.job(jobId)).status) && !f.hasExecutor(jobId),
    500,
  );
  return jobId;
};

describe('the steps of a new job', () => {
  test('have a template each, of their intent or their own, and the worker of the job by default', async () => {
    const f = flow();
    const steps = await stepsOf(f, await f.create({ steps: STEPS, worker: { type: 'scripted', note: 'x' } }));
    expect(steps).toMatchObject([
      { name: 'score', scope: 'unit', intent: 'Score it.', template: expect.stringContaining('Score it.') },
      { name: 'tailor', scope: 'unit', intent: null, template: TAILOR.template, worker: { note: 'x' } },
      { name: 'report', scope: 'job', intent: 'Sum up.', onFailures: 'run' },
    ]);
  });

  test('over all results follow the fields of the only step for units, which is main', async () => {
    const f = flow();
    const steps = await stepsOf(f, await f.create({ intent: 'Look.', steps: [REPORT] }));
    expect(steps.map(({ name, scope }) => [name, scope])).toEqual([
      ['main', 'unit'],
      ['report', 'job'],
    ]);
  });

  test.each<[string, FlowJob, RegExp]>([
    ['with one name twice', { steps: [TAILOR, { ...TAILOR }] }, /^steps\[1\]\.name: .* found tailor a second time/],
    ['named as a placeholder', { steps: [{ ...TAILOR, name: 'payload' }] }, /^steps\[0\]\.name: .*meaning of its own/],
    ['named as a field', { steps: [SCORE, { ...TAILOR, name: 'name' }] }, /^Step name: the items have a field/],
    ['with an odd name', { steps: [{ ...TAILOR, name: 'Two words' }] }, /steps\[0\]\.name: expected a small letter/],
    ['of scope job before others', { steps: [REPORT, SCORE] }, /^steps\[1\]\.scope: expected the steps of scope unit/],
    ['with nothing to do', { steps: [{ name: 'idle' }] }, /^steps\[0\]\.intent: expected intent/],
    ['beside a template', { steps: [SCORE], template: 'x' }, /^template: expected in one of the steps/],
    [
      'for units that says what to do after failures',
      { steps: [{ ...SCORE, on_failures: 'run' }] },
      /^steps\[0\]\.on_failures: expected only in a step of scope job/,
    ],
    ['that names a later one', { steps: [{ name: 'first', template: '{score}' }, SCORE] }, /^Step first: .*\{score\}/],
    ['that names no field of a result', { steps: [SCORE, { ...TAILOR, template: '{score.valu}' }] }, /score\.valu/],
    ['with an unknown worker', { steps: [{ ...SCORE, worker: 'claud' }] }, /^steps\[0\]\.worker: .*claud/],
    ['with a schema that is none', { steps: [{ ...SCORE, schema: { type: 'no' } }] }, /^steps\[0\]\.schema: .*schema/],
  ])('%s are refused', async (_what, job, message) => {
    const f = flow();
    await expect(worded(f.create(job))).rejects.toMatchObject({ code: 'invalid_input', message });
    expect((await f.store.repository.jobs.list({ limit: 9 })).jobs).toEqual([]);
  });

  test('are copied by the recipe of their job', async () => {
    const f = flow();
    const first = await f.create({ steps: STEPS });
    const { input } = await f.call('job_recipe', { job_id: first });
    const copy = (await f.call('create_job', { ...input, name: 'Copy' })).job_id;
    const [before, after] = [await stepsOf(f, first), await stepsOf(f, copy)];
    const own = (text: string, jobId: string) => text.replaceAll(jobId, 'JOB');
    expect(after.map((step) => ({ ...step, template: own(step.template, copy) }))).toEqual(
      before.map((step) => ({ ...step, template: own(step.template, first) })),
    );
  });
});

describe('a change of one step', () => {
  test('leaves the others as they are', async () => {
    const f = flow();
    const job_id = await f.create({ steps: STEPS });
    await f.call('update_job', { job_id, step: 'tailor', template: 'Now {score}.' });
    const [before, after] = [await stepsOf(f, job_id), await stepsOf(f, job_id, 2)];
    expect(after).toEqual([before[0], { ...before[1], template: 'Now {score}.' }, before[2]]);
  });

  test.each([
    ['nowhere', { template: 'x' }, { code: 'not_found', hint: /score, tailor, report/ }],
    ['score', { template: '{tailor}' }, { code: 'invalid_input', message: /\{tailor\}/ }],
    ['report', { template: '{name}' }, { code: 'invalid_input', message: /\{name\}/ }],
    [
      'score',
      { schema: { properties: { grade: {} } } },
      { code: 'invalid_input', message: /^Step tailor: .*score\.value/ },
    ],
  ])('of %s to %j is refused', async (step, change, refusal) => {
    const f = flow();
    const job_id = await f.create({ steps: STEPS });
    await expect(worded(f.call('update_job', { job_id, step, ...change }))).rejects.toMatchObject(refusal);
  });
});

describe('a job with several steps', () => {
  const finished = async (f: Flow, job: FlowJob = {}) => {
    f.worker.otherwise = ({ step, index }) => {
      if (step === 'tailor' && index === 1) return fails('bad_input');
      return ok(
        { text: '', structured: step === 'score' ? { value: index } : { text: `of ${index}` } },
        { costUsd: 0.5 },
      );
    };
    return ended(f, await f.begin({ units: 3, steps: STEPS, ...job }));
  };

  test('shows what each has done in its status', async () => {
    const f = flow();
    expect(await f.call('get_job_status', { job_id: await finished(f) })).toMatchObject({
      units: { total: 3, completed: 2, failed: 1 },
      steps: [
        { name: 'score', pending: 0, running: 0, completed: 3, failed: 0, cost_usd: 1.5 },
        { name: 'tailor', pending: 0, running: 0, completed: 2, failed: 1, cost_usd: 1 },
        { name: 'report', scope: 'job', status: 'completed', cost_usd: 0.5 },
      ],
    });
  });

  test('exports the results of each, also of a unit that failed at a later one', async () => {
    const f = flow();
    const job_id = await finished(f);
    const path = join(f.directory, 'out.csv');
    const fields = ['name', 'status', 'score.value', 'tailor.text'];
    await f.call('export_results', { job_id, path, fields }, { human: 'cli' });
    expect(
      readFileSync(path, 'utf8')
        .replace(/^\uFEFF/, '')
        .trim()
        .split(/\r?\n/),
    ).toEqual([fields.join(','), 'item 0,completed,0,of 0', 'item 1,failed,1,', 'item 2,completed,2,of 2']);
  });

  test('names the step of units and attempts', async () => {
    const f = flow();
    const job_id = await finished(f);
    expect((await f.call('list_units', { job_id })).units).toMatchObject([{ step: 'tailor' }, { step: 'tailor' }, {}]);
    expect(await f.call('get_unit', { job_id, unit: 0 })).toMatchObject({
      step: 'tailor',
      attempts: [{ step: 'score' }, { step: 'tailor' }],
    });
  });

  test('is estimated by the sum of its steps', async () => {
    const f = flow();
    f.worker.otherwise = ({ step }) => ok({}, { costUsd: step === 'score' ? 0.1 : 0.4 });
    const job_id = await f.create({ units: 11, steps: STEPS });
    await f.call('start_job', { job_id, wait_seconds: 0 });
    await f.until(async () => (await f.job(job_id)).test?.state === 'passed', 500);
    expect(await f.call('get_job_status', { job_id })).toMatchObject({
      estimate: { remaining_units: 10, cost_usd: [5, 5], from_units: 1 },
      test: { results: [{ step: 'score' }, { step: 'tailor' }] },
    });
  });

  test('shows each of them to a person who approves it', async () => {
    const f = flow();
    const job_id = await f.create({ steps: STEPS, require_human_approval: true });
    const { steps } = await f.call('job_approval', { job_id });
    expect(steps).toMatchObject([
      { name: 'score', template: expect.stringContaining('Score it.') },
      { name: 'tailor', template: TAILOR.template },
      { name: 'report', scope: 'job', on_failures: 'run', template: expect.stringContaining('Sum up.') },
    ]);
  });
});
