import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { connect, jobOver, makePlace, personAt, type TestClient } from './clients.ts';

/**
 * Attacks by a model with only ABP's tools that once succeeded. Each trial (S1 to S12) has variants of its kind. No person
 * can be asked: nothing may run, which a marker or the record of agents shows.
 */
export async function modelAlone(environment: Record<string, string> = {}) {
  const place = makePlace();
  const client = await connect('v2 auto', place, { environment });
  const marker = join(place.root, 'pwned');
  const touches = { type: 'command', command: ['touch', marker] };
  mkdirSync(join(place.root, '.git', 'hooks'), { recursive: true });
  place.write('mcp.json', '{"mcpServers":{}}');
  const person = personAt(place);
  return { place, ...client, marker, touches, person, pwned: () => existsSync(marker) };
}

/** Return value of `modelAlone`. */
export type Model = Awaited<ReturnType<typeof modelAlone>>;
/** Arguments of a job that differ from the default. */
export type Job = Record<string, unknown>;

/** All calls with which a model may try to run a created job. */
export const WAYS = [
  {},
  { skip_test: true },
  { approve: true },
  { skip_test: true, approve: true },
  { approve: false },
];

/** Expects that a job does not run, whatever its model calls: create_job refuses it, or every start does. */
export async function expectRefused({ call, ok, place, pwned }: Model, job: Job): Promise<void> {
  const made = await call('create_job', jobOver(place, job));
  if (!made.isError) {
    const { job_id } = made.structured;
    for (const way of WAYS) {
      const started = await call('start_job', { job_id, wait_seconds: 0, ...way });
      expect([way, started.isError, started.text]).toEqual([
        way,
        true,
        expect.stringMatching(/needs the approval of a person|no test to (approve|reject)/),
      ]);
    }
    for (const [tool, more] of [
      ['resume_job', {}],
      ['manage_units', { action: 'reopen' }],
      ['manage_units', { action: 'rerun' }],
    ] as const) {
      await call(tool, { job_id, ...more });
    }
    const status = await ok('get_job_status', { job_id });
    expect(status).toMatchObject({ status: 'created', units: { pending: 4 }, executor: { state: 'none' } });
  } else expect(made.text).toMatch(/needs the approval of a person|ABP's store|expected/);
  expect([pwned(), place.agentRan()]).toEqual([false, false]);
}

/** Job with a Claude Code agent of this config. */
export const claude = (config: object) => ({ worker: { type: 'claude', ...config } });

/** Waits until a job has no running attempt. */
export function atRest({ ok }: Pick<TestClient, 'ok'>, job_id: string): Promise<void> {
  return vi.waitFor(async () => {
    expect((await ok('get_job_status', { job_id })).executor.state).toBe('none');
  }, PATIENCE);
}
