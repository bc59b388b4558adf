import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Output } from '../../src/dashboard/api.ts';
import { pageWords, verdictOf } from '../../src/dashboard/hint-words.ts';
import type { Outcome } from '../../src/domain/attempt.ts';
import { FAILURE_CLASSES, type FailureClass } from '../../src/domain/failure.ts';
import { sentences } from '../../src/domain/sentences.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { fails, ok } from '../helpers/scripted-worker.ts';
import { toolAnswer } from '../helpers/told.ts';
import { abp, said, still } from './cli/on-flow.ts';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** A message without a final mark, as programs and services often write. */
const MESSAGE = 'exit code 127';

/** Matches a sentence that begins before the previous one has ended; buttons and names of programs match, too. */
const RUN_TOGETHER = { mcp: /[a-z0-9)] [A-Z][a-z]/, cli: /127 [A-Z`]/, dashboard: /127 [A-Z“]/ };

type Interface = keyof typeof RUN_TOGETHER;

const STATES: Readonly<Record<string, (f: Flow, failed: Outcome) => Promise<string>>> = {
  'in a test': async (f, failed) => {
    f.worker.on(0, failed);
    const jobId = await f.create({ units: 2, limits: { max_retries: 0 } });
    await f.call('start_job', { job_id: jobId, wait_seconds: 0 });
    await f.until(async () => (await f.job(jobId)).test?.state !== 'running');
    return jobId;
  },
  'of a job': async (f, failed) => {
    f.worker.on(0, failed);
    const jobId = await f.begin({ units: 2, limits: { max_retries: 0 } });
    await f.tick(5);
    return jobId;
  },
  'of so many units that the job was paused': async (f, failed) => {
    f.worker.otherwise = failed;
    const jobId = await f.begin({ units: 12, limits: { max_retries: 0, failure_threshold: 2 } });
    await f.tick(5);
    return jobId;
  },
  'of post-processing': async (f, failed) => {
    f.worker.on(0, ok(), failed);
    const jobId = await f.begin({
      units: 1,
      limits: { max_retries: 0 },
      steps: [{ name: 'report', scope: 'job', intent: 'Sum up.' }],
    });
    await f.until(async () => (await f.attempts(jobId, 0, 'job')).some(({ endedAt }) => endedAt !== null));
    return jobId;
  },
};

/** Collects every text of an answer. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

const INTERFACES: Readonly<Record<Interface, (f: Flow, jobId: string) => Promise<string[]>>> = {
  mcp: async (f, jobId) => [
    ...texts(await toolAnswer(f, 'get_job_status', { job_id: jobId })),
    ...texts(await toolAnswer(f, 'get_unit', { job_id: jobId, unit: 0 })),
  ],
  cli: async (f, jobId) => {
    const space = { f: still(f), jobId };
    const looks = [['status', jobId], ['show', jobId, '0'], ['units', jobId], ['doctor']];
    const all: string[] = [];
    for (const args of looks) all.push(...said(await abp(space, ...args)).split('\n'));
    return all;
  },
  dashboard: async (f, jobId) => {
    const look = (view: string, input: object) =>
      f.orchestrator.callUnknown(view, input, {
        interface: 'http',
        workingDirectory: f.directory,
        home: null,
        human: null,
        maxWaitMs: 0,
      });
    const overview = (await look('job_overview', { job_id: jobId })) as Output<'job_overview'>;
    const detail = (await look('get_unit', { job_id: jobId, unit: 0 })) as Output<'get_unit'>;
    return [
      ...[overview, detail].flatMap(texts),
      sentences(overview.message, pageWords(overview.advice)),
      ...(overview.test ? [verdictOf(overview.test)] : []),
      ...overview.clusters.map(({ advice }) => pageWords(advice)),
      ...(detail.failure ? [pageWords(detail.failure.advice)] : []),
    ];
  },
};

const ROWS = FAILURE_CLASSES.flatMap((name) => Object.keys(STATES).map((state) => [name, state] as const));

describe.each(ROWS)('a failure %s %s', (failureClass: FailureClass, state) => {
  test.each(Object.keys(INTERFACES) as Interface[])('is shown in whole sentences by %s', async (name) => {
    const f = flow();
    const failed = fails(failureClass, { message: MESSAGE });
    const jobId = await (STATES[state] as (typeof STATES)[string])(f, failed);
    const told = await INTERFACES[name](f, jobId);
    // Post-processing with a pending retry has not failed yet.
    if (state !== 'of post-processing') expect(told.join('\n').toLowerCase()).toContain(MESSAGE);
    expect(told.filter((text) => RUN_TOGETHER[name].test(text))).toEqual([]);
    expect(told.filter((text) => /\.\. /.test(text))).toEqual([]);
  });
});

test.each([
  [['exit code 127', 'Install it.'], 'exit code 127. Install it.'],
  [['It failed.', 'Retry later'], 'It failed. Retry later.'],
  [['Really?', undefined, '', 'See (a).'], 'Really? See (a).'],
  [['It said "no."', 'Ask again…'], 'It said "no." Ask again…'],
  [['It ended (1)\n', null], 'It ended (1).'],
  [[], ''],
])('%j are put together', (parts, whole) => expect(sentences(...parts)).toBe(whole));

test('messages and hints are joined in no other way', () => {
  const joined = /\$\{[\w.?]*(?:[mM]essage|hint|advice|detail)\} (?:\$\{|[A-Z])|(?:message|hint|detail) \+ ' '/;
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
  expect(files.filter((file) => joined.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([]);
});
