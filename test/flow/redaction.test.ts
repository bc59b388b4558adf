import { expect, test } from 'vitest';
import type { ConversationEntry } from '../../src/ports/worker.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { fails, ok } from '../helpers/scripted-worker.ts';

/** Joined, so that scanners of sources do not report it. */
const KEY = ['gh', 'p_', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('');
const CALL = { interface: 'cli', workingDirectory: '/', human: 'cli', maxWaitMs: 1000 } as const;

async function done(f: Flow, job: Parameters<Flow['begin']>[0] = {}): Promise<string> {
  const jobId = await f.begin({ units: 1, limits: { max_retries: 0 }, ...job });
  await f.until(async () => ['completed', 'failed', 'paused'].includes((await f.job(jobId)).status));
  return jobId;
}

const detailOf = async (f: Flow, job_id: string) =>
  (await f.orchestrator.callUnknown('get_unit', { job_id, unit: 0 }, CALL)) as {
    attempts: { result?: { text: string; structured?: unknown }; secrets_removed?: number; message?: string }[];
  };

test('a result is stored verbatim except for its secrets, which are counted and reported', async () => {
  const f = flow();
  const prose = 'Basic understanding of physics; const token = nextToken();';
  const structured = { about: prose, password: 'hunter2', key: KEY };
  f.worker.on(0, { ...ok({ text: `${prose} ${KEY}`, structured }), notes: { toolsUsed: { Read: 1 } } });
  const jobId = await done(f);
  const [attempt] = await f.attempts(jobId, 0);
  expect(attempt?.result).toEqual({
    text: `${prose} [redacted]`,
    structured: { about: prose, password: '[redacted]', key: '[redacted]' },
  });
  expect(attempt?.notes).toEqual({ toolsUsed: { Read: 1 }, secretsRemoved: 2 });
  expect(await f.call('get_unit', { job_id: jobId, unit: 0 })).toMatchObject({ attempts: [{ secrets_removed: 2 }] });
  expect((await detailOf(f, jobId)).attempts).toMatchObject([{ secrets_removed: 2 }]);
});

test('a result without a secret reports none', async () => {
  const f = flow();
  f.worker.on(0, ok({ text: 'password: required' }));
  const jobId = await done(f);
  expect((await f.attempts(jobId, 0))[0]).toMatchObject({ result: { text: 'password: required' }, notes: null });
  expect((await detailOf(f, jobId)).attempts[0]).not.toHaveProperty('secrets_removed');
});

test('redact_results false stores results unchanged, but redacts messages and denied calls', async () => {
  const f = flow();
  const result = { text: KEY, structured: { password: 'hunter2' } };
  f.worker.on(0, { ...ok(result), notes: { toolsDenied: [`Bash(curl -u anna:${KEY})`] } });
  f.worker.on(1, fails('bad_input', { message: `no such password=${KEY}` }));
  const jobId = await done(f, { units: 2, redact_results: false });
  expect(await f.call('get_job', { job_id: jobId })).toMatchObject({ redact_results: false });
  expect((await f.attempts(jobId, 0))[0]).toMatchObject({
    result,
    notes: { toolsDenied: ['Bash(curl -u anna:[redacted])'] },
  });
  expect((await detailOf(f, jobId)).attempts[0]?.result).toMatchObject(result);
  expect((await f.attempts(jobId, 1))[0]?.message).toBe('no such password=[redacted]');
  expect(JSON.stringify(await f.events(jobId))).not.toContain(KEY);
});

test('a change of redact_results counts for later results', async () => {
  const f = flow();
  const jobId = await f.create({ units: 1 });
  expect((await f.job(jobId)).redactResults).toBe(true);
  await f.call('update_job', { job_id: jobId, redact_results: false });
  expect((await f.job(jobId)).redactResults).toBe(false);
  f.worker.on(0, ok({ text: KEY }));
  await f.call('start_job', { job_id: jobId, skip_test: true });
  await f.until(async () => (await f.job(jobId)).status === 'completed');
  expect((await f.attempts(jobId, 0))[0]?.result?.text).toBe(KEY);
});

test('a long message is cut in the middle, and never through a secret', async () => {
  const f = flow();
  // Wherever the cut falls, it falls into a key.
  const message = `first words ${`${KEY} `.repeat(500)} last words`;
  f.worker.on(0, { ...fails('bad_input', { message }), notes: { toolsDenied: [`Bash(${message})`] } });
  const jobId = await done(f);
  const [attempt] = await f.attempts(jobId, 0);
  expect(attempt?.message).toMatch(/^first words .*… \(\d+ more characters\) ….* last words$/);
  const seen = [
    await f.attempts(jobId, 0),
    await f.events(jobId),
    await detailOf(f, jobId),
    await f.call('get_unit', { job_id: jobId, unit: 0 }),
    await f.call('get_job_status', { job_id: jobId }),
    await f.call('list_units', { job_id: jobId }),
    await f.orchestrator.callUnknown('job_overview', { job_id: jobId }, CALL),
  ];
  for (const answer of seen) {
    expect(JSON.stringify(answer)).not.toContain(KEY.slice(4, 12));
    expect(JSON.stringify(answer)).toContain('last words');
  }
});

test('output is redacted before it is cut, a private key of many lines as a whole', async () => {
  const f = flow();
  const jobId = await done(f);
  const line = 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a1B2c3D4e5F6';
  const said = (seq: number, text: string): ConversationEntry => ({ seq, role: 'log', kind: 'text', text });
  const pem = ['-----BEGIN PRIVATE KEY-----', line, line, 'c2hvcnQ=', '-----END PRIVATE KEY-----'];
  f.worker.said(
    0,
    [...pem, 'and more', `${KEY} `.repeat(2000)].map((text, seq) => said(seq, text)),
  );
  const pages = [
    await f.call('get_unit', { job_id: jobId, unit: 0, conversation: true }),
    await f.orchestrator.callUnknown('attempt_log', { job_id: jobId, unit: 0, attempt: 1 }, CALL),
    // A page that begins within the key.
    await f.orchestrator.callUnknown('attempt_log', { job_id: jobId, unit: 0, attempt: 1, since: 0 }, CALL),
  ];
  for (const page of pages) {
    const text = JSON.stringify(page);
    for (const part of [line.slice(0, 20), KEY.slice(4, 12)]) expect(text).not.toContain(part);
    expect(text).toContain('and more');
  }
  expect(JSON.stringify(pages.slice(0, 2))).not.toContain('c2hvcnQ=');
});
