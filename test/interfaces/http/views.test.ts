import { describe, expect, test } from 'vitest';
import { causeOf, clusterFailures } from '../../../src/domain/failure-clusters.ts';
import type { WorkerChoice } from '../../../src/domain/job.ts';
import { claimUnits, holdLease, seedJob, settleAs } from '../../helpers/store.ts';
import { serveTest, type TestServer } from './server.ts';

interface Rows {
  readonly rows: readonly { readonly unit: number; readonly status: string }[];
  readonly total: number | null;
  readonly next_after: number | null;
  readonly scanned_to: number | null;
}

/** Creates 300 units: of every ten, one fails, two are pending, seven are completed. */
async function mixedJob({ abp: { store } }: TestServer): Promise<string> {
  const { jobId } = await seedJob(store, { units: 300, limits: { max_workers: 300 } });
  const lease = await holdLease(store, jobId);
  const done = Array.from({ length: 300 }, (_, n) => n).filter((n) => n % 10 < 8);
  for (const claim of await claimUnits(store, lease, { indexes: done, limit: 300 })) {
    const fails = claim.unit.index % 10 === 0;
    await settleAs(
      store,
      claim,
      fails ? (claim.unit.index < 200 ? 'timeout' : 'crashed') : null,
      fails ? 'failed' : 'completed',
      {
        usage: { costUsd: 0.01 },
      },
    );
  }
  return jobId;
}

describe('the table of units', () => {
  test.each([
    ['', 250, [250, 251, 252], 300],
    ['&status=failed', 0, [0, 10, 20], 30],
    ['&status=failed', 28, [280, 290], 30],
    ['&status=pending', 58, [298, 299], 60],
    ['&status=failed&failure_class=crashed', 1, [210, 220, 230], 10],
    ['&failure_class=timeout', 18, [180, 190], 20],
    ['&status=running', 0, [], 0],
    ['', 1000, [], 300],
  ])('%s from row %i on', async (filter, offset, units, total) => {
    const server = await serveTest();
    const jobId = await mixedJob(server);
    const page = await server.json<Rows>(`/api/jobs/${jobId}/rows?limit=3&offset=${offset}${filter}`);
    expect([page.rows.map(({ unit }) => unit), page.total]).toEqual([units, total]);
  });

  test('a search covers all units page by page', async () => {
    const server = await serveTest();
    const jobId = await mixedJob(server);
    const found: number[] = [];
    let after: number | null = -1;
    while (after !== null) {
      const page: Rows = await server.json<Rows>(`/api/jobs/${jobId}/rows?text=item%2029&limit=4&after=${after}`);
      found.push(...page.rows.map(({ unit }) => unit));
      after = page.next_after;
    }
    expect(found).toEqual([29, ...Array.from({ length: 10 }, (_, n) => 290 + n)]);
  });

  test('a search text is literal, not a pattern', async () => {
    const server = await serveTest();
    const jobId = await mixedJob(server);
    for (const text of ['%25', '_', "'", '%5C']) {
      expect((await server.json<Rows>(`/api/jobs/${jobId}/rows?text=${text}`)).rows).toEqual([]);
    }
  });
});

test('the history of a job matches its attempts; a step of scope job adds cost but no unit', async () => {
  const server = await serveTest();
  const jobId = await mixedJob(server);
  const { store } = server.abp;
  const ref = { jobId, scope: 'job', index: 0 } as const;
  await store.repository.transaction({ job: jobId }, async (tx) => tx.units.add(jobId, 'job', 0, [{ payload: {} }]));
  const [last] = await claimUnits(store, await holdLease(store, jobId), { scope: 'job' });
  if (!last) throw new Error('the step of scope job cannot be claimed');
  await settleAs(store, last, 'timeout', 'failed', { usage: { costUsd: 0.5 } });
  expect(await store.repository.attempts.ofUnit(ref)).toHaveLength(1);
  const { points } = await server.json<{ points: { succeeded: number; failed: number; cost_usd: number }[] }>(
    `/api/jobs/${jobId}/history?points=10`,
  );
  const sum = (name: 'succeeded' | 'failed' | 'cost_usd') => points.reduce((total, point) => total + point[name], 0);
  expect([sum('succeeded'), sum('failed'), Number(sum('cost_usd').toFixed(4))]).toEqual([210, 30, 2.9]);
  expect(await server.json(`/api/jobs/${(await seedJob(server.abp.store, {})).jobId}/history`)).toMatchObject({
    points: [],
  });
});

test('the overview of a job shows every slot and failure cluster', async () => {
  const server = await serveTest();
  const { store } = server.abp;
  const { jobId } = await seedJob(store, { units: 4, step: { worker: { type: 'command', command: ['true'] } } });
  await claimUnits(store, await holdLease(store, jobId), { limit: 2 });
  expect(await server.json(`/api/jobs/${jobId}/overview`)).toMatchObject({
    job_id: jobId,
    units: { total: 4, running: 2 },
    slots: [
      { unit: 0, key: '0', attempt: 1, purpose: 'batch' },
      { unit: 1, key: '1', attempt: 1 },
    ],
    clusters: [],
    clusters_left_out: 0,
    worker: { type: 'command' },
    test_units: 1,
  });
});

test('the overview of a job names the model of its agents, if its worker has one', async () => {
  const server = await serveTest();
  const modelOf = async (worker: WorkerChoice) => {
    const { jobId } = await seedJob(server.abp.store, { step: { worker } });
    return (await server.json<{ model?: string }>(`/api/jobs/${jobId}/overview`)).model;
  };
  expect(await modelOf({ type: 'claude', model: 'haiku' })).toBe('haiku');
  expect(await modelOf({ type: 'claude' })).toBeUndefined();
  expect(await modelOf({ type: 'of a newer ABP', model: 'haiku' })).toBeUndefined();
});

test('no view of a job shows variables or secret arguments of its worker', async () => {
  const server = await serveTest();
  const mcp = { url: 'https://x', headers: { Authorization: 'Bearer planted1' }, env: { A: 'planted2' } };
  const { jobId } = await seedJob(server.abp.store, {
    step: {
      worker: {
        type: 'command',
        command: ['tool', '--token=planted3', '--password', 'planted4', '-u', 'anna:planted5', 'X_KEY=planted6'],
        env: { A: 'planted7' },
        mcp_config: { mcpServers: { one: mcp, two: { command: 'x', args: ['--api-key', 'planted8'] } } },
      },
    },
  });
  for (const view of ['', '/overview', '/settings', '/status']) {
    const response = await server.ask(`/api/jobs/${jobId}${view}`);
    expect([view, response.status]).toEqual([view, 200]);
    expect(await response.text()).not.toContain('planted');
  }
  expect(await server.json(`/api/jobs/${jobId}/overview`)).toMatchObject({
    worker: {
      command: ['tool', '--token=[redacted]', '--password', '[redacted]', '-u', 'anna:[redacted]', 'X_KEY=[redacted]'],
      env: { A: '[set]' },
    },
  });
});

describe('failures by cause', () => {
  test.each([
    ['quoted texts', 'Cannot read "a.txt"', 'Cannot read “b (2).txt”'],
    ['numbers', 'stopped after 120 s', 'stopped after 7.5 s'],
    ['paths', 'ENOENT: /data/in/1.csv', 'ENOENT: /other/place.csv'],
    ['addresses', 'GET https://a.example/x failed', 'GET https://b.example/y?z=1 failed'],
    ['ids', 'request 1f3a9c0b77 was refused', 'request 00aa11bb22cc was refused'],
    ['later lines', 'it broke\n at line 1', 'it broke\n at line 2'],
  ])('%s do not separate failures of one cause', (_what, one, other) => {
    expect(causeOf(one)).toBe(causeOf(other));
  });

  test('clusters differ by words and class; the most frequent comes first', () => {
    const failed = [
      { index: 1, failureClass: 'timeout', message: 'stopped after 1 s' },
      { index: 2, failureClass: 'crashed', message: 'exit code 3' },
      { index: 5, failureClass: 'crashed', message: 'exit code 4' },
      { index: 9, failureClass: 'crashed', message: 'killed' },
    ] as const;
    expect(clusterFailures(failed).map(({ units, example }) => [units, example])).toEqual([
      [[2, 5], 'exit code 3'],
      [[1], 'stopped after 1 s'],
      [[9], 'killed'],
    ]);
  });
});

test('advice is text for programs, with its operations as data beside it for the page', async () => {
  const server = await serveTest();
  const jobId = await mixedJob(server);
  for (const path of ['status', 'overview']) {
    const { failures, clusters = failures } = await server.json<Record<string, object[]>>(`/api/jobs/${jobId}/${path}`);
    expect(clusters?.at(-1), path).toMatchObject({
      advice: 'Look at the end of its log with get_unit (unit=200, cursor=end), then retry.',
      advice_parts: ['Look at the end of its log ', { operation: 'get_unit', means: true }, ', then retry.'],
    });
    // No operation is named: there is nothing else to say.
    expect(clusters?.at(0), path).not.toHaveProperty('advice_parts');
  }
  const { paths } = await server.json<{ paths: Record<string, { get: object }> }>('/api/openapi.json');
  const status = JSON.stringify(paths['/api/jobs/{job_id}/status']?.get);
  expect(status).toContain('"advice":{"type":"string"},"advice_parts":{"type":"array"');
  expect(status).toContain('"hint":{"type":"string"},"hint_parts":{"type":"array"');
});
