import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { jobOver } from './clients.ts';
import { atRest, claude, expectRefused, type Job, type Model, modelAlone, WAYS } from './model.ts';

describe('S1: programs of any worker', () => {
  it.each<[string, (model: Model) => Job]>([
    ['a command', ({ touches }) => ({ worker: touches })],
    ['a shell', ({ marker }) => ({ worker: { type: 'command', command: ['sh', '-c', `touch '${marker}'`] } })],
    [
      'code of a source',
      ({ marker }) => ({
        source: {
          type: 'dynamic',
          code: `import fs from 'node:fs'; fs.writeFileSync('${marker}', ''); export const enumerate = () => [1];`,
        },
      }),
    ],
    ['Bash', () => claude({ permission: 'edit_in_place', tools: ['Bash'] })],
    ['one command of Bash', () => claude({ tools: ['Bash(touch *)'] })],
    ['a tool that nobody knows', () => claude({ tools: ['Teleport'] })],
    ['agents of its agents', () => claude({ tools: ['Task'] })],
    ['skills', () => claude({ tools: ['Skill'] })],
    ['hooks of the project', () => claude({ context: 'project' })],
    [
      'a command over all results',
      ({ touches }) => ({ worker: touches, steps: [{ name: 'report', scope: 'job', intent: 'Sum it up.' }] }),
    ],
  ])('by %s', async (_what, job) => {
    const model = await modelAlone();
    await expectRefused(model, job(model));
  });

  it('added to a job without powers that is created, paused or ended', async () => {
    const model = await modelAlone();
    const { ok, call, touches, place, pwned } = model;
    const { job_id } = await ok('create_job', jobOver(place));
    await ok('update_job', { job_id, worker: touches });
    const refused = { isError: true, text: /needs the approval of a person/ };
    expect(await call('start_job', { job_id, skip_test: true })).toMatchObject(refused);
    expect(place.agentRan()).toBe(false);
    const other = (await ok('create_job', jobOver(place, { limits: { max_workers: 1 } }))).job_id;
    place.write('hold', '');
    await ok('start_job', { job_id: other, skip_test: true, wait_seconds: 0 });
    await ok('pause_job', { job_id: other, hard: true });
    await ok('update_job', { job_id: other, worker: touches });
    const again = { isError: true, text: /only a person can have units run again/ };
    expect(await call('manage_units', { job_id: other, action: 'reopen' })).toMatchObject(again);
    expect(await call('manage_units', { job_id: other, action: 'retry' })).toMatchObject({ isError: true });
    expect(await call('resume_job', { job_id: other })).toMatchObject(refused);
    expect(await call('start_job', { job_id: other, approve: true })).toMatchObject({ isError: true });
    expect(await ok('get_job_status', { job_id: other })).toMatchObject({ status: 'paused' });
    expect(pwned()).toBe(false);
    await ok('cancel_job', { job_id: other });
    await atRest(model, other);
  });

  it('in place of a tested worker, with an approval by argument', async () => {
    const { ok, call, touches, place, pwned } = await modelAlone();
    const { job_id } = await ok('create_job', jobOver(place));
    await ok('start_job', { job_id, wait_seconds: 45 });
    await ok('update_job', { job_id, worker: touches });
    for (const way of WAYS) expect(await call('start_job', { job_id, ...way })).toMatchObject({ isError: true });
    expect(pwned()).toBe(false);
  });

  it('without a test, where tests are skipped', async () => {
    const model = await modelAlone({ ABP_SKIP_TEST: '1' });
    await expectRefused(model, { worker: model.touches });
    await expectRefused(model, claude({ permission: 'full', tools: ['Bash'] }));
  });

  it('of another job that differs by a word from an allowed one', async () => {
    const { ok, call, place, touches, marker, person, pwned } = await modelAlone();
    const { job_id } = await ok('create_job', jobOver(place, { worker: touches }));
    await person.allow(job_id);
    const worker = { type: 'command', command: ['touch', marker, `${marker}-too`] };
    for (const change of [{ worker }, { template: 'Other.' }, { schema: { type: 'object' } }]) {
      const clone = await ok('create_job', jobOver(place, { worker: touches, ...change }));
      expect(await call('start_job', { job_id: clone.job_id })).toMatchObject({ isError: true });
    }
    // The same definition is allowed; skipping the test still needs a person.
    const same = (await ok('create_job', jobOver(place, { worker: touches }))).job_id;
    expect(await call('start_job', { job_id: same, skip_test: true })).toMatchObject({ isError: true });
    expect(pwned()).toBe(false);
  });
});

describe('S2: runs before an approval', () => {
  it.each<[string, Job]>([
    ['permission full, tried on as many units as there may be', claude({ permission: 'full', tools: ['Bash'] })],
    ['permission full for root', claude({ permission: 'full', env: { IS_SANDBOX: '1' } })],
    ['permission full, with the word of whoever starts it', claude({ permission: 'full', pass_env: ['IS_SANDBOX'] })],
    ['a job that was made so that a person has to allow it', { require_human_approval: true }],
  ])('of %s', async (_what, job) => {
    await expectRefused(await modelAlone({ IS_SANDBOX: '1' }), { test: { units: 20 }, ...job });
  });

  it('again after each rejection: only a person repeats a test', async () => {
    const { ok, call, place, person } = await modelAlone();
    const count = { type: 'command', command: ['sh', '-c', `echo >>'${join(temporaryDirectory(), 'runs')}'`] };
    const { job_id } = await ok('create_job', jobOver(place, { worker: count, test: { units: 4 } }));
    await person.allow(job_id);
    await ok('start_job', { job_id, wait_seconds: 45 });
    await ok('start_job', { job_id, approve: false });
    const again = { isError: true, text: /An earlier test of it is not approved yet; a new one runs units again/ };
    expect(await call('start_job', { job_id })).toMatchObject(again);
    await ok('update_job', { job_id, limits: { timeout_s: 60 } });
    expect(await call('start_job', { job_id })).toMatchObject(again);
    const { attempts } = await ok('get_unit', { job_id, unit: 0 });
    expect(attempts).toHaveLength(1);
  });

  it('again by creating the job with higher limits and cancelling it', async () => {
    const { ok, call, place, person } = await modelAlone();
    const runs = join(temporaryDirectory(), 'runs');
    const worker = { type: 'command', command: ['sh', '-c', `echo >>'${runs}'`] };
    const first = (await ok('create_job', jobOver(place, { worker, test: { units: 1 } }))).job_id;
    await person.allow(first);
    const limits = { max_workers: 60, budget_usd: 9999 };
    for (const more of [{ test: { units: 20 } }, { limits }, { test: { units: 20 }, limits }]) {
      const { job_id } = await ok('create_job', jobOver(place, { worker, test: { units: 1 }, ...more }));
      expect(await call('start_job', { job_id })).toMatchObject({ isError: true, text: /Higher than approved/ });
    }
    expect(existsSync(runs)).toBe(false);
    await ok('start_job', { job_id: first, wait_seconds: 45 });
    for (let n = 0; n < 3; n++) {
      const { job_id } = await ok('create_job', jobOver(place, { worker, test: { units: 1 } }));
      expect(await call('start_job', { job_id })).toMatchObject({ isError: true });
      await ok('cancel_job', { job_id });
    }
    expect(readFileSync(runs, 'utf8')).toBe('\n');
  });

  it('and no answer names a way around the guard', async () => {
    const { ok, call, place } = await modelAlone();
    const { job_id } = await ok('create_job', jobOver(place, claude({ permission: 'full' })));
    const { text } = await call('start_job', { job_id });
    expect(text).not.toMatch(/IS_SANDBOX|--yes|dangerously|ABP_/);
  });
});

describe('S3: a job that claims to read only', () => {
  it.each<[string, Job]>([
    ['/ as output directory', { output: { directory: '/' } }],
    ['keys as output directory', { output: { directory: '~/.ssh' } }],
    ['hooks of git as output directory', { output: { directory: '.git/hooks' } }],
    ['settings of Claude Code as output directory', { output: { directory: '.claude' } }],
    ['a folder elsewhere as output directory', { output: { directory: '/var/tmp/abp-elsewhere' } }],
    [
      'MCP servers that are programs',
      claude({ mcp_config: { mcpServers: { x: { command: 'sh', args: ['-c', 'id'] } } } }),
    ],
    ['MCP servers of a file', claude({ mcp_config: 'mcp.json' })],
    [
      'MCP servers of the net',
      claude({ mcp_config: { mcpServers: { x: { type: 'http', url: 'http://evil.example' } } } }),
    ],
    ['NODE_OPTIONS', claude({ env: { NODE_OPTIONS: '--require ./pwn.cjs' } })],
    ['LD_PRELOAD', claude({ env: { LD_PRELOAD: './pwn.so' } })],
    ['PATH', claude({ env: { PATH: '.' } })],
    ['another host for the key', claude({ env: { ANTHROPIC_BASE_URL: 'http://evil.example' } })],
    ['a proxy', claude({ env: { HTTPS_PROXY: 'http://evil.example' } })],
    ['another home', claude({ env: { HOME: '.', CLAUDE_CONFIG_DIR: '.' } })],
    ['a secret of whoever starts it', claude({ pass_env: ['GITHUB_TOKEN'] })],
    ['Bash everywhere', claude({ permission: 'edit_in_place', tools: ['Bash'], add_dirs: ['/'] })],
    ['/ to read', claude({ add_dirs: ['/'] })],
    ['keys to read', claude({ add_dirs: ['~/.ssh'] })],
    ['a rule that reads everything', claude({ tools: ['Read(//**)'] })],
    ['a rule that climbs', claude({ tools: ['Read(../**)'] })],
    ['/ to work in', claude({ working_directory: '/' })],
    ['a folder of the item, from the root', claude({ working_directory: '/{file_name}' })],
    ['the home directory to edit', claude({ permission: 'edit_in_place', working_directory: '~' })],
    ['the web', claude({ tools: ['WebFetch', 'WebSearch'] })],
  ])('with %s', async (_what, job) => {
    await expectRefused(await modelAlone(), job);
  });
});
