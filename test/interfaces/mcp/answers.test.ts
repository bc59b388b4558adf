import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { presentOverview } from '../../../src/mcp/present/jobs.ts';
import { presentStatus } from '../../../src/mcp/present/status.ts';
import type { OperationName } from '../../../src/orchestrator/operations.ts';
import { personAllowsSource } from '../../helpers/approvals.ts';
import { type Flow, flow } from '../../helpers/flow.ts';
import { fails, hangs, ok } from '../../helpers/scripted-worker.ts';
import { toolAnswer } from '../../helpers/told.ts';

/** Text that takes more bytes in an answer than it has characters. */
const LETTERS = { chinese: '漢字', quotes: '"\\', controls: '\u0001', emoji: '😀' };

/** Creates a job with long values in every field. */
async function longJob(f: Flow, letters: string): Promise<string> {
  const long = (length: number) => letters.repeat(length).slice(0, length);
  const columns = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`${long(2)} column ${n}`, long(300)]));
  const path = join(f.directory, 'long.json');
  writeFileSync(path, JSON.stringify(Array.from({ length: 30 }, (_, n) => ({ id: n, text: long(4000), ...columns }))));
  f.worker.otherwise = ({ index }) =>
    index % 3 === 0
      ? ok(
          {
            text: long(9000),
            structured: { text: long(9000), list: [long(9000)] },
            artifacts: [{ path: long(300), bytes: 1 }],
          },
          { sessionId: long(40) },
        )
      : fails(index % 3 === 1 ? 'bad_input' : 'permission_denied', {
          message: long(5000),
          notes: { toolsDenied: Array(30).fill(long(300)), filesChanged: Array(30).fill(long(300)) },
        });
  const { job_id } = await f.call('create_job', {
    name: `n${long(199)}`,
    intent: `i${long(9000)}`,
    source: { type: 'json', file_path: path },
    worker: { type: 'scripted', note: long(5000) },
    template: `{text} ${long(30_000)}`,
    schema: { type: 'object', description: long(9000) },
    limits: { max_retries: 0, failure_threshold: 0 },
    test: { units: 20 },
    steps: [{ name: 'report', scope: 'job', intent: `p${long(9000)}` }],
  });
  for (let n = 0; n < 12; n++) await f.call('update_job', { job_id, limits: { max_workers: 4 }, note: long(2000) });
  return job_id;
}

function expectShort(what: string, answer: unknown): void {
  const json = JSON.stringify(answer);
  expect(Buffer.byteLength(json), `${what}: ${json.slice(0, 500)}`).toBeLessThanOrEqual(10_000);
}

describe.each(Object.entries(LETTERS))('no answer is longer than a conversation can take: %s', (_, letters) => {
  test('of every operation, in every state of a job', async () => {
    const f = flow();
    const job_id = await longJob(f, letters);
    const look = async (tool: OperationName, input: Record<string, unknown>) => {
      const call = { interface: 'mcp' as const, workingDirectory: f.directory, human: null, maxWaitMs: 0 };
      const answer = await toolAnswer(f, tool, input, call);
      expectShort(tool, answer);
    };
    await look('preview_items', {
      source: { type: 'json', file_path: join(f.directory, 'long.json') },
      limit: 50,
    });
    await look('start_job', { job_id, wait_seconds: 0 });
    await f.until(async () => (await f.job(job_id)).test?.state !== 'running');
    await look('get_job_status', { job_id });
    await f.call('start_job', { job_id, approve: false });
    await f.call('start_job', { job_id, skip_test: true });
    await f.until(async () => (await f.job(job_id)).status === 'failed' && !f.hasExecutor(job_id), 400);
    await look('get_job_status', { job_id });
    await look('get_job', { job_id });
    await look('list_units', { job_id });
    await look('list_units', { job_id, limit: 100 });
    f.worker.said(
      1,
      Array.from({ length: 60 }, (_, n) => ({
        seq: n,
        role: 'log' as const,
        kind: 'text' as const,
        text: letters.repeat(500),
      })),
    );
    for (const unit of [0, 1, 2]) {
      await look('get_unit', { job_id, unit });
      await look('get_unit', { job_id, unit, conversation: true, limit: 100 });
    }
    await look('export_results', { job_id, format: 'jsonl', path: join(f.directory, 'out.jsonl') });
    f.worker.otherwise = hangs;
    await look('manage_units', { job_id, action: 'retry' });
    await f.until(() => f.worker.running().length > 0);
    await look('get_job_status', { job_id });
  });
});

test('the size that a model is told is that of the whole text, whatever was truncated before', async () => {
  const f = flow();
  const text = 'x'.repeat(900_000);
  f.worker.otherwise = ok({ text });
  f.worker.said(0, [{ seq: 0, role: 'log', kind: 'text', text }]);
  const path = join(f.directory, 'long.json');
  writeFileSync(path, JSON.stringify([{ text }]));
  const source = { source: { type: 'json', file_path: path } };
  const job_id = await f.create(source);
  const totals = (answer: unknown) =>
    [...JSON.stringify(answer).matchAll(/(x+)… \((\d+) more characters\)(?: …(x+))?/g)].map(
      ([, head = '', missing, tail = '']) => head.length + Number(missing) + tail.length,
    );
  expect(totals(await toolAnswer(f, 'preview_items', source))[0]).toBe(900_000);
  expect(totals(await toolAnswer(f, 'start_job', { job_id, wait_seconds: 0 }))).toEqual([]);
  await f.until(async () => (await f.job(job_id)).test?.state === 'passed');
  expect(totals(await toolAnswer(f, 'get_job_status', { job_id }))).toEqual([900_000]);
  await f.call('start_job', { job_id, approve: true });
  await f.until(async () => (await f.job(job_id)).status === 'completed');
  expect(totals(await toolAnswer(f, 'list_units', { job_id }))).toEqual([900_000, 900_000]);
  const unit = { job_id, unit: 0 };
  expect(totals(await toolAnswer(f, 'get_unit', unit))).toEqual([900_000, 900_000]);
  expect(totals((await toolAnswer(f, 'get_unit', { ...unit, conversation: true })).conversation)).toEqual([900_000]);
  expect(totals((await toolAnswer(f, 'get_unit', { ...unit, cursor: 'end' })).conversation)).toEqual([900_000]);
});

test('a field of a status that nobody has presented yet is bounded too, and a short one stays as it is', async () => {
  const f = flow();
  const job_id = await f.create();
  const long = 'long '.repeat(10_000);
  const status = await f.call('get_job_status', { job_id });
  const future = {
    ...status,
    text: long,
    list: Array(1000).fill(long),
    object: { long },
    nested: [[long], { long }],
    none: [],
    flag: true,
    test: { state: 'passed', text: long },
  };
  const shown = presentStatus(future);
  expectShort('a status', shown);
  expect(shown).toMatchObject({
    text: expect.stringContaining('more characters'),
    list_left_out: expect.any(Number),
    none: [],
    flag: true,
    test: { text: expect.stringContaining('more characters') },
  });
});

test('many jobs with long names fit in a page and in an overview; a requested page length is kept', async () => {
  const f = flow();
  f.worker.otherwise = hangs;
  for (let n = 0; n < 30; n++) await f.create({ name: `${n} ${'漢'.repeat(190)}` });
  const page = await toolAnswer(f, 'list_jobs', {});
  expectShort('list_jobs', page);
  expect(page).toMatchObject({ total: 30, next_cursor: expect.any(String) });
  expect((await toolAnswer(f, 'list_jobs', { limit: 25 })).jobs).toHaveLength(25);
  for (const { job_id } of page.jobs) await f.call('start_job', { job_id, skip_test: true, wait_seconds: 0 });
  expectShort('the overview', presentOverview(await f.call('store_overview', {})));
});

test('a preview contains a long log of code, without its secrets', async () => {
  const f = flow();
  const wide =
    'Object.fromEntries(Array.from({ length: 80 }, (_, n) => ["a column of some length " + n, "x".repeat(200)]))';
  const code = `export const enumerate = () => (console.log("sk-ant-" + "s".repeat(40), "log ".repeat(1900)), Array(9).fill(${wide}))`;
  const preview = () => toolAnswer(f, 'preview_items', { source: { type: 'dynamic', code } });
  await personAllowsSource(f.orchestrator.deps, 'dynamic', { code });
  const answer = await preview();
  expectShort('preview_items', answer);
  expect(answer.warnings).toMatchObject([
    { kind: 'log', examples: [expect.stringMatching(/log log .*more characters/)] },
  ]);
  expect(JSON.stringify(answer.warnings)).not.toContain('sss');
});

test('a template gets all the room that the other settings leave free', async () => {
  const f = flow();
  const template = `{name} ${'word '.repeat(1200)}`;
  const job_id = await f.create({ template: template });
  expect((await toolAnswer(f, 'get_job', { job_id })).template).toBe(template);
});

describe('lists by page', () => {
  test('reach all jobs, also when those of the previous page were deleted meanwhile', async () => {
    const f = flow();
    const made = [];
    for (let n = 0; n < 7; n++) made.unshift(await f.create());
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof f.call<'list_jobs'>>> = await f.call('list_jobs', {
        limit: 3,
        ...(cursor === null ? {} : { cursor }),
      });
      for (const { job_id } of page.jobs) {
        seen.push(job_id);
        await f.call('delete_job', { job_id });
      }
      cursor = page.next_cursor;
    } while (cursor !== null);
    expect(seen.toSorted()).toEqual(made.toSorted());
  });

  test('have the total number of units', async () => {
    const f = flow();
    f.worker.on(1, fails('bad_input'));
    f.worker.on(2, fails('permission_denied'));
    const job_id = await f.begin({ units: 6, limits: { failure_threshold: 0 } });
    await f.until(async () => (await f.job(job_id)).status === 'failed');
    const total = async (filter: object) => (await f.call('list_units', { job_id, limit: 1, ...filter })).total;
    expect(await total({})).toBe(6);
    expect(await total({ status: ['failed', 'completed'] })).toBe(6);
    expect(await total({ status: ['failed'] })).toBe(2);
    expect(await total({ failure_class: 'bad_input' })).toBe(1);
    expect(await total({ failure_class: 'bad_input', status: ['completed'] })).toBe(0);
    expect(await total({ text: 'item' })).toBeUndefined();
  });

  test('reach every entry of a conversation, also within a line with many entries', async () => {
    const f = flow();
    const job_id = await f.begin({ units: 1 });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    const entries = [0, 0, 1, ...Array<number>(60).fill(2), 3, 5].map((seq, n) => ({
      seq,
      role: 'log' as const,
      kind: 'text' as const,
      text: `${n} ${'long '.repeat(100)}`,
    }));
    f.worker.said(0, entries);
    for (const limit of [1, 7, 100]) {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const { conversation } = (await f.call('get_unit', {
          job_id,
          unit: 0,
          limit,
          ...(cursor === undefined ? { conversation: true } : { cursor }),
        })) as unknown as {
          conversation: { entries: { text: string }[]; next_cursor: string | null };
        };
        seen.push(...conversation.entries.map(({ text }) => text));
        expect(seen.length).toBeLessThanOrEqual(entries.length);
        cursor = conversation.next_cursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual(entries.map(({ text }) => text));
    }
  });

  test.each<[OperationName, object, string]>([
    ['list_jobs', {}, 'zzz'],
    ['list_jobs', {}, 'job-222222'],
    ['list_units', { limit: 1 }, '1e0'],
    ['list_units', { limit: 1 }, ' 1'],
    ['list_units', { limit: 1 }, '-1'],
    ['get_unit', { unit: 0, conversation: true }, '1.'],
    ['get_unit', { unit: 0, conversation: true }, 'x'],
  ])('%s with %o refuses the cursor "%s", which no page has given', async (tool, input, cursor) => {
    const f = flow();
    const job_id = await f.begin({ units: 2 });
    await f.until(async () => (await f.job(job_id)).status === 'completed');
    const given = { ...(tool === 'list_jobs' ? {} : { job_id }), ...input, cursor };
    const call = { interface: 'mcp' as const, workingDirectory: f.directory, human: null, maxWaitMs: 0 };
    await expect(f.orchestrator.callUnknown(tool, given, call)).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(`found "${cursor}"`),
    });
  });

  test('an empty cursor gives the first page', async () => {
    const f = flow();
    const job_id = await f.create({ units: 2 });
    expect((await f.call('list_units', { job_id, cursor: '' })).units).toMatchObject([{ unit: 0 }, { unit: 1 }]);
    expect((await f.call('list_jobs', { cursor: '' })).jobs).toHaveLength(1);
  });
});
