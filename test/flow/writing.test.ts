import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { type Flow, type FlowJob, flow } from '../helpers/flow.ts';
import { umask } from '../helpers/umask.ts';

const bits = (path: string) => statSync(path).mode & 0o777;

/** A job that has run to its end. */
async function ended(f: Flow, job: FlowJob = {}): Promise<Job & { readonly jobId: string }> {
  const jobId = await f.begin({ units: 2, ...job });
  await f.until(
    async () => ['completed', 'failed'].includes((await f.job(jobId)).status) && !f.hasExecutor(jobId),
    500,
  );
  return f.job(jobId);
}

const exported = (f: Flow, job_id: string, path: string, more: { force?: boolean; fields?: string[] } = {}) =>
  f.call('export_results', { job_id, format: 'csv', path, ...more });

describe('an export', () => {
  test('replaces an unchanged former export of the same job', async () => {
    const f = flow();
    const { jobId } = await ended(f);
    const path = join(f.directory, 'out.csv');
    const first = await exported(f, jobId, 'out.csv');
    expect(await exported(f, jobId, path, { fields: ['unit'] })).toMatchObject({ rows: 2, path });
    expect(readFileSync(path, 'utf8')).toBe('unit\n0\n1\n');
    expect((await f.events(jobId, 'results:exported')).map(({ data }) => data)).toMatchObject([
      { path, sha256: first.sha256, rows: 2 },
      { path, rows: 2 },
    ]);
    writeFileSync(path, 'unit\n0\n2\n');
    await expect(exported(f, jobId, path)).rejects.toMatchObject({
      code: 'conflict',
      hint: expect.stringMatching(/force/),
    });
    expect(readFileSync(path, 'utf8')).toBe('unit\n0\n2\n');
    expect(await exported(f, jobId, path, { force: true })).toMatchObject({ rows: 2 });
  });

  test('recognizes a former export through another name of its folder', async () => {
    const f = flow();
    const { jobId } = await ended(f);
    mkdirSync(join(f.directory, 'real'));
    symlinkSync('real', join(f.directory, 'link'));
    await exported(f, jobId, 'real/out.csv');
    expect(await exported(f, jobId, 'link/out.csv')).toMatchObject({ path: join(f.directory, 'link/out.csv') });
  });

  test.each<[string, (f: Flow, jobId: string) => unknown]>([
    ['of another job', async (f) => exported(f, (await ended(f)).jobId, 'out.csv')],
    [
      'that somebody copied there from a former one',
      async (f, jobId) => {
        await exported(f, jobId, 'other.csv');
        writeFileSync(join(f.directory, 'out.csv'), readFileSync(join(f.directory, 'other.csv')));
      },
    ],
    ['that is another file', (f) => writeFileSync(join(f.directory, 'out.csv'), 'mine')],
    ['that is empty', (f) => writeFileSync(join(f.directory, 'out.csv'), '')],
  ])('does not replace a file %s', async (_what, make) => {
    const f = flow();
    const { jobId } = await ended(f);
    await make(f, jobId);
    const before = readFileSync(join(f.directory, 'out.csv'), 'utf8');
    await expect(exported(f, jobId, 'out.csv')).rejects.toMatchObject({ code: 'already_exists' });
    expect(readFileSync(join(f.directory, 'out.csv'), 'utf8')).toBe(before);
  });

  test('finds the former export among many events', async () => {
    const f = flow();
    const { jobId } = await ended(f);
    await exported(f, jobId, 'out.csv');
    const { repository } = f.store;
    await repository.transaction({ job: jobId }, async (tx) => {
      for (let n = 0; n < 1200; n++) await tx.events.add(jobId, { type: 'units:retried', data: { count: n } });
    });
    expect(await exported(f, jobId, 'out.csv')).toMatchObject({ rows: 2 });
  });

  test.each([true, false])("does not follow an agent's link, with force: %s", async (force) => {
    const f = flow();
    const { jobId, outputDirectory } = await ended(f);
    const elsewhere = join(f.directory, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'rc'), 'theirs');
    symlinkSync(elsewhere, join(outputDirectory, 'folder'));
    symlinkSync(join(elsewhere, 'rc'), join(outputDirectory, 'results.csv'));
    symlinkSync(join(elsewhere, 'new'), join(f.directory, 'new.csv'));
    for (const path of ['folder/rc', 'folder/new.csv', 'results.csv'].map((name) => join(outputDirectory, name))) {
      await expect(exported(f, jobId, path, { force })).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringMatching(/link/),
      });
    }
    await expect(exported(f, jobId, 'new.csv', { force })).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/link/),
    });
    expect(readdirSync(elsewhere)).toEqual(['rc']);
    expect(readFileSync(join(elsewhere, 'rc'), 'utf8')).toBe('theirs');
  });

  test('is readable for those who may read its folder, and private among the outputs', async () => {
    const f = flow();
    const { jobId, outputDirectory } = await ended(f);
    mkdirSync(join(f.directory, 'shared'));
    chmodSync(join(f.directory, 'shared'), 0o755);
    await exported(f, jobId, 'shared/out.csv');
    await exported(f, jobId, 'private.csv');
    await exported(f, jobId, join(outputDirectory, 'out.csv'));
    expect(bits(join(f.directory, 'shared/out.csv'))).toBe(0o666 & ~umask());
    expect([bits(join(f.directory, 'private.csv')), bits(join(outputDirectory, 'out.csv'))]).toEqual([0o600, 0o600]);
    expect([bits(outputDirectory), bits(join(outputDirectory, '..'))]).toEqual([0o700, 0o700]);
  });
});

describe('the output directory of a job', () => {
  test.each([
    ['the folder of the store', '.'],
    ['its runs', 'runs'],
    ['a new folder in its logs', 'logs/new'],
    ['the database', 'batch.db'],
    ['a link to it', 'link/job'],
    ['everything', '/'],
    ['the folder above', '..'],
  ])('is not %s', async (_what, directory) => {
    const f = flow();
    writeFileSync(join(f.directory, 'batch.db'), '');
    mkdirSync(join(f.directory, 'runs'));
    symlinkSync('runs', join(f.directory, 'link'));
    await expect(f.create({ output: { directory: directory } })).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await f.store.repository.jobs.list({ limit: 10 })).jobs).toEqual([]);
  });

  test("must not leave the caller's folder by a link", async () => {
    const f = flow();
    const elsewhere = join(f.directory, 'elsewhere');
    const home = join(f.directory, 'home');
    for (const folder of [elsewhere, home]) mkdirSync(folder);
    symlinkSync(elsewhere, join(home, 'out'));
    const source = join(f.directory, 'items.json');
    writeFileSync(source, '[{"name":"a"}]');
    const job = {
      name: 'Flow',
      intent: 'Look at it.',
      source: { type: 'json', file_path: source },
      worker: { type: 'scripted' },
    };
    const make = (directory: string) =>
      f.call('create_job', { ...job, output: { directory } }, { workingDirectory: home });
    await expect(make('out')).rejects.toMatchObject({
      code: 'invalid_input',
      hint: expect.stringContaining(elsewhere),
    });
    await expect(make('out/deeper')).rejects.toMatchObject({ code: 'invalid_input' });
    const { job_id } = await make(elsewhere);
    expect((await f.job(job_id)).outputDirectory).toBe(elsewhere);
  });

  test('that becomes a link to another place is not used, and no agent starts', async () => {
    const f = flow();
    const elsewhere = join(f.directory, 'elsewhere');
    mkdirSync(elsewhere);
    const jobId = await f.create({ units: 2, output: { directory: 'made/out' }, limits: { max_retries: 0 } });
    symlinkSync(elsewhere, join(f.directory, 'made'));
    await f.call('start_job', { job_id: jobId, skip_test: true, wait_seconds: 0 });
    await f.until(() => !f.hasExecutor(jobId), 500);
    expect(f.worker.runs).toEqual([]);
    expect(await f.unit(jobId, 0)).toMatchObject({
      failureClass: 'bad_input',
      failureMessage: expect.stringMatching(/link that leads to .*elsewhere/),
    });
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});

describe('the results for a step of scope job', () => {
  const JOB: FlowJob = {
    output: { directory: 'out' },
    steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }],
  };
  const resultsPath = (f: Flow) =>
    f.worker.runs.findLast(({ assignment }) => assignment.scope === 'job')?.assignment.payload.results_path;

  test('replace those of the run before, and keep another file of that name', async () => {
    const f = flow();
    const path = join(f.directory, 'out/report/results.jsonl');
    mkdirSync(join(f.directory, 'out/report'), { recursive: true });
    const { jobId } = await ended(f, JOB);
    expect(resultsPath(f)).toBe(path);
    const again = async () => {
      await f.call('manage_units', { job_id: jobId, action: 'rerun' });
      await f.until(() => !f.hasExecutor(jobId), 500);
      return resultsPath(f);
    };
    expect(await again()).toBe(path);
    writeFileSync(path, 'mine');
    const beside = join(f.directory, 'out/report/results-2.jsonl');
    expect(await again()).toBe(beside);
    expect(await again()).toBe(beside);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(readFileSync(beside, 'utf8').trim().split('\n')).toHaveLength(2);
  });

  test("are not written through an agent's link", async () => {
    const f = flow();
    const elsewhere = join(f.directory, 'elsewhere');
    mkdirSync(elsewhere);
    f.worker.otherwise = ({ scope, outputDirectory }) => {
      if (scope === 'unit' && !existsSync(join(outputDirectory, 'report'))) {
        symlinkSync(elsewhere, join(outputDirectory, 'report'));
      }
      return { ok: true, result: { text: 'done' }, usage: {} };
    };
    const job = await ended(f, { steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }] });
    expect(job).toMatchObject({
      status: 'failed',
      statusMessage: expect.stringMatching(/Step report could not start: .*a link that leads to/),
    });
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  test('are written beside a link of that name', async () => {
    const f = flow();
    mkdirSync(join(f.directory, 'out/report'), { recursive: true });
    writeFileSync(join(f.directory, 'rc'), 'theirs');
    symlinkSync('../../rc', join(f.directory, 'out/report/results.jsonl'));
    await ended(f, JOB);
    expect(resultsPath(f)).toBe(join(f.directory, 'out/report/results-2.jsonl'));
    expect(readFileSync(join(f.directory, 'rc'), 'utf8')).toBe('theirs');
  });
});

test('a clone keeps a given output directory, and gets a new default one', async () => {
  const f = flow();
  const given = await f.create({
    output: { directory: 'out' },
    steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }],
  });
  expect((await f.call('job_recipe', { job_id: given })).input).toMatchObject({
    output: { directory: join(f.directory, 'out') },
  });
  const own = await f.create({ steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }] });
  const { input } = await f.call('job_recipe', { job_id: own });
  expect(input).not.toHaveProperty('output');
});
