import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { watchResources } from '../../../src/mcp/updates.ts';
import { createOrchestrator } from '../../../src/orchestrator/index.ts';
import type { Repository } from '../../../src/ports/repository.ts';
import { openStore } from '../../../src/repository/index.ts';
import { seedJob } from '../../helpers/store.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openDeps() {
  const { repository, feed } = openStore(':memory:', systemClock);
  onTestFinished(() => repository.close());
  const parts = { repository, feed, clock: systemClock } as Parameters<typeof createOrchestrator>[0];
  return { repository, orchestrator: createOrchestrator(parts) };
}

/** Job whose units are still being stored. */
async function insert(repository: Repository, jobId: string, createdAt = 0): Promise<void> {
  await seedJob({ repository }, { jobId, status: 'enumerating', units: 1, job: { createdAt } });
}

/** Ends the storing of its units. */
async function store(repository: Repository, jobId: string): Promise<void> {
  await repository.transaction({ job: jobId }, async (tx) => {
    await tx.jobs.move(jobId, 'created', { patch: { totalUnits: 1 } });
    await tx.events.add(jobId, { type: 'job:created', data: { units: 1 } });
  });
}

it('watches the store only until it is stopped', async () => {
  const { repository, orchestrator } = openDeps();
  const reads = vi.spyOn(repository.events, 'lastSeqs');
  const listener = { updated: () => undefined, listChanged: () => undefined };
  await vi.advanceTimersByTimeAsync(5000);
  expect([reads.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
  const stops = [watchResources(orchestrator, listener), watchResources(orchestrator, { ...listener })];
  await vi.advanceTimersByTimeAsync(5000);
  expect(reads).toHaveBeenCalled();
  for (const stop of stops) stop();
  reads.mockClear();
  await vi.advanceTimersByTimeAsync(5000);
  expect([reads.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
});

it('reports the changes of a failed look later', async () => {
  const { repository, orchestrator } = openDeps();
  const heard: string[] = [];
  onTestFinished(
    watchResources(orchestrator, { updated: (uri) => heard.push(uri), listChanged: () => heard.push('list') }),
  );
  const broken = vi.spyOn(repository.events, 'lastSeqs').mockImplementation(() => {
    throw new Error('database is locked');
  });
  await vi.advanceTimersByTimeAsync(5000);
  expect(broken).toHaveBeenCalled();
  broken.mockRestore();
  await insert(repository, 'job-222222');
  await vi.advanceTimersByTimeAsync(1000);
  // A job whose source is still being stored is seen by nobody but its maker.
  expect(heard).toEqual([]);
  await store(repository, 'job-222222');
  await vi.advanceTimersByTimeAsync(5000);
  expect(heard).toEqual(expect.arrayContaining(['list', 'abp://status', 'abp://jobs', 'abp://jobs/job-222222']));
});

it('reports the oldest of many jobs, and every unit of many that changed at once', async () => {
  const { repository, orchestrator } = openDeps();
  const ids = Array.from({ length: 300 }, (_, n) => `job-${String(n).padStart(6, '0')}`);
  for (const [n, jobId] of ids.entries()) {
    await insert(repository, jobId, n);
    await store(repository, jobId);
  }
  const heard = new Set<string>();
  onTestFinished(
    watchResources(orchestrator, { updated: (uri) => heard.add(uri), listChanged: () => heard.add('list') }),
  );
  await repository.transaction({ job: 'job-000000' }, async (tx) => {
    for (let index = 0; index < 3000; index++) {
      await tx.events.add('job-000000', { type: 'unit:completed', scope: 'unit', index, attempt: 1 });
    }
  });
  await vi.advanceTimersByTimeAsync(5000);
  expect(heard).toContain('abp://jobs/job-000000');
  expect(heard).toContain('abp://jobs/job-000000/units/2999');
  expect([...heard].filter((uri) => uri.includes('/units/'))).toHaveLength(3000);
  expect(heard).not.toContain('abp://jobs/job-000001');
  expect(heard).not.toContain('list');
});

it('reports a unit later whose events could not be read at first', async () => {
  const { repository, orchestrator } = openDeps();
  await insert(repository, 'job-222222');
  await store(repository, 'job-222222');
  const heard: string[] = [];
  onTestFinished(watchResources(orchestrator, { updated: (uri) => heard.push(uri), listChanged: () => undefined }));
  await repository.transaction({ job: 'job-222222' }, async (tx) =>
    tx.events.add('job-222222', { type: 'unit:completed', scope: 'unit', index: 7, attempt: 1 }),
  );
  vi.spyOn(repository.events, 'list').mockImplementationOnce(() => {
    throw new Error('database is locked');
  });
  await vi.advanceTimersByTimeAsync(5000);
  expect(heard).toContain('abp://jobs/job-222222/units/7');
});
