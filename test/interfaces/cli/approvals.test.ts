import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { connect, type Place } from '../mcp/clients.ts';
import { type Json, workspace } from './abp.ts';
import { type Scripted, STOPS, scripted } from './scripted.ts';

/** A job at rest whose approval was revoked: `fail` lies in its folder, so that it stopped by itself. */
async function revoked(rest: object) {
  const space = scripted(rest);
  space.write('fail', '');
  await space.abp('run', 'batch.yaml', '--skip-test', '--yes');
  const [jobId = ''] = await space.jobs();
  await space.revokeAll();
  return { ...space, jobId };
}

describe('without a terminal and --yes a job that runs programs is not run', () => {
  const REFUSED = {
    exitCode: 3,
    stderr: /runs programs as you \(sh work\.sh\)[\s\S]*On a terminal, or with --yes: abp approvals allow job-/,
  };

  test.each([['run'], ['run --skip-test']])('by abp %s', async (command) => {
    const space = scripted();
    const [verb = '', ...more] = command.split(' ');
    expect(await space.abp(verb, 'batch.yaml', ...more)).toMatchObject(REFUSED);
    expect(space.ran()).toBe(false);
    expect((await space.json(verb, 'batch.yaml', ...more)).document).toMatchObject({
      error: {
        code: 'approval_required',
        details: { job_id: /^job-/, powers: [{ can: 'runs programs as you', what: 'sh work.sh' }] },
      },
    });
    expect(space.ran()).toBe(false);
  });

  test.each([['start'], ['start --skip-test'], ['start --detach']])('by abp %s', async (command) => {
    const space = scripted();
    const jobId = await space.created();
    const [verb = '', ...more] = command.split(' ');
    expect(await space.abp(verb, jobId, ...more)).toMatchObject(REFUSED);
    expect((await space.job(jobId)).status).toBe('created');
    expect(space.ran()).toBe(false);
  });

  test('by abp create, which says that the job needs approval', async () => {
    const space = scripted();
    const ran = await space.abp('create', 'batch.yaml');
    expect(ran).toMatchObject({ exitCode: 0, stdout: /abp start job-\w+ asks for your approval, then tests one unit/ });
    expect(space.ran()).toBe(false);
  });

  test.each([
    ['resume', 'paused', STOPS],
    ['retry', 'failed', {}],
    ['reopen', 'failed', {}],
  ])('by abp %s after its approval was revoked; with --yes it continues', async (verb, status, rest) => {
    const space = await revoked(rest);
    expect(await space.abp(verb, space.jobId)).toMatchObject({ ...REFUSED, stderr: /Its approval was revoked/ });
    expect((await space.job(space.jobId)).status).toBe(status);
    expect(await space.abp(verb, space.jobId, '--yes')).toMatchObject({ exitCode: 0 });
    await expect.poll(async () => (await space.job(space.jobId)).status, PATIENCE).toBe(status);
  });

  test('by ABP_SKIP_TEST, which skips only the test', async () => {
    const space = scripted();
    Object.assign(space.environment, { ABP_SKIP_TEST: '1' });
    expect(await space.abp('run', 'batch.yaml')).toMatchObject(REFUSED);
    expect(space.ran()).toBe(false);
  });
});

describe('--yes allows what it names', () => {
  test.each([['run batch.yaml --yes'], ['run batch.yaml --yes --skip-test']])('abp %s', async (command) => {
    const space = scripted();
    const ran = await space.abp(...command.split(' '));
    expect(ran).toMatchObject({ exitCode: 0, stdout: /Allowed: texts\n {2}runs programs as you: sh work\.sh/ });
    expect(await space.approvals()).toMatchObject([
      { state: 'approved', approved_by: 'cli', jobs: await space.jobs() },
    ]);
  });

  test('abp create --yes allows the test, whose result a person decides', async () => {
    const space = scripted();
    const jobId = await space.created('--yes');
    expect(space.ran()).toBe(false);
    expect(await space.json('start', jobId)).toMatchObject({
      exitCode: 3,
      document: { status: 'testing', test: { state: 'passed' } },
    });
    expect(await space.json('approve', jobId, '--watch')).toMatchObject({
      exitCode: 0,
      document: { status: 'completed' },
    });
  });
});

describe('abp approvals allow', () => {
  test('of a job exits with 3 without a terminal, and records the approval with --yes', async () => {
    const space = scripted();
    const jobId = await space.created();
    const asked = await space.abp('approvals', 'allow', jobId);
    expect(asked).toMatchObject({ exitCode: 3, stderr: new RegExp(`abp approvals allow ${jobId} --yes`) });
    expect(asked.stdout).toMatch(/needs your approval[\s\S]*runs programs as you: sh work\.sh[\s\S]*file .*work\.sh/);
    expect(await space.approvals()).toEqual([]);
    const { exitCode, document } = await space.json('approvals', 'allow', jobId.slice(4), '--yes');
    expect({ exitCode, document }).toEqual({ exitCode: 0, document: { job_id: jobId, allowed: true } });
    expect(space.ran()).toBe(false);
    expect(await space.abp('start', jobId)).toMatchObject({ exitCode: 3, stdout: /Test passed/ });
  });

  test('of a batch file lets abp run test it, and abp run stops at the result', async () => {
    const space = scripted();
    expect(await space.abp('approvals', 'allow', 'batch.yaml')).toMatchObject({ exitCode: 3 });
    const { exitCode, document } = await space.json('approvals', 'allow', 'batch.yaml', '--yes');
    expect({ exitCode, document }).toMatchObject({
      exitCode: 0,
      document: { definition: /^[0-9a-f]{64}$/, allowed: true },
    });
    expect([await space.jobs(), space.ran()]).toEqual([[], false]);
    const ran = await space.json('run', 'batch.yaml');
    expect(ran).toMatchObject({ exitCode: 3, document: { status: 'testing', test: { state: 'passed' } } });
    expect(await space.approvals()).toMatchObject([{ definition: document.definition, jobs: [ran.document.job_id] }]);
  });

  test('of a batch file is the same from any working directory', async () => {
    const space = scripted();
    const elsewhere = workspace([]);
    Object.assign(elsewhere.environment, space.environment);
    await elsewhere.allow(join(space.folder, 'batch.yaml'));
    expect(await space.abp('run', 'batch.yaml')).toMatchObject({ exitCode: 3, stdout: /Test passed/ });
  });

  test.each<[string, (space: Scripted) => void]>([
    ['a byte of its script', ({ script }) => appendFileSync(script, '#\n')],
    ['a word of its intent', ({ batch }) => batch({ intent: 'Count the letters!' })],
    ['a variable', ({ batch }) => batch({ worker: { type: 'command', command: ['sh', 'work.sh'], env: { A: '1' } } })],
    ['its source', ({ batch }) => batch({ source: { type: 'file', base_directory: '.' } })],
    ['where it writes', ({ batch }) => batch({ output: { directory: 'elsewhere' } })],
  ])('is asked for again when %s was changed', async (_what, change) => {
    const space = scripted();
    space.batch();
    await space.allow();
    expect(await space.abp('run', 'batch.yaml')).toMatchObject({ stdout: /Test passed/ });
    change(space);
    expect(await space.abp('run', 'batch.yaml', '--new')).toMatchObject({
      exitCode: 3,
      stderr: /needs the approval of a person/,
    });
  });

  test('covers lower limits and another name, but not higher limits', async () => {
    const space = scripted();
    space.batch({ limits: { max_workers: 2 } });
    await space.allow();
    space.batch({ limits: { max_workers: 3 } });
    const refused = await space.abp('run', 'batch.yaml');
    expect(refused).toMatchObject({ exitCode: 3, stderr: /Higher than approved: max_workers 2 → 3/ });
    space.batch({ name: 'other', limits: { max_workers: 1 } });
    expect(await space.abp('run', 'batch.yaml')).toMatchObject({ exitCode: 3, stdout: /Test passed/ });
  });

  test('a script that changed between test and approval is named and needs approval first', async () => {
    const space = scripted();
    const jobId = await space.created('--yes');
    await space.abp('start', jobId);
    writeFileSync(space.script, 'touch evil; echo ok\n');
    const refused = await space.abp('approve', jobId);
    expect(refused).toMatchObject({ exitCode: 3 });
    expect(refused.stderr).toContain(`Changed since its approval: ${space.script}`);
    expect((await space.job(jobId)).status).toBe('testing');
    expect(existsSync(join(space.folder, 'evil'))).toBe(false);
    expect(await space.abp('approve', jobId, '--yes', '--watch')).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(space.folder, 'evil'))).toBe(true);
  });

  test('of a source lets the call of the model continue', async () => {
    const space = workspace([]);
    const { folder: root, environment, write } = space;
    const onEnd: Place['onEnd'] = (end) => onTestFinished(async () => void (await end()));
    const place = { root, source: root, environment: { ...environment }, write, agentRan: () => false, onEnd };
    const { call, ok } = await connect('v2 auto', place);
    const source = { source: { type: 'dynamic', code: 'export const enumerate = () => [1];' } };
    const { text } = await call('preview_items', source);
    const [, definition = ''] = /abp approvals allow ([0-9a-f]+)/.exec(text) ?? [];
    const asked = await space.abp('approvals', 'allow', definition);
    expect(asked).toMatchObject({
      exitCode: 3,
      stdout: /export const enumerate[\s\S]*cannot limit: its network access/,
    });
    expect(await call('preview_items', source)).toMatchObject({ isError: true });
    expect(await space.json('approvals', 'allow', definition, '--yes')).toMatchObject({
      exitCode: 0,
      document: { definition: expect.stringMatching(new RegExp(`^${definition}`)), allowed: true },
    });
    expect(await ok('preview_items', source)).toMatchObject({ total: 1 });
    expect(await space.approvals()).toMatchObject([{ about: 'source', state: 'approved' }]);
  });

  test('changes nothing for a job that needs no approval', async () => {
    const space = scripted({ worker: { type: 'claude' } });
    const jobId = await space.created();
    expect(await space.abp('approvals', 'allow', jobId)).toMatchObject({ exitCode: 0 });
    expect(await space.approvals()).toEqual([]);
  });

  test('is rejected when an agent of ABP runs it', async () => {
    const space = scripted();
    const jobId = await space.created();
    Object.assign(space.environment, { ABP_ATTEMPT_ID: 'x' });
    for (const what of [jobId, 'batch.yaml']) {
      const ran = await space.abp('approvals', 'allow', what, '--yes');
      expect(ran).toMatchObject({ exitCode: 2, stderr: /An agent that ABP runs cannot/ });
    }
    expect(await space.approvals()).toEqual([]);
  });
});

describe('abp approvals', () => {
  test('lists given approvals with the approver, and awaited ones, or says that there are none', async () => {
    const space = scripted();
    expect(await space.abp('approvals')).toMatchObject({
      exitCode: 0,
      stdout: /No approvals: none given, none awaited/,
    });
    await space.allow();
    const { stdout } = await space.abp('approvals');
    expect(stdout).toMatch(/[0-9a-f]{12} +approved +job texts +runs programs as you \(sh work\.sh\) +cli, 20/);
    expect(await space.approvals()).toMatchObject([
      { about: 'job', state: 'approved', title: 'texts', can: [{ can: 'runs programs as you', what: 'sh work.sh' }] },
    ]);
  });

  test('revoke pauses the jobs that run under it and names them', async () => {
    const space = workspace(['wait', 'two'], { limits: { max_workers: 1 } });
    await space.abp('run', 'batch.yaml', '--skip-test', '--yes', '--detach');
    const [jobId = ''] = await space.jobs();
    const [{ definition }] = (await space.approvals()) as [Json];
    expect(await space.json('approvals', 'revoke', definition.slice(0, 8))).toEqual({
      exitCode: 0,
      document: { definition, paused: [jobId] },
    });
    space.go();
    expect(await space.abp('wait', jobId)).toMatchObject({ exitCode: 3, stdout: /paused \(approval\)/ });
    expect((await space.job(jobId)).pauseReason).toBe('approval');
    expect(await space.approvals()).toMatchObject([{ state: 'revoked' }]);
    expect(await space.abp('resume', jobId)).toMatchObject({ exitCode: 3 });
    expect(await space.abp('resume', jobId, '--yes', '--watch')).toMatchObject({ exitCode: 0 });
  });
});
