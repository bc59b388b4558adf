import { appendFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Scripted, STOPS, scripted } from './scripted.ts';

describe('next commands', () => {
  /** The commands that `abp status` names, for whoever has no terminal. */
  const nextOf = async ({ abp }: Scripted, jobId: string) => {
    const [, text = ''] = /Next: (.*)/.exec((await abp('status', jobId)).stdout) ?? [];
    return text.split(', or ').map((command) => command.split(' ').slice(1));
  };

  test.each<[string, object, (space: Scripted, jobId: string) => Promise<unknown>]>([
    ['created', {}, () => Promise.resolve()],
    ['allowed', {}, (space, jobId) => space.abp('approvals', 'allow', jobId, '--yes')],
    [
      'tested',
      {},
      async (space, jobId) => {
        await space.abp('approvals', 'allow', jobId, '--yes');
        await space.abp('start', jobId);
      },
    ],
    [
      'tested with a script that was changed',
      {},
      async (space, jobId) => {
        await space.abp('approvals', 'allow', jobId, '--yes');
        await space.abp('start', jobId);
        appendFileSync(space.script, '#\n');
      },
    ],
    [
      'tested in vain',
      {},
      async (space, jobId) => {
        space.write('fail', '');
        await space.abp('approvals', 'allow', jobId, '--yes');
        await space.abp('start', jobId);
      },
    ],
    [
      'rejected',
      {},
      async (space, jobId) => {
        await space.abp('approvals', 'allow', jobId, '--yes');
        await space.abp('start', jobId);
        await space.abp('reject', jobId);
      },
    ],
    [
      'failed',
      {},
      async (space, jobId) => {
        space.write('fail', '');
        await space.abp('start', jobId, '--yes', '--skip-test');
      },
    ],
    [
      'failed and revoked',
      {},
      async (space, jobId) => {
        space.write('fail', '');
        await space.abp('start', jobId, '--yes', '--skip-test');
        await space.revokeAll();
      },
    ],
    [
      'paused and revoked',
      STOPS,
      async (space, jobId) => {
        space.write('fail', '');
        await space.abp('start', jobId, '--yes', '--skip-test');
        await space.revokeAll();
      },
    ],
  ])('every command for a job that is %s is accepted', async (_state, rest, reach) => {
    const space = scripted(rest);
    const jobId = await space.created();
    await reach(space, jobId);
    const [first] = await nextOf(space, jobId);
    expect(first).toContain(jobId);
    const ran = await space.abp(...(first ?? []));
    // Where it waits for a decision about its test it did what it was asked for.
    expect(ran.stderr).not.toMatch(/error/);
    expect([0, 1, 3]).toContain(ran.exitCode);
    for (const command of (await nextOf(space, jobId)).slice(0, 1)) {
      expect(await space.abp(...command)).toMatchObject({ stderr: expect.not.stringContaining('error') });
    }
  });
});
