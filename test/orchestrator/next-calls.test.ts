import { describe, expect, test } from 'vitest';
import type { OperationName } from '../../src/orchestrator/operations.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { fails, hangs } from '../helpers/scripted-worker.ts';

const begin = async (f: Flow, ending: Flow['worker']['otherwise'], job: Parameters<Flow['begin']>[0] = {}) => {
  f.worker.otherwise = ending;
  return f.begin({ units: 2, limits: { max_retries: 0, failure_threshold: 0 }, ...job });
};

const tested = async (f: Flow, ending: Flow['worker']['otherwise'], job: Parameters<Flow['create']>[0] = {}) => {
  f.worker.otherwise = ending;
  const job_id = await f.create({ units: 2, ...job });
  await f.call('start_job', { job_id, wait_seconds: 0 });
  await f.until(() => (ending === hangs ? f.worker.running().length === 1 : f.job(job_id).test?.state !== 'running'));
  return job_id;
};

const ended = async (f: Flow, job_id: string) => {
  await f.until(() => ['completed', 'failed', 'paused'].includes(f.job(job_id).status) && !f.hasExecutor(job_id));
  return job_id;
};

/** Ways to get a job into each situation that has its own next calls. */
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
    f.store.repository.transaction((tx) => {
      const lease = f.store.repository.leases.get(job_id);
      if (lease) f.store.repository.leases.release(tx, lease);
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
  'failed with a last task': async (f) => ended(f, await begin(f, fails('bad_input'), { post_processing_prompt: 'x' })),
  cancelled: async (f) => {
    const job_id = await f.create();
    await f.call('cancel_job', { job_id });
    return job_id;
  },
};

describe.each(Object.entries(SITUATIONS))('of a job that is %s', (_, makeJob) => {
  test('every call that makes sense next is accepted as it stands, and there are one to three', async () => {
    const count = (await suggestions(await situation(makeJob))).length;
    expect(count).toBeGreaterThanOrEqual(1);
    expect(count).toBeLessThanOrEqual(3);
    for (let n = 0; n < count; n++) {
      // Each from the same situation: one call changes what the others would find.
      const at = await situation(makeJob);
      const { tool, arguments: input } = (await suggestions(at))[n] as Suggestion;
      const call = { workingDirectory: at.f.directory, human: null, patienceMs: 0 };
      // To be filled in by whoever changes something.
      const filled = tool === 'update_job' ? { ...input, limits: { max_workers: 2 } } : input;
      await expect(at.f.orchestrator.callUnknown(tool, filled, call), tool).resolves.toMatchObject({
        job_id: at.job_id,
      });
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
  return (await f.call('get_job_status', { job_id })).next as readonly Suggestion[];
}
