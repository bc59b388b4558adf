import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AbpError } from '../../src/domain/error.ts';
import { JOB_STATUSES } from '../../src/domain/job.ts';
import type { Call } from '../../src/orchestrator/operation.ts';
import type { OperationName } from '../../src/orchestrator/operations.ts';
import { createLeaseObserver } from '../../src/supervision/lease.ts';
import { createRecovery } from '../../src/supervision/recovery.ts';
import { personAllowsSource } from '../helpers/approvals.ts';
import { watchChild } from '../helpers/children.ts';
import { type Flow, flow, LEASE_MS } from '../helpers/flow.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { toolAnswer, worded } from '../helpers/told.ts';

/** Valid arguments of create_job, which a test may change. */
function recipe(f: Flow): Record<string, unknown> {
  const file_path = join(f.directory, 'rows.csv');
  writeFileSync(file_path, 'id,name\n1,one\n2,two\n3,three\n');
  return {
    name: 'A job',
    intent: 'Look at it.',
    source: { type: 'csv', file_path },
    worker: { type: 'scripted' },
  };
}
const create = (f: Flow, input: Record<string, unknown>, call: Partial<Call> = {}) =>
  f.orchestrator.callUnknown('create_job', input, {
    interface: 'cli',
    workingDirectory: f.directory,
    human: null,
    maxWaitMs: 1e9,
    ...call,
  });
const jobs = async (f: Flow) => (await f.store.repository.jobs.list({ statuses: JOB_STATUSES, limit: 9 })).jobs;
const nothingLeft = async (f: Flow) => {
  expect(await jobs(f)).toEqual([]);
  expect(await f.store.repository.jobs.deleting()).toEqual([]);
  expect(await f.store.repository.leases.held()).toEqual([]);
};

describe('create_job', () => {
  test('stores every item as a unit, spends nothing, and names the next calls', async () => {
    const f = flow();
    const created = await toolAnswer(f, 'create_job', recipe(f));
    expect(created).toMatchObject({
      status: 'created',
      units: { total: 3, pending: 3 },
      cost_usd: 0,
      executor: { state: 'none' },
      template: expect.stringContaining('Look at it.'),
      next: [{ tool: 'start_job' }, { tool: 'get_job' }],
    });
    const [job] = await jobs(f);
    expect(job).toMatchObject({ totalUnits: 3, fields: ['id', 'name', '_row_index', '_id'], status: 'created' });
    expect(f.worker.runs).toEqual([]);
    expect(await f.store.repository.leases.held()).toEqual([]);
  });

  test('stores the current defaults with the job', async () => {
    const f = flow({ defaults: { maxWorkers: 7, maxRetries: 1 } });
    await create(f, recipe(f));
    await create(f, { ...recipe(f), limits: { max_workers: 2 } });
    const { revision } = f.store.repository.jobs;
    const revisions = await Promise.all((await jobs(f)).map(({ jobId }) => revision(jobId, 1)));
    const limits = revisions.map((each) => each?.limits);
    expect(limits.map((limit) => [limit?.max_workers, limit?.max_retries]).sort(([a = 0], [b = 0]) => a - b)).toEqual([
      [2, 1],
      [7, 1],
    ]);
  });

  test('resolves relative paths from the caller’s directory', async () => {
    const f = flow();
    const given = { ...recipe(f), output: { directory: 'out' }, source: { type: 'csv', file_path: 'rows.csv' } };
    await create(f, given);
    expect(await jobs(f)).toMatchObject([
      {
        workingDirectory: f.directory,
        outputDirectory: join(f.directory, 'out'),
        enumeratorConfig: { file_path: join(f.directory, 'rows.csv') },
      },
    ]);
  });

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['an unknown field', { intnt: 'x' }, 'invalid_input', /intnt.*intent/],
    ['a missing field', { name: undefined }, 'invalid_input', /name: expected a string, it is missing/],
    ['a wrong type', { test: { units: 'two' } }, 'invalid_input', /test\.units: expected a number, found "two"/],
    ['an empty name', { name: '  ' }, 'invalid_input', /name/],
    ['an unknown source', { source: { type: 'cvs' } }, 'invalid_input', /cvs.*csv/],
    ['an unknown field of the source', { source: { type: 'csv', path: 'x' } }, 'invalid_input', /path.*file_path/],
    ['a missing source', { source: { type: 'csv', file_path: '/none.csv' } }, 'invalid_input', /\/none\.csv/],
    ['an unknown worker', { worker: { type: 'claud' } }, 'invalid_input', /claud/],
    ['a bad worker', { worker: { type: 'scripted', nonsense: 1 } }, 'invalid_input', /nonsense/],
    ['an unknown worker by its type', { worker: 'claud' }, 'invalid_input', /claud/],
    ['a worker and a program', { run: ['true'] }, 'invalid_input', /run: expected either worker or run, found both/],
    ['an option of a file without its path', { output: { raw: true } }, 'invalid_input', /output\.raw: expected only/],
    ['a bad limit', { limits: { timeout_s: 0 } }, 'invalid_input', /limits\.timeout_s/],
    ['a schema that is none', { schema: { type: 'nope' } }, 'invalid_input', /schema is not/],
    ['an unknown placeholder', { template: 'Read {nmae}.' }, 'invalid_input', /nmae.*name/s],
    [
      'a step that has nothing to do',
      { steps: [{ name: 'sum', scope: 'job' }] },
      'invalid_input',
      /^steps\[0\]\.intent: expected intent .* or template, found neither/,
    ],
  ])('refuses %s, and leaves nothing behind', async (_what, change, code, message) => {
    const f = flow();
    const refused = worded(create(f, { ...recipe(f), ...change }));
    await expect(refused).rejects.toMatchObject({ code, message, hint: expect.stringMatching(/\w/) });
    await nothingLeft(f);
  });

  test.each([
    ['no items', 'id,name\n', /no items/],
    ['a ragged row far down', `id,name\n${'1,x\n'.repeat(12_000)}1,x,y\n`, /12002/],
    ['nothing at all', '', /./],
  ])('refuses a source with %s, and leaves nothing behind', async (_what, text, message) => {
    const f = flow();
    const given = recipe(f);
    writeFileSync(join(f.directory, 'rows.csv'), text);
    await expect(create(f, given)).rejects.toMatchObject({ code: 'invalid_input', message });
    await nothingLeft(f);
  });

  test('refuses a source without items and lists what was left out', async () => {
    const f = flow();
    const base = join(f.directory, 'names');
    mkdirSync(base);
    writeFileSync(Buffer.from(`${base}/bad\xff.txt`, 'latin1'), 'x');
    const given = { ...recipe(f), source: { type: 'file', base_directory: base } };
    await expect(create(f, given)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/no items\. 1 records cannot be items: bad\\xff\.txt: expected a name in UTF-8/),
    });
    await nothingLeft(f);
  });

  test('stores large items in small transactions, wherever their text is', async () => {
    const f = flow();
    const file_path = join(f.directory, 'nested.json');
    const item = { list: [{ text: 'x'.repeat(300_000) }] };
    writeFileSync(file_path, JSON.stringify(Array.from({ length: 20 }, () => item)));
    const given = { ...recipe(f), source: { type: 'json', file_path } };
    const stored: number[] = [];
    await create(f, given, { onProgress: ({ done }) => stored.push(done) });
    expect(stored).toEqual([4, 8, 12, 16, 20]);
  });

  test('refuses a glob that matches nothing and a missing directory', async () => {
    const f = flow();
    mkdirSync(join(f.directory, 'empty'));
    for (const base_directory of [join(f.directory, 'empty'), join(f.directory, 'none')]) {
      const given = { ...recipe(f), source: { type: 'file', base_directory } };
      await expect(worded(create(f, given))).rejects.toMatchObject({
        code: 'invalid_input',
        hint: expect.stringMatching(/\w/),
      });
    }
    await nothingLeft(f);
  });

  test('refuses two items with one key and names both places, or keeps the first of each', async () => {
    const f = flow();
    const given = {
      ...recipe(f),
      source: { type: 'csv', file_path: join(f.directory, 'rows.csv'), id_column: 'id' },
    };
    const rows = Array.from({ length: 12_000 }, (_, n) => `${n},name ${n}`);
    writeFileSync(join(f.directory, 'rows.csv'), ['id,name', ...rows, '7,again'].join('\n'));
    await expect(create(f, given)).rejects.toMatchObject({ code: 'invalid_input', message: /"7".*9.*12002/s });
    await nothingLeft(f);
    const created = (await create(f, { ...given, source: { ...given.source, on_duplicate: 'skip' } })) as {
      job_id: string;
    };
    expect(created).toMatchObject({ units: { total: 12_000 }, skipped_duplicates: 1 });
    const { units } = f.store.repository;
    expect(await units.indexesByKey(created.job_id, ['7', '11999'])).toEqual(
      new Map([
        ['7', 7],
        ['11999', 11_999],
      ]),
    );
    expect((await units.get({ jobId: created.job_id, scope: 'unit', index: 7 }))?.payload).toMatchObject({
      name: 'name 7',
    });
  });

  test('the first repeated key of a source is the one that is named, wherever in the order of keys it is', async () => {
    const f = flow();
    const given = {
      ...recipe(f),
      source: { type: 'csv', file_path: join(f.directory, 'rows.csv'), id_column: 'id' },
    };
    const rows = Array.from({ length: 5_000 }, (_, n) => `${n}`);
    writeFileSync(join(f.directory, 'rows.csv'), ['id', ...rows, '9', '1', '9'].join('\n'));
    await expect(create(f, given)).rejects.toMatchObject({ details: { key: '9', places: ['line 11', 'line 5002'] } });
    await nothingLeft(f);
  });
});

describe('records of a source that cannot be units', () => {
  const bad = (f: Flow, on_invalid: string) => {
    const file_path = join(f.directory, 'bad.csv');
    writeFileSync(file_path, 'id,name\n1,one\n2\n1,again\n3,three\n');
    return { ...recipe(f), source: { type: 'csv', file_path, id_column: 'id', on_invalid, on_duplicate: 'skip' } };
  };

  test('refuse the job with all of them in one error', async () => {
    const f = flow();
    await expect(create(f, bad(f, 'refuse'))).rejects.toMatchObject({
      code: 'invalid_input',
      message: /line 3: .*found 1/,
    });
    await nothingLeft(f);
  });

  test('are counted and listed with their places in the answer, the status and an export', async () => {
    const f = flow();
    const notes = {
      skipped_invalid: 1,
      skipped_duplicates: 1,
      skipped_records: [
        { place: 'line 3', reason: 'expected 2 fields, found 1' },
        { place: 'line 4', reason: 'its key "1" came before' },
      ],
    };
    const created = (await create(f, bad(f, 'skip'))) as { job_id: string };
    expect(created).toMatchObject({ units: { total: 2 }, ...notes });
    const { job_id } = created;
    const call = { interface: 'cli' as const, workingDirectory: f.directory, human: null, maxWaitMs: 1e9 };
    await f.orchestrator.callUnknown('cancel_job', { job_id }, call);
    expect(await f.orchestrator.callUnknown('get_job_status', { job_id }, call)).toMatchObject(notes);
    expect(await f.orchestrator.callUnknown('preview_items', { source: bad(f, 'skip').source }, call)).toMatchObject({
      total: 2,
      ...notes,
    });
    const path = join(f.directory, 'outputs-of-it.csv');
    const export_ = { job_id, format: 'csv', path };
    expect(await f.orchestrator.callUnknown('export_results', export_, { ...call, human: 'cli' })).toMatchObject(notes);
  });

  test('refuse the job when there are no other records', async () => {
    const f = flow();
    const given = bad(f, 'skip');
    writeFileSync(join(f.directory, 'bad.csv'), 'id,name\n1\n2\n');
    await expect(create(f, given)).rejects.toMatchObject({ message: /no items\. 2 records cannot be items: line 2: / });
    await nothingLeft(f);
  });
});

describe('while the source is being stored', () => {
  /** Source that waits at its end until the test continues it. */
  function slowSource(f: Flow, call: Partial<Call> = {}, rows = `name\n${'x\n'.repeat(10)}`) {
    const gate = Promise.withResolvers<void>();
    // On a slow machine it may be closed before it is awaited.
    gate.promise.catch(() => undefined);
    const { promptSynthesizer } = f.orchestrator.deps;
    const synthesize = promptSynthesizer.synthesize;
    Object.assign(promptSynthesizer, {
      synthesize: async (request: Parameters<typeof synthesize>[0]) => {
        await gate.promise;
        return synthesize(request);
      },
    });
    const given = recipe(f);
    writeFileSync(join(f.directory, 'rows.csv'), rows);
    const creating = create(f, given, { maxWaitMs: 50, ...call });
    return { creating, goOn: gate.resolve, fail: gate.reject };
  }
  const enumerating = async (f: Flow) =>
    (await f.store.repository.jobs.list({ statuses: ['enumerating'], limit: 9 })).jobs;

  test('the call answers when its time is over, and the job is stored in the background', async () => {
    const f = flow();
    writeFileSync(join(f.directory, 'rows.csv'), 'id\n1\n');
    const { creating, goOn } = slowSource(f);
    const answered = await creating;
    expect(answered).toMatchObject({ status: 'enumerating', executor: { state: 'alive' } });
    const { job_id } = answered as { job_id: string };
    // After an aborted call the job is listed; until it is ready only cancel_job is accepted.
    expect((await f.call('list_jobs', {})).jobs).toMatchObject([{ job_id, status: 'enumerating' }]);
    const refused: readonly (readonly [OperationName, object])[] = [
      ['start_job', {}],
      ['delete_job', {}],
      ['update_job', { template: 'x' }],
      ['get_job', {}],
      ['list_units', {}],
      ['get_unit', { unit: 0 }],
      ['export_results', { format: 'csv', path: join(f.directory, 'out.csv') }],
    ];
    for (const [tool, input] of refused) {
      const call = { interface: 'cli' as const, workingDirectory: f.directory, human: null, maxWaitMs: 0 };
      await expect(worded(f.orchestrator.callUnknown(tool, { job_id, ...input }, call)), tool).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('enumerating'),
        hint: expect.not.stringContaining('pause_job'),
      });
    }
    goOn();
    await expect.poll(async () => (await f.job(job_id)).status, PATIENCE).toBe('created');
    expect((await f.store.repository.units.counts(job_id)).pending).toBeGreaterThan(0);
  });

  test('records that were left out meanwhile are reported with the job', async () => {
    const f = flow();
    const { creating, goOn } = slowSource(f, {}, 'name,name\n1,2\n');
    const { job_id } = (await creating) as { job_id: string };
    goOn();
    await expect.poll(async () => (await f.job(job_id)).status, PATIENCE).toBe('created');
    const told = { warnings: [{ kind: 'renamed_column', count: 1, examples: [expect.stringContaining('name_2')] }] };
    expect(await f.call('get_job_status', { job_id })).toMatchObject(told);
    expect(await f.call('get_job', { job_id })).toMatchObject(told);
  });

  test('an answered caller that disconnects does not stop it and gets no more progress', async () => {
    const f = flow();
    const caller = new AbortController();
    let told = 0;
    const { creating, goOn } = slowSource(f, { signal: caller.signal, onProgress: () => told++ });
    const { job_id } = (await creating) as { job_id: string };
    const before = told;
    caller.abort();
    goOn();
    await expect.poll(async () => (await f.job(job_id)).status, PATIENCE).toBe('created');
    expect(told).toBe(before);
  });

  test('it stops when the caller disconnects before its answer', async () => {
    const f = flow();
    const caller = new AbortController();
    const given = { ...recipe(f), source: { type: 'csv', file_path: join(f.directory, 'rows.csv') } };
    writeFileSync(join(f.directory, 'rows.csv'), `name\n${'x\n'.repeat(200_000)}`);
    await expect(create(f, given, { signal: caller.signal, onProgress: () => caller.abort() })).rejects.toThrow();
    await nothingLeft(f);
  });

  test('a job that is refused in the background reports the reason when it is asked for', async () => {
    const f = flow();
    const { creating, fail } = slowSource(f);
    const { job_id } = (await creating) as { job_id: string };
    fail(new AbpError('invalid_input', 'line 9000001: a quote is missing.', { hint: 'Fix the file.' }));
    await expect.poll(() => f.store.repository.leases.held(), PATIENCE).toEqual([]);
    await expect(f.call('get_job_status', { job_id })).rejects.toMatchObject({
      code: 'invalid_input',
      message: `${job_id} was not created: line 9000001: a quote is missing.`,
      hint: 'Fix the file.',
    });
    await nothingLeft(f);
  });

  test('a cancelled job is removed with everything that was stored', async () => {
    const f = flow();
    const { creating, goOn } = slowSource(f);
    const { job_id } = (await creating) as { job_id: string };
    const cancelled = await toolAnswer(f, 'cancel_job', { job_id });
    expect(cancelled).toMatchObject({ status: 'cancelled', removed: true, next: [] });
    await expect(f.call('get_job_status', { job_id })).rejects.toMatchObject({ code: 'not_found' });
    goOn();
    await expect.poll(() => f.store.repository.leases.held(), PATIENCE).toEqual([]);
    await nothingLeft(f);
  });

  test('a cancellation stops a silent source', async () => {
    const f = flow({ defaults: { leaseMs: 60 } });
    const code = 'export const enumerate = () => new Promise((done) => setTimeout(done, 80_000));';
    await personAllowsSource(f.orchestrator.deps, 'dynamic', { code }, f.directory);
    const given = { ...recipe(f), source: { type: 'dynamic', code } };
    const child = watchChild();
    const { job_id } = (await create(f, given, { maxWaitMs: 0 })) as { job_id: string };
    await child.begun();
    await f.call('cancel_job', { job_id });
    await child.gone();
    await nothingLeft(f);
  });

  test('a source that is slower than a lease does not make it an orphan', async () => {
    const f = flow({ defaults: { leaseMs: 60 } });
    const { creating, goOn } = slowSource(f);
    await creating;
    const [job] = await enumerating(f);
    const before = (await f.store.repository.leases.get(job?.jobId ?? ''))?.heartbeat ?? 0;
    const recovery = createRecovery({
      repository: f.store.repository,
      launcher: f.orchestrator.deps.launcher,
      observer: createLeaseObserver(f.clock),
      clock: f.clock,
      leaseMs: LEASE_MS,
    });
    expect((await recovery.tick()).deleted).toEqual([]);
    await expect
      .poll(async () => (await f.store.repository.leases.get(job?.jobId ?? ''))?.heartbeat, PATIENCE)
      .toBeGreaterThan(before);
    f.clock.advance(LEASE_MS);
    expect((await recovery.tick()).deleted).toEqual([]);
    goOn();
    await expect.poll(async () => (await f.job(job?.jobId ?? '')).status, PATIENCE).toBe('created');
  });
});
