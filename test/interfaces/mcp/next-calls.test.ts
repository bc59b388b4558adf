import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OperationName } from '../../../src/orchestrator/operations.ts';
import { type Flow, flow } from '../../helpers/flow.ts';
import { fails, hangs } from '../../helpers/scripted-worker.ts';
import { nextOf, toolAnswer } from '../../helpers/told.ts';

const begin = async (f: Flow, ending: Flow['worker']['otherwise'], job: Parameters<Flow['begin']>[0] = {}) => {
  f.worker.otherwise = ending;
  return f.begin({ units: 2, limits: { max_retries: 0, failure_threshold: 0 }, ...job });
};

const tested = async (f: Flow, ending: Flow['worker']['otherwise'], job: Parameters<Flow['create']>[0] = {}) => {
  f.worker.otherwise = ending;
  const job_id = await f.create({ units: 2, ...job });
  await f.call('start_job', { job_id, wait_seconds: 0 });
  await f.until(async () =>
    ending === hangs ? f.worker.running().length === 1 : (await f.job(job_id)).test?.state !== 'running',
  );
  return job_id;
};

const ended = async (f: Flow, job_id: string) => {
  await f.until(
    async () => ['completed', 'failed', 'paused'].includes((await f.job(job_id)).status) && !f.hasExecutor(job_id),
  );
  return job_id;
};

/** Steps that bring a job into each situation with its own next calls. */
const SITUATIONS: Readonly<Record<string, (f: Flow) => Promise<string>>> = {
  created: (f) => f.create(),
  'being tested': (f) => tested(f, hangs),
  tested: (f) => tested(f, f.worker.otherwise),
  'tested in vain': (f) => tested(f, fails('bad_input')),
  running: (f) => begin(f, hangs),
  lost: async (f) => {
    const job_id = await begin(f, hangs);
    await f.until(() => f.worker.running().length > 0);
    await f.killExecutor(job_id);
    await f.store.repository.transaction({ job: job_id }, async (tx) => {
      const lease = await tx.leases.get(job_id);
      if (lease) await tx.leases.release(lease);
    });
    f.clock.advance(60_000);
    return job_id;
  },
  'paused by the user': async (f) => {
    const job_id = await begin(f, hangs);
    await f.call('pause_job', { job_id, hard: true });
    return ended(f, job_id);
  },
  'paused by itself': async (f) => ended(f, await begin(f, fails('auth'))),
  completed: async (f) => ended(f, await begin(f, f.worker.otherwise)),
  failed: async (f) => ended(f, await begin(f, fails('bad_input'))),
  'failed with a last task': async (f) =>
    ended(f, await begin(f, fails('bad_input'), { steps: [{ name: 'report', scope: 'job', intent: 'x' }] })),
  cancelled: async (f) => {
    const job_id = await f.create();
    await f.call('cancel_job', { job_id });
    return job_id;
  },
};

describe.each(Object.entries(SITUATIONS))('of a job that is %s', (_, makeJob) => {
  test('every suggested call is accepted as it is, and there are one to three', async () => {
    const count = (await suggestions(await situation(makeJob))).length;
    expect(count).toBeGreaterThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(3);
    for (let n = 0; n < count; n++) {
      // Each call from a new copy of the situation: one call changes it for the others.
      const at = await situation(makeJob);
      const { tool, arguments: input } = (await suggestions(at))[n] as Suggestion;
      const call = { interface: 'mcp' as const, workingDirectory: at.f.directory, human: null, maxWaitMs: 0 };
      // The caller fills in the change.
      const filled = tool === 'update_job' ? { ...input, limits: { max_workers: 2 } } : input;
      await expect(at.f.orchestrator.callUnknown(tool, filled, call), tool).resolves.toMatchObject({
        job_id: at.job_id,
      });
    }
  });
});

describe('an answer without a status', () => {
  const source = (f: Flow) => ({ source: { type: 'file', base_directory: f.directory } });
  /** Calls on a job of two units, the first one failed; each with the tools of its next calls. */
  const CALLS: Readonly<
    Record<string, [OperationName, (f: Flow, job_id: string) => object, readonly OperationName[]]>
  > = {
    'kinds of sources': ['list_enumerators', () => ({ type: 'csv' }), ['preview_items']],
    'a source': ['preview_items', source, ['create_job']],
    'a source without items': [
      'preview_items',
      (f) => ({ source: { type: 'file', base_directory: f.directory, pattern: '*.none' } }),
      ['list_enumerators'],
    ],
    settings: ['get_job', (_, job_id) => ({ job_id }), ['manage_units', 'export_results']],
    jobs: ['list_jobs', () => ({ status: ['failed'] }), ['get_job_status']],
    'no jobs': ['list_jobs', () => ({ status: ['paused'] }), ['list_enumerators']],
    units: ['list_units', (_, job_id) => ({ job_id }), ['get_unit']],
    'the first of them': [
      'list_units',
      (_, job_id) => ({ job_id, status: ['failed'], limit: 1 }),
      ['get_unit', 'list_units'],
    ],
    'no units': ['list_units', (_, job_id) => ({ job_id, status: ['skipped'] }), ['get_job_status']],
    'a unit': ['get_unit', (_, job_id) => ({ job_id, unit: 0 }), ['get_unit', 'manage_units', 'get_job_status']],
    'a unit with its conversation': [
      'get_unit',
      (_, job_id) => ({ job_id, unit: 0, conversation: true, limit: 1 }),
      ['get_unit', 'manage_units', 'get_job_status'],
    ],
    'an export': [
      'export_results',
      (f, job_id) => ({ job_id, format: 'csv', path: join(f.directory, 'out.csv') }),
      ['manage_units'],
    ],
    'a deletion': ['delete_job', (_, job_id) => ({ job_id }), ['list_jobs']],
  };

  test.each(Object.entries(CALLS))('has next calls, too: %s', async (_, [tool, input, leadsTo]) => {
    const f = flow();
    const job_id = await ended(f, await begin(f, fails('bad_input')));
    f.worker.said(
      0,
      ['one', 'two'].map((text, seq) => ({ seq, role: 'log' as const, kind: 'text' as const, text })),
    );
    const call = { interface: 'mcp' as const, workingDirectory: f.directory, human: null, maxWaitMs: 0 };
    const { next } = (await toolAnswer(f, tool, input(f, job_id), call)) as { next: readonly Suggestion[] };
    expect(next.map((suggestion) => suggestion.tool)).toEqual(leadsTo);
    for (const { tool: after, arguments: given } of next) {
      // The caller fills in the values that only the user knows.
      if (after === 'preview_items') continue;
      const filled =
        after === 'create_job'
          ? { name: 'n', intent: 'x', worker: { type: 'scripted' }, ...source(f), ...given }
          : given;
      await expect(f.orchestrator.callUnknown(after, filled, call), after).resolves.toBeDefined();
    }
  });
});

interface Suggestion {
  readonly tool: OperationName;
  readonly arguments: Record<string, unknown>;
}

async function situation(makeJob: (f: Flow) => Promise<string>) {
  const f = flow();
  return { f, job_id: await makeJob(f) };
}

async function suggestions({ f, job_id }: Awaited<ReturnType<typeof situation>>) {
  return (await nextOf(f, job_id)) as readonly Suggestion[];
}
