import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createResourceUpdates } from '../../../src/mcp/updates.ts';
import type { Repository } from '../../../src/ports/repository.ts';
import { openStore } from '../../../src/repository/index.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openRepository(): Repository {
  const { repository } = openStore(':memory:', systemClock);
  onTestFinished(() => repository.close());
  return repository;
}

/** Job whose units are still being stored. */
function insert(repository: Repository, jobId: string, createdAt = 0): void {
  repository.transaction((tx) =>
    repository.jobs.insert(
      tx,
      {
        jobId,
        createdAt,
        name: 'n',
        userIntent: 'x',
        enumeratorType: 'file',
        enumeratorConfig: {},
        maxWorkers: 1,
        testUnits: 1,
        requireHumanApproval: false,
        powers: [],
        home: null,
        redactResults: true,
        postProcessing: null,
        output: null,
        request: null,
        batchFile: null,
        carriedOutBy: null,
        workingDirectory: '/',
        outputDirectory: '/',
        passEnv: [],
      },
      {
        jobId,
        template: '',
        outputSchema: null,
        worker: { type: 'command' },
        limits: {
          max_workers: 1,
          max_retries: 0,
          timeout_s: 1,
          idle_timeout_s: 0,
          budget_usd: null,
          failure_threshold: 0,
        },
        note: null,
      },
    ),
  );
}

/** Ends the storing of its units. */
function store(repository: Repository, jobId: string): void {
  repository.transaction((tx) => {
    repository.jobs.move(tx, jobId, 'created', { patch: { totalUnits: 1 } });
    repository.events.add(tx, jobId, { type: 'job:created', data: { units: 1 } });
  });
}

it('polls the database only while a client listens', () => {
  const repository = openRepository();
  const looks = vi.spyOn(repository, 'changeCounter');
  const updates = createResourceUpdates(repository);
  const listener = { updated: () => undefined, listChanged: () => undefined };
  vi.advanceTimersByTime(5000);
  expect(looks).not.toHaveBeenCalled();
  const stops = [updates.listen(listener), updates.listen({ ...listener })];
  vi.advanceTimersByTime(5000);
  expect(looks.mock.calls.length).toBeGreaterThan(5);
  for (const stop of stops) stop();
  looks.mockClear();
  vi.advanceTimersByTime(5000);
  expect(looks).not.toHaveBeenCalled();
});

it('survives a failed poll and sends its updates later', () => {
  const repository = openRepository();
  const heard: string[] = [];
  const updates = createResourceUpdates(repository);
  onTestFinished(updates.listen({ updated: (uri) => heard.push(uri), listChanged: () => heard.push('list') }));
  const broken = vi.spyOn(repository.events, 'lastSeqs').mockImplementation(() => {
    throw new Error('database is locked');
  });
  vi.advanceTimersByTime(5000);
  expect(broken).toHaveBeenCalled();
  broken.mockRestore();
  insert(repository, 'job-222222');
  vi.advanceTimersByTime(1000);
  // A job whose units are still being stored is not shown to other clients.
  expect(heard).toEqual([]);
  store(repository, 'job-222222');
  vi.advanceTimersByTime(5000);
  expect(heard).toEqual(expect.arrayContaining(['list', 'abp://status', 'abp://jobs', 'abp://jobs/job-222222']));
});

it('sends updates of the oldest job of many, and of every unit that changed', () => {
  const repository = openRepository();
  const ids = Array.from({ length: 300 }, (_, n) => `job-${String(n).padStart(6, '0')}`);
  for (const [n, jobId] of ids.entries()) {
    insert(repository, jobId, n);
    store(repository, jobId);
  }
  const heard = new Set<string>();
  const updates = createResourceUpdates(repository);
  onTestFinished(updates.listen({ updated: (uri) => heard.add(uri), listChanged: () => heard.add('list') }));
  repository.transaction((tx) => {
    for (let index = 0; index < 3000; index++) {
      repository.events.add(tx, 'job-000000', { type: 'unit:completed', stage: 'main', index, attempt: 1 });
    }
  });
  vi.advanceTimersByTime(5000);
  expect(heard).toContain('abp://jobs/job-000000');
  expect(heard).toContain('abp://jobs/job-000000/units/2999');
  expect([...heard].filter((uri) => uri.includes('/units/'))).toHaveLength(3000);
  expect(heard).not.toContain('abp://jobs/job-000001');
  expect(heard).not.toContain('list');
});

it('sends later what did not fit in one round', () => {
  const repository = openRepository();
  insert(repository, 'job-222222');
  store(repository, 'job-222222');
  const heard: string[] = [];
  const updates = createResourceUpdates(repository);
  onTestFinished(updates.listen({ updated: (uri) => heard.push(uri), listChanged: () => undefined }));
  repository.transaction((tx) =>
    repository.events.add(tx, 'job-222222', { type: 'unit:completed', stage: 'main', index: 7, attempt: 1 }),
  );
  vi.spyOn(repository.events, 'list').mockImplementationOnce(() => {
    throw new Error('database is locked');
  });
  vi.advanceTimersByTime(5000);
  expect(heard).toContain('abp://jobs/job-222222/units/7');
});
