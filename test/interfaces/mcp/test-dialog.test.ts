import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { jobOver, personAt } from './clients.ts';
import { choose, inTurn, openHosts } from './host.ts';

const WAIT = { wait_seconds: 45 };

/** One client is enough: after the answer all kinds are the same. */
const hosts = await openHosts('v2 auto');

describe.each(hosts)('in a host with dialogs', (host) => {
  const { ok, call, dialogs, user, newJob } = host;

  it('a rejection discards the test, with the reason', async () => {
    user.answer = choose('reject', 'too short');
    const answer = await ok('start_job', { job_id: await newJob(), ...WAIT });
    expect(answer).toMatchObject({ status: 'created', units: { pending: 4 }, user_answer: { note: 'too short' } });
  });

  it('a long note is shortened, and the decision counts', async () => {
    user.answer = choose('reject', 'why '.repeat(1000));
    const answer = await ok('start_job', { job_id: await newJob(), ...WAIT });
    expect(answer).toMatchObject({ status: 'created', user_answer: { decision: 'reject' } });
    expect(answer.user_answer.note).toHaveLength(2000);
  });

  it('a request for another prompt changes nothing and reaches the model', async () => {
    user.answer = choose('revise', 'in German');
    const answer = await ok('start_job', { job_id: await newJob(), ...WAIT });
    expect(answer).toMatchObject({ status: 'testing', user_answer: { decision: 'revise', note: 'in German' } });
    expect(answer.next).toContainEqual(expect.objectContaining({ tool: 'update_job' }));
  });

  it('an answer outside the form counts as none', async () => {
    user.answer = choose('whatever');
    expect(await ok('start_job', { job_id: await newJob(), ...WAIT })).toMatchObject({ status: 'testing' });
  });

  it('an answer to a test that was discarded meanwhile approves nothing', async () => {
    const job_id = await newJob();
    user.answer = async (request) => {
      await ok('update_job', { job_id, template: 'SHOUT file_path: {file_path}' });
      return choose('approve')(request);
    };
    const answer = await call('start_job', { job_id, ...WAIT });
    expect(answer).toMatchObject({ isError: true, text: /no test to approve yet/ });
    expect(await ok('get_job', { job_id })).toMatchObject({ status: 'created', revision: 2 });
  });

  it('an answer to a test does not approve its successor', async () => {
    const job_id = await newJob();
    const other = personAt(host.place);
    user.answer = async (request) => {
      await ok('update_job', { job_id, template: 'SHOUT file_path: {file_path}' });
      await other.ok('start_job', { job_id, ...WAIT });
      return choose('approve')(request);
    };
    const answer = await call('start_job', { job_id, ...WAIT });
    expect(answer).toMatchObject({ isError: true, text: /is no longer as shown \(changed: revision, test\)/ });
    expect(await ok('get_job_status', { job_id })).toMatchObject({ status: 'testing', units: { completed: 1 } });
  });

  it('texts of agents and workers cannot change the look of the dialog', async () => {
    user.answer = inTurn(choose('approve'), () => ({ action: 'cancel' }));
    const code = 'console.log("\\u001b[2Japprove \\u202Ethis")';
    const command = [process.execPath, '-e', code, '\u202eexe.gnp\u001b[2J'];
    await ok('start_job', { job_id: await newJob({ worker: { type: 'command', command } }), ...WAIT });
    expect(dialogs[1]?.lines[0]).toContain('\\u001b[2Japprove \\u202ethis');
    expect(dialogs[0]?.details).toContain('\\u202eexe.gnp');
  });

  it('a definition that is too long for a dialog is not approved in one', async () => {
    user.answer = choose('approve');
    const command = ['sh', '-c', `${'true; '.repeat(2000)} touch '${join(host.place.root, 'late')}'`];
    const refused = await call('start_job', { job_id: await newJob({ worker: { type: 'command', command } }) });
    expect(refused).toMatchObject({ isError: true, text: /abp approvals allow job-/ });
    expect(dialogs).toEqual([]);
  });

  it('the third line names every kind of power that the first has no room for', async () => {
    user.answer = choose('refuse');
    const servers = Array.from({ length: 40 }, (_, n) => [`server-${n}`, { command: 'sh', args: ['-c', `echo ${n}`] }]);
    const worker = {
      type: 'claude',
      tools: ['WebFetch'],
      add_dirs: ['/usr/share'],
      env: { X: '1' },
      pass_env: ['PATH'],
    };
    const mcp_config = { mcpServers: Object.fromEntries(servers) };
    const { approval } = await ok('create_job', jobOver(host.place, { worker: { ...worker, mcp_config } }));
    expect(new Set(approval.can.map(({ can }: { can: string }) => can))).toEqual(
      new Set([
        'runs programs as you',
        'reaches the network',
        'reads outside its home and its source',
        'changes what runs, or where credentials go',
      ]),
    );
    expect(approval.can_left_out).toBeGreaterThan(0);
  });
});
