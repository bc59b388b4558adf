import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type OperationOn, operationsOn } from '../../../src/orchestrator/operations.ts';
import { personAllowsSource } from '../../helpers/approvals.ts';
import { type Flow, flow } from '../../helpers/flow.ts';
import { fails, hangs, ok } from '../../helpers/scripted-worker.ts';

const UNITS = 110;
/** Most bytes of a page of 100, and of an answer that is asked for again and again. */
const PAGE_BYTES = 2_000_000;
const POLLED_BYTES = 300_000;
const long = (length: number) => 'long '.repeat(length / 5);
const ITEM = {
  text: long(100_000),
  list: [long(3000)],
  ...Object.fromEntries([...Array(50).keys()].map((n) => [n, n])),
};
const CODE = `export const enumerate = () => Array(9).fill({ text: "x".repeat(300000) }); // ${long(20_000)}`;

type Name = OperationOn<'http'>['name'];
type Inputs = (f: Flow, job_id: string, definition: string) => readonly object[];

/** Calls of every operation that HTTP has, in their order; the type requires each of them. */
const CALLS: { readonly [Each in Name]: Inputs } = {
  list_enumerators: () => [{}],
  preview_items: (f) => [
    ...[5, 50].map((limit) => ({ ...sourceOf(f), limit })),
    { source: { type: 'dynamic', code: CODE }, limit: 50 },
  ],
  create_job: (f) => [jobOf(f)],
  update_job: (_, job_id) => [{ job_id, limits: { max_workers: 4 }, note: long(2000) }],
  start_job: (_, job_id) => [{ job_id, wait_seconds: 0 }],
  get_job_status: (_, job_id) => [{ job_id }],
  get_job: (_, job_id) => [{ job_id }],
  list_jobs: () => [{ limit: 100 }],
  list_units: (_, job_id) => [{ job_id, limit: 100 }],
  get_unit: (_, job_id) =>
    [0, 1].flatMap((unit) => [
      { job_id, unit },
      { job_id, unit, details: true, conversation: true, limit: 100 },
      { job_id, unit, details: true, cursor: 'end', limit: 100 },
    ]),
  job_overview: (_, job_id) => [{ job_id }],
  job_settings: (_, job_id) => [{ job_id }],
  job_history: (_, job_id) => [{ job_id, points: 500 }],
  job_timeline: (_, job_id) => [{ job_id, limit: 100 }],
  unit_rows: (_, job_id) => [{ job_id, limit: 100 }],
  attempt_log: (_, job_id) => [{ job_id, unit: 0, attempt: 1, limit: 100 }],
  job_approval: (_, job_id) => [{ job_id }],
  allow_job: (_, job_id) => [{ job_id }],
  list_approvals: () => [{}],
  get_approval: (_f, _id, definition) => [{ definition }],
  allow_source: (_f, _id, definition) => [{ definition }],
  revoke_approval: (_f, _id, definition) => [{ definition }],
  manage_units: (_, job_id) => [{ job_id, action: 'retry' }],
  export_results: (f, job_id) => [{ job_id, format: 'jsonl', path: join(f.directory, 'out.jsonl') }],
  pause_job: (_, job_id) => [{ job_id }],
  resume_job: (_, job_id) => [{ job_id }],
  cancel_job: (_, job_id) => [{ job_id }],
  delete_job: (_, job_id) => [{ job_id }],
};

/** Operations that a page and a terminal ask for again and again, and those that answer with a status. */
const POLLED: readonly Name[] = [
  ...(['get_job_status', 'job_overview', 'start_job', 'update_job', 'manage_units'] as const),
  ...(['pause_job', 'resume_job', 'cancel_job'] as const),
];

function sourceOf({ directory }: Flow) {
  return { source: { type: 'json', file_path: join(directory, 'long.json') } };
}

function jobOf(f: Flow) {
  return {
    ...sourceOf(f),
    name: long(200),
    intent: long(9000),
    worker: { type: 'scripted', note: long(5000) },
    template: `{text} ${long(30_000)}`,
    limits: { max_retries: 0, failure_threshold: 0 },
    test: { units: 20 },
  };
}

/** Calls operations with each of their inputs; each answer must be short enough. Returns those that only refused. */
async function expectShort(f: Flow, job_id: string, ...names: readonly Name[]): Promise<readonly Name[]> {
  const call = { workingDirectory: f.directory, human: 'dashboard', maxWaitMs: 0, interface: 'http' } as const;
  const { approvals } = await f.call('list_approvals', {});
  const unanswered = new Set(names);
  for (const name of names) {
    for (const input of CALLS[name](f, job_id, approvals[0]?.definition ?? '')) {
      const answer = await f.orchestrator.callUnknown(name, input, call).catch((error: unknown) => error);
      if (!(answer instanceof Error)) unanswered.delete(name);
      const bytes = Buffer.byteLength(JSON.stringify(answer));
      expect(bytes, `${name} ${JSON.stringify(input)}`).toBeLessThanOrEqual(
        POLLED.includes(name) ? POLLED_BYTES : PAGE_BYTES,
      );
    }
  }
  return [...unanswered];
}

/** A job with long items, of which two of three units have long results and one fails. */
async function longJob(f: Flow): Promise<string> {
  writeFileSync(
    join(f.directory, 'long.json'),
    JSON.stringify(Array.from({ length: UNITS }, (_, n) => ({ ...ITEM, name: n }))),
  );
  const notes = { toolsDenied: Array(500).fill(long(300)), filesChanged: Array(5000).fill(long(300)) };
  f.worker.otherwise = ({ index }) =>
    index % 3 === 1
      ? fails('bad_input', { message: long(5000), notes })
      : ok({ text: long(300_000), structured: { text: long(300_000) } });
  const entry = { role: 'log', kind: 'text', text: long(50_000) } as const;
  f.worker.said(
    0,
    Array.from({ length: 120 }, (_, seq) => ({ ...entry, seq })),
  );
  return (await f.call('create_job', jobOf(f))).job_id;
}

test('no answer over HTTP is too long for a screen, in any state of a job', { timeout: 120_000 }, async () => {
  const f = flow();
  const job_id = await longJob(f);
  const readers = operationsOn('http').flatMap(({ name, effect }) => (effect === 'read' ? [name] : []));
  await personAllowsSource(f.orchestrator.deps, 'dynamic', { code: CODE });
  // Without an attempt there is no log.
  expect(await expectShort(f, job_id, 'update_job', ...readers, 'start_job')).toEqual(['attempt_log']);
  await f.until(async () => (await f.job(job_id)).test?.state !== 'running');
  expect((await f.call('get_job_status', { job_id })).test?.results).toHaveLength(20);
  expect(await expectShort(f, job_id, ...readers)).toEqual([]);
  await f.call('start_job', { job_id, approve: false });
  await f.call('start_job', { job_id, skip_test: true });
  await f.until(async () => (await f.job(job_id)).status === 'failed' && !f.hasExecutor(job_id), 400);
  expect(await expectShort(f, job_id, ...readers, 'export_results')).toEqual([]);
  f.worker.otherwise = hangs;
  expect(await expectShort(f, job_id, 'manage_units')).toEqual([]);
  await f.until(() => f.worker.running().length > 0);
  expect(await expectShort(f, job_id, ...readers, 'pause_job', 'resume_job')).toEqual([]);
  const last: readonly Name[] = ['cancel_job', 'delete_job'];
  const others = operationsOn('http').flatMap(({ name }) => ([...readers, ...last].includes(name) ? [] : [name]));
  // A running job is not updated, and there is nothing to allow.
  expect(await expectShort(f, job_id, ...others, 'cancel_job')).toEqual(['update_job', 'allow_job']);
  await f.until(() => !f.hasExecutor(job_id));
  expect(await expectShort(f, job_id, 'delete_job')).toEqual([]);
});

test('a polled overview leaves out the results of a test, which its status has', async () => {
  const f = flow();
  f.worker.otherwise = ok({ text: 'the result of it' });
  const job_id = await f.create();
  await f.call('start_job', { job_id, wait_seconds: 0 });
  await f.until(async () => (await f.job(job_id)).test?.state === 'passed');
  expect((await f.call('get_job_status', { job_id })).test?.results).toMatchObject([{ result: 'the result of it' }]);
  expect((await f.call('job_overview', { job_id })).test).not.toHaveProperty('results');
});

describe('a unit', () => {
  test('has its prompt and the command of each attempt only where they are asked for', async () => {
    const f = flow();
    f.worker.otherwise = fails('timeout', { usage: { sessionId: 'session' } });
    const job_id = await f.begin({ units: 1, limits: { max_retries: 1, failure_threshold: 0 } });
    await f.until(async () => {
      f.clock.advance(60_000);
      return (await f.job(job_id)).status === 'failed';
    });
    const commands = ({ attempts }: { attempts: readonly { continue_in_terminal?: string | undefined }[] }) =>
      attempts.map(({ continue_in_terminal: command }) => command !== undefined);
    const brief = await f.call('get_unit', { job_id, unit: 0 });
    expect([commands(brief), 'prompt' in brief]).toEqual([[false, true], false]);
    const whole = await f.call('get_unit', { job_id, unit: 0, details: true });
    expect([commands(whole), whole.prompt?.user]).toEqual([[true, true], expect.stringContaining('item 0')]);
  });

  test('has a last page of its conversation that is bounded and keeps the end of each entry', async () => {
    const f = flow();
    f.worker.otherwise = fails('bad_input');
    const job_id = await f.begin({ units: 1 });
    await f.until(async () => (await f.job(job_id)).status === 'failed');
    const text = `${long(900_000)}the end`;
    f.worker.said(
      0,
      Array.from({ length: 100 }, (_, seq) => ({ seq, role: 'log' as const, kind: 'text' as const, text })),
    );
    const { conversation } = await f.call('get_unit', { job_id, unit: 0, cursor: 'end', limit: 100 });
    expect(conversation?.entries.at(-1)).toMatchObject({ seq: 99, text: expect.stringMatching(/the end$/) });
    expect(conversation?.entries.length).toBeLessThan(60);
  });
});
