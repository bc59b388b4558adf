import { expect, test } from 'vitest';
import { ENDPOINTS } from '../../../src/http/endpoints.ts';
import { RESOURCES } from '../../../src/http/resources.ts';
import { operationsOn } from '../../../src/orchestrator/operations.ts';
import { claimUnits, holdLease, seedJob, settleAs } from '../../helpers/store.ts';
import { serveTest } from './server.ts';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { operationId: string; parameters?: { name: string; in: string; required: boolean }[]; responses: object }
        >
      >
    >
  >;
}

test('the OpenAPI document describes every operation and every field of its path', async () => {
  const server = await serveTest();
  const document = await server.json<OpenApi>('/api/openapi.json');
  expect(document.openapi).toMatch(/^3\.1/);
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, ...operation })),
  );
  const ids = described.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const all = [...operationsOn('http'), ...RESOURCES].map(({ name }) => name);
  expect(ids.toSorted()).toEqual(all.toSorted());
  for (const { path, parameters = [], responses } of described) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = parameters.filter((parameter) => parameter.in === 'path');
    expect([path, declared.map(({ name, required }) => [name, required])]).toEqual([
      path,
      inPath.map((name) => [name, true]),
    ]);
    expect(Object.keys(responses)).toContain('default');
  }
  const references = JSON.stringify(document).match(/"\$ref":"[^"]*"/g) ?? [];
  expect([...new Set(references)]).toEqual(['"$ref":"#/components/schemas/Problem"']);
});

test('every documented route exists, and every stream documents Last-Event-ID', async () => {
  const server = await serveTest();
  const { paths } = await server.json<OpenApi>('/api/openapi.json');
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { operationId, parameters = [], responses }] of Object.entries(methods)) {
      const answer = await server.ask(path.replaceAll(/\{\w+\}/g, 'x'), { method: method.toUpperCase() });
      const code = answer.ok ? 'ok' : ((await answer.json()) as { code: string }).code;
      expect([operationId, ['ok', 'invalid_input', 'not_found'].includes(code)]).toEqual([operationId, true]);
      const streams = JSON.stringify(responses).includes('text/event-stream');
      expect([operationId, parameters.some(({ name }) => name === 'Last-Event-ID')]).toEqual([operationId, streams]);
    }
  }
});

test('no operation with an effect is a GET', () => {
  for (const { operation, method } of ENDPOINTS) {
    if (operation.effect !== 'read') expect([operation.name, method]).not.toEqual([operation.name, 'get']);
  }
});

test('metrics match the store, labels contain no ids, counters never decrease', async () => {
  const server = await serveTest();
  const { store } = server.abp;
  const { jobId } = await seedJob(store, { units: 5 });
  const [first, second] = await claimUnits(store, await holdLease(store, jobId), { limit: 2 });
  if (!first || !second) throw new Error('nothing was claimed');
  await settleAs(store, first, null, 'completed', { usage: { costUsd: 0.25, inputTokens: 100, outputTokens: 10 } });
  await settleAs(store, second, 'timeout', 'failed', { usage: { costUsd: 0.5 } });
  await server.ask(`/api/jobs/${jobId}/status`);
  const text = await (await server.ask('/metrics')).text();
  expect(text).toContain('abp_jobs{status="running"} 1');
  expect(text).toContain('abp_units{status="completed"} 1');
  expect(text).toContain('abp_units{status="pending"} 3');
  expect(text).toContain('abp_units_failed{class="timeout"} 1');
  expect(text).toMatch(/^abp_cost_usd_total 0.75$/m);
  expect(text).toMatch(/^abp_input_tokens_total 100$/m);
  expect(text).toContain('route="/api/jobs/:job_id/status"');
  expect(text).not.toContain(jobId);
  await store.repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.markDeleting(jobId);
    await tx.jobs.deleteChunk(jobId, 1000);
  });
  const after = await (await server.ask('/metrics')).text();
  expect(after).toContain('abp_jobs{status="running"} 0');
  expect(after).toMatch(/^abp_cost_usd_total 0.75$/m);
});

test('metrics are finite numbers, also on repeated requests and before any run', async () => {
  const server = await serveTest();
  for (let n = 0; n < 3; n++) {
    const text = await (await server.ask('/metrics')).text();
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const values = samples.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    expect(samples.filter((_, at) => !Number.isFinite(values[at]) || (values[at] ?? 0) < 0)).toEqual([]);
    expect(samples.filter((line) => /eventloop/.test(line) && Number(line.split(' ')[1]) > 1e6)).toEqual([]);
    expect(text).toContain('abp_jobs{status="running"} 0');
  }
});

test('diagnostics show store, jobs, executors and settings', async () => {
  const server = await serveTest();
  const { jobId } = await seedJob(server.abp.store, { units: 1 });
  await holdLease(server.abp.store, jobId);
  expect(await server.json('/diagnostics')).toMatchObject({
    pid: process.pid,
    store: { path: expect.stringContaining('batch.db') },
    jobs: { running: 1 },
    executors: [{ job_id: jobId, state: 'alive', pid: process.pid }],
    settings: { auto_recover: false },
  });
  expect(await server.json('/health')).toEqual({ status: 'ok' });
});
