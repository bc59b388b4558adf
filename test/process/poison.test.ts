import { readFileSync } from 'node:fs';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { PATIENCE } from '../helpers/patience.ts';
import { CALL, isAlive, type World, world } from '../helpers/processes.ts';

/** Gives a test access to the event loop of its executors: Node opens its inspector on SIGUSR1, on any free port. */
const INSPECTED = { NODE_OPTIONS: '--inspect-port=0' };

/** Makes the executor of a job spin for ever, as a slow pattern would. */
async function spin(w: World, jobId: string): Promise<number> {
  const pid = await w.executorPid(jobId);
  const addresses = () => [...readFileSync(w.abp.places.log(jobId), 'utf8').matchAll(/listening on (ws:\S+)/g)];
  const known = addresses().length;
  process.kill(pid, 'SIGUSR1');
  const address = await w.until(() => addresses()[known]?.[1]);
  const inspector = new WebSocket(address);
  await new Promise((resolve) => inspector.addEventListener('open', resolve));
  const params = { expression: 'setTimeout(() => { for (;;); }, 0)' };
  inspector.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
  await new Promise((resolve) => inspector.addEventListener('message', resolve));
  inspector.close();
  return pid;
}

const started = async (w: World, jobId: string) =>
  (await w.abp.store.repository.events.list(jobId, 0, 1000))
    .filter(({ type }) => type === 'executor:started')
    .map(({ data }) => Number(data.executor_pid));

describe('a spinning executor', () => {
  test('is killed with its agents after a cancellation, without the caller waiting', async () => {
    const w = world(INSPECTED);
    const job_id = await w.begin([{ does: 'waits' }, { does: 'ignores_term' }], { limits: { max_workers: 2 } });
    await w.until(() => w.notes('start').length === 2);
    const pid = await spin(w, job_id);
    // A program that ends after its answer.
    await execa(process.execPath, [CALL, 'cancel_job', JSON.stringify({ job_id })], { env: w.environment });
    expect((await w.job(job_id)).status).toBe('cancelled');
    await w.until(() => !isAlive(pid));
    await w.until(async () => (await w.abp.store.repository.leases.get(job_id))?.released);
    expect(await w.statuses(job_id)).toBe('cancelled cancelled');
    expect(w.notes('start').filter(({ pid: agent }) => isAlive(agent))).toEqual([]);
    await w.until(async () => (await started(w, job_id)).every((executor) => !isAlive(executor)));
  });

  test('is killed by its successor, so that two never spin at once', async () => {
    const w = world({ ...INSPECTED, ABP_LEASE_S: '1' });
    const job_id = await w.begin([{ does: 'waits' }, { does: 'waits' }], { limits: { max_workers: 1 } });
    const recovery = w.recovery();
    for (let spinning = 1; spinning <= 3; spinning++) {
      const pid = await spin(w, job_id);
      await expect.poll(async () => (await recovery.tick()).recovered, PATIENCE).toEqual([job_id]);
      await w.until(() => !isAlive(pid));
      expect((await started(w, job_id)).filter(isAlive)).toHaveLength(1);
    }
    w.go();
    expect(await w.ended(job_id)).toMatchObject({ status: 'completed' });
    expect(w.notes('start')).toHaveLength(2);
  });
});

describe('a working executor', () => {
  test('is not replaced when its job is cancelled', async () => {
    const w = world();
    const job_id = await w.begin([{ does: 'waits' }]);
    await w.until(() => w.notes('start').length === 1);
    await w.call('cancel_job', { job_id });
    await w.until(async () => (await w.abp.store.repository.leases.get(job_id))?.released);
    expect(readFileSync(w.abp.places.log(job_id), 'utf8')).not.toContain('another executor holds the job');
    expect(await started(w, job_id)).toHaveLength(1);
  });
});

test("a result on which a schema's pattern is slow fails its own unit only", async () => {
  const w = world();
  const script =
    'const { payload } = JSON.parse(require("fs").readFileSync(0)); process.stdout.write(JSON.stringify({ host: payload.host }))';
  const hosts = ['plain', 'mail.example-shop.test.internal.example/info?x=1', 'also.plain'];
  const job_id = await w.begin(
    hosts.map((host) => ({ host })),
    {
      worker: { type: 'command', command: [process.execPath, '-e', script] },
      schema: { properties: { host: { type: 'string', pattern: '^(([a-z0-9.-]+)(,|, )?)+$' } } },
      limits: { max_workers: 3, max_retries: 0 },
    },
  );
  expect(await w.ended(job_id)).toMatchObject({ status: 'failed' });
  expect(await w.statuses(job_id)).toBe('completed failed completed');
  expect((await w.units(job_id))[1]).toMatchObject({
    failureClass: 'invalid_output',
    failureMessage: expect.stringMatching(/^checking the result against the schema took longer than \d+ s: the schema/),
  });
  expect(await started(w, job_id)).toHaveLength(1);
});
