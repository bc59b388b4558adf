import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { serveTest, type TestServer } from './server.ts';

const HINT = (what: string) =>
  new RegExp(`^A person decides on the dashboard, or on a terminal: abp approvals allow ${what}`);

/** Starts a server beside a folder of three items. */
async function served() {
  const server = await serveTest();
  const folder = join(server.root, 'items');
  mkdirSync(folder);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, `${name}.txt`), name);
  const marker = join(server.root, 'ran');
  /** Creates a job over the items; each of its units would create the marker file. */
  const newJob = async (more: object = {}): Promise<string> => {
    const made = await server.send('POST', '/api/jobs', {
      name: 'items',
      intent: 'Look at each.',
      source: { type: 'file', base_directory: folder },
      worker: { type: 'command', command: ['sh', '-c', `touch '${marker}'; echo done`] },
      ...more,
    });
    expect(made.status).toBe(201);
    return ((await made.json()) as { job_id: string }).job_id;
  };
  const shown = async (jobId: string) => (await server.json<{ shown: string }>(`/api/jobs/${jobId}/approval`)).shown;
  return { ...server, newJob, shown, ran: () => existsSync(marker) };
}

type Served = Awaited<ReturnType<typeof served>>;

const approval = (jobId: string) => `/api/jobs/${jobId}/approval`;
const startOf = (jobId: string) => `/api/jobs/${jobId}/start`;

async function answerOf(response: Promise<Response>) {
  const answer = await response;
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** Waits until the test of a job has passed; returns the `shown` of its status. */
async function passed(server: Served, jobId: string): Promise<string> {
  const status = () =>
    server.json<{ test?: { state: string }; approval: { shown?: string } }>(`/api/jobs/${jobId}/status`);
  await expect.poll(async () => (await status()).test?.state, PATIENCE).toBe('passed');
  return (await status()).approval.shown ?? '';
}

/** Ends the executor of a job before its directory is removed. */
async function cancel(server: Served, jobId: string): Promise<void> {
  await server.send('POST', `/api/jobs/${jobId}/cancel`, {});
  const executor = async () =>
    (await server.json<{ executor: { state: string } }>(`/api/jobs/${jobId}/status`)).executor.state;
  await expect.poll(executor, PATIENCE).toBe('none');
}

describe('a job that runs programs', () => {
  test.each([
    ['its test', {}],
    ['all of it', { skip_test: true }],
  ])('a token cannot start it: %s', async (_what, more) => {
    const server = await served();
    const jobId = await server.newJob();
    expect(await answerOf(server.send('POST', startOf(jobId), more))).toMatchObject({
      status: 403,
      body: {
        code: 'approval_required',
        detail: /needs the approval of a person before anything of it runs.*runs programs as you \(sh -c/,
        hint: HINT(jobId),
        details: { job_id: jobId, powers: [{ can: 'runs programs as you', what: /^sh -c/ }] },
      },
    });
    expect(await server.json(`/api/jobs/${jobId}/status`)).toMatchObject({ status: 'created' });
    expect(server.ran()).toBe(false);
  });

  test('its approval shows everything that decides what runs', async () => {
    const server = await served();
    const jobId = await server.newJob({ template: 'Look at {file_path}.' });
    expect(await server.json(approval(jobId))).toMatchObject({
      job_id: jobId,
      name: 'items',
      person: true,
      allowed: false,
      reason: 'It has not been approved yet.',
      can: [{ can: 'runs programs as you' }],
      units: 3,
      test: { units: 1 },
      source: { type: 'file', base_directory: join(server.root, 'items') },
      steps: [{ name: 'main', worker: { type: 'command' }, template: 'Look at {file_path}.' }],
      home: null,
      files: [],
    });
  });

  test('a person can approve it, a token cannot', async () => {
    const server = await served();
    const jobId = await server.newJob();
    const shown = await server.shown(jobId);
    for (const body of [{ shown }, {}, { shown, human: 'dashboard' }]) {
      expect([400, 403]).toContain((await server.send('POST', approval(jobId), body)).status);
    }
    expect(await server.json(approval(jobId))).toMatchObject({ allowed: false });
    const allowed = await answerOf(server.asPerson('POST', approval(jobId), { shown }));
    expect(allowed).toMatchObject({ status: 200, body: { job_id: jobId, allowed: true } });
    expect(await answerOf(server.send('POST', startOf(jobId), { wait_seconds: 0 }))).toMatchObject({
      status: 200,
      body: { status: 'testing' },
    });
    await passed(server, jobId);
    await cancel(server, jobId);
  });

  test('an approval of an outdated definition is rejected with 409', async () => {
    const server = await served();
    const jobId = await server.newJob();
    const shown = await server.shown(jobId);
    await server.send('PATCH', `/api/jobs/${jobId}`, { template: 'Other: {file_path}' });
    const stale = await answerOf(server.asPerson('POST', approval(jobId), { shown }));
    expect(stale).toMatchObject({
      status: 409,
      body: {
        code: 'conflict',
        detail: /changed: revision, definition/,
        details: { shown: await server.shown(jobId) },
      },
    });
    expect(await server.json(approval(jobId))).toMatchObject({ allowed: false });
  });

  test('only a person who sends the current `shown` can approve its test', async () => {
    const server = await served();
    const jobId = await server.newJob();
    await server.asPerson('POST', approval(jobId), { shown: await server.shown(jobId) });
    await server.send('POST', startOf(jobId), { wait_seconds: 0 });
    const shown = await passed(server, jobId);
    const approve = { approve: true, wait_seconds: 0 };
    expect(await answerOf(server.send('POST', startOf(jobId), { ...approve, shown }))).toMatchObject({
      status: 403,
      body: { code: 'approval_required', hint: new RegExp(`abp approve ${jobId}$`) },
    });
    expect(await answerOf(server.asPerson('POST', startOf(jobId), approve))).toMatchObject({
      status: 400,
      body: { detail: /^shown: expected/ },
    });
    const old = shown.replace(/\.\d+\./, '.1.');
    expect(await answerOf(server.asPerson('POST', startOf(jobId), { ...approve, shown: old }))).toMatchObject({
      status: 409,
      body: { detail: /changed: test\)/, details: { shown } },
    });
    expect(await server.json(`/api/jobs/${jobId}/status`)).toMatchObject({ status: 'testing' });
    expect(await answerOf(server.asPerson('POST', startOf(jobId), { ...approve, shown }))).toMatchObject({
      status: 200,
    });
    await cancel(server, jobId);
  });

  test.each([
    ['resume', 'paused', 1, {}],
    ['manage-units', 'failed', 0, { action: 'retry' }],
  ])(
    '%s is rejected after its approval was revoked, for a token and a person',
    async (path, at, failure_threshold, body) => {
      const server = await served();
      const limits = { max_retries: 0, max_workers: 1, failure_threshold };
      const jobId = await server.newJob({ worker: { type: 'command', command: ['false'] }, limits });
      await server.asPerson('POST', approval(jobId), { shown: await server.shown(jobId) });
      await server.asPerson('POST', startOf(jobId), { skip_test: true, wait_seconds: 0 });
      const state = async () => {
        const { status, executor } = await server.json<{ status: string; executor: { state: string } }>(
          `/api/jobs/${jobId}/status`,
        );
        return [status, executor.state];
      };
      await expect.poll(state, PATIENCE).toEqual([at, 'none']);
      const { definition } = await server.json<{ definition: string }>(approval(jobId));
      for (const short of [definition.slice(0, 1), definition.slice(0, 7)]) {
        for (const verb of ['revoke', 'allow']) {
          expect(await answerOf(server.asPerson('POST', `/api/approvals/${short}/${verb}`, {}))).toMatchObject({
            status: 400,
            body: { detail: /definition: expected at least 8 hex digits/ },
          });
        }
        expect(await server.json(`/api/approvals/${short}`)).toMatchObject({ definition, state: 'approved' });
      }
      // A token may revoke.
      const revoked = await answerOf(server.send('POST', `/api/approvals/${definition}/revoke`, {}));
      expect(revoked).toMatchObject({ status: 200, body: { definition } });
      const refused = { status: 403, body: { code: 'approval_required' } };
      expect(await answerOf(server.send('POST', `/api/jobs/${jobId}/${path}`, body))).toMatchObject(refused);
      expect(await answerOf(server.asPerson('POST', `/api/jobs/${jobId}/${path}`, body))).toMatchObject({
        status: 403,
        body: { code: 'approval_required', detail: /Its approval was revoked/, hint: HINT(jobId) },
      });
      expect(await state()).toEqual([at, 'none']);
      expect(await server.json('/api/approvals')).toMatchObject({ approvals: [{ state: 'revoked', jobs: [jobId] }] });
    },
  );
});

describe('a source with powers', () => {
  test.each<[string, string, (server: TestServer) => object]>([
    ['code', 'dynamic', () => ({ code: 'export const enumerate = () => [1];' })],
    ['a key', 'json', () => ({ file_path: '~/.ssh/id_rsa' })],
    ['the store', 'json', ({ abp }) => ({ file_path: `${abp.config.storagePath}.server.json` })],
    ['the whole machine', 'file', () => ({ base_directory: '/' })],
    ['a server', 'sql', () => ({ connection_string: 'postgres://me:hunter22@db.example/x', query: 'SELECT 1' })],
  ])('is not read before a person approves it: %s', async (_what, type, config) => {
    const server = await served();
    const source = { source: { type, ...config(server) } };
    for (const [path, body] of [
      ['/api/preview', source],
      ['/api/jobs', { name: 'x', intent: 'x', ...source }],
    ] as const) {
      expect(await answerOf(server.send('POST', path, body))).toMatchObject({
        status: 403,
        body: { code: 'approval_required', detail: /before it is read/, hint: HINT('[0-9a-f]{16}') },
      });
      // A person must approve it first, too.
      expect((await server.asPerson('POST', path, body)).status).toBe(403);
    }
    const waiting = JSON.stringify(await server.json('/api/approvals'));
    expect(JSON.parse(waiting)).toMatchObject({ approvals: [{ state: 'waiting', about: 'source' }] });
    expect(waiting).not.toContain('hunter22');
    expect(await server.json('/api/jobs')).toMatchObject({ total: 0 });
  });

  test('is read after a person approves it', async () => {
    const server = await served();
    const source = { source: { type: 'dynamic', code: 'export const enumerate = () => [1];' } };
    const refused = await answerOf(server.send('POST', '/api/preview', source));
    const { definition } = refused.body.details as { definition: string };
    expect((await server.send('POST', `/api/approvals/${definition}/allow`, {})).status).toBe(403);
    expect((await server.asPerson('POST', `/api/approvals/${definition}/allow`)).status).toBe(200);
    expect(await answerOf(server.send('POST', '/api/preview', source))).toMatchObject({
      status: 200,
      body: { total: 1 },
    });
  });
});

test('a job without powers needs no approval and has no home', async () => {
  const server = await served();
  const jobId = await server.newJob({ worker: { type: 'claude' } });
  expect((await server.abp.store.repository.jobs.get(jobId))?.home).toBeNull();
  expect(await server.json(approval(jobId))).toMatchObject({ person: false, allowed: true, can: [], home: null });
  // It fails for want of a Claude Code on this PATH, not of an approval.
  const started = await answerOf(server.send('POST', startOf(jobId), { wait_seconds: 0 }));
  expect(started.body.code).not.toBe('approval_required');
});
