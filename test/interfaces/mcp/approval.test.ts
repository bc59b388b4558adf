import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connect, jobOver, makePlace, type OnElicitation, PROGRAM, personAt } from './clients.ts';
import { choose, type Dialog, inTurn, openHosts } from './host.ts';

/** The newest protocol, and the oldest client, for which the SDK sends the question as its own request. */
const hosts = await openHosts('v2 auto', 'v1');

const WAIT = { wait_seconds: 45 };
const READS = 'It reads its home and source, and writes its output.';
const MAY_IT = 'May it run? It runs programs as you.';
const JOB = 'Job "count words"';

describe.each(hosts)('in a host with dialogs and a client of kind $kind', (host) => {
  const { ok, call, dialogs, user, newJob, person, ranNothing } = host;

  it('a job that only reads is tested without a question, and approved in a dialog', async () => {
    user.answer = choose('approve', 'looks right');
    const answer = await ok('start_job', { job_id: await newJob(), ...WAIT });
    expect(dialogs.map(({ lines }) => lines)).toEqual([
      [
        'Test passed: {"words":2,"shout":false}',
        expect.stringMatching(/^The other 3 units: about \$0\.7500, \d+ s\. Job "count words"$/),
        READS,
      ],
    ]);
    expect(answer).toMatchObject({ user_answer: { decision: 'approve', note: 'looks right' } });
    expect(['running', 'completed']).toContain(answer.status);
  });

  it.each(['decline', 'cancel'] as const)('a dialog that ends with %s decides nothing', async (action) => {
    user.answer = () => ({ action });
    const job_id = await newJob();
    const waiting = await ok('start_job', { job_id, ...WAIT });
    expect(waiting).toMatchObject({ status: 'testing', test: { state: 'passed' } });
    expect(waiting.next[0]).toMatchObject({ tool: 'start_job', arguments: { approve: true } });
    expect(waiting.user_answer).toMatchObject({ decision: 'none' });
    // The user agreed in the conversation: no second question.
    await ok('start_job', { job_id, approve: true, wait_seconds: 0 });
    expect(dialogs).toHaveLength(1);
  });

  it('a job that runs programs is asked about before its test, with its full definition', async () => {
    user.answer = inTurn(choose('approve'), () => ({ action: 'cancel' }));
    const job_id = await newJob(PROGRAM);
    const tested = await ok('start_job', { job_id, ...WAIT });
    expect(tested).toMatchObject({ status: 'testing', test: { state: 'passed' } });
    expect(dialogs.map(({ lines }) => lines)).toEqual([
      [
        MAY_IT,
        `Tests 1 of 4 units; the others wait for you. ${JOB}`,
        expect.stringMatching(/^It has not been approved yet/),
      ],
      ['Test passed: {"words":2,"shout":false}', expect.any(String), 'It runs programs as you.'],
    ]);
    const { details } = dialogs[0] as Dialog;
    for (const part of [PROGRAM.worker.command.join(' '), host.place.source, 'Count the words of file_path:']) {
      expect(details).toContain(part);
    }
    // The user allowed the program; an argument does not approve its result.
    const refused = await call('start_job', { job_id, approve: true, shown: tested.approval.shown });
    expect(dialogs).toHaveLength(3);
    expect(refused).toMatchObject({ isError: true, text: /only a person can approve its test/ });
    user.answer = choose('approve');
    const running = await ok('start_job', { job_id, approve: true, wait_seconds: 0 });
    expect(['running', 'completed']).toContain(running.status);
    expect(dialogs).toHaveLength(4);
  });

  it('no definition is truncated: one that is too long for a dialog is not approved in one', async () => {
    user.answer = choose('approve');
    const long = (chars: number) => ({
      ...PROGRAM,
      template: `Look at {file_path}. ${'x '.repeat(chars / 2)}the end`,
      schema: { type: 'object', description: 'what it says' },
      steps: [{ name: 'report', scope: 'job', intent: 'Then this.' }],
      limits: { budget_usd: 7 },
    });
    await ok('start_job', { job_id: await newJob(long(3000)), ...WAIT });
    for (const part of ['the end', 'what it says', 'Then this.', '"budget_usd":7']) {
      expect(dialogs[0]?.details).toContain(part);
    }
    const before = dialogs.length;
    const refused = { isError: true, text: /abp approvals allow job-/ };
    expect(await call('start_job', { job_id: await newJob(long(7000)) })).toMatchObject(refused);
    expect(dialogs).toHaveLength(before);
  });

  it.each<[string, OnElicitation, RegExp]>([
    ['refuses it', choose('refuse'), /The user refused: nothing was run/],
    ['closes the dialog', () => ({ action: 'cancel' }), /abp approvals allow job-/],
    ['is not there', () => ({ action: 'decline' }), /abp approvals allow job-/],
    ['says what the form does not allow', choose('whatever'), /abp approvals allow job-/],
  ])('nothing runs when the user %s', async (_what, answer, says) => {
    user.answer = answer;
    const job_id = await newJob(PROGRAM);
    for (const more of [{}, { skip_test: true }]) {
      expect(await call('start_job', { job_id, ...more })).toMatchObject({ isError: true, text: says });
    }
    expect(dialogs).toHaveLength(2);
    expect(await ok('get_job_status', { job_id })).toMatchObject({ status: 'created' });
    await ranNothing(job_id);
  });

  it('without a test there is one dialog, which says so', async () => {
    user.answer = choose('approve');
    const job_id = await newJob(PROGRAM);
    const answer = await ok('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    expect(['running', 'completed']).toContain(answer.status);
    expect(dialogs.map(({ lines }) => lines)).toEqual([
      [MAY_IT, `No test: all 4 units run. ${JOB}`, expect.stringMatching(/^It has not been approved yet/)],
    ]);
  });

  it('an answer does not allow changes that were made while the dialog was open', async () => {
    const marker = join(host.place.root, 'evil');
    const job_id = await newJob(PROGRAM);
    user.answer = async (request) => {
      await ok('update_job', { job_id, worker: { type: 'command', command: ['touch', marker] } });
      return choose('approve')(request);
    };
    const answer = await call('start_job', { job_id, ...WAIT });
    expect(answer).toMatchObject({ isError: true, text: /is no longer as shown.*nothing was approved/ });
    await ranNothing(job_id);
    expect(existsSync(marker)).toBe(false);
  });

  it('a script that changed after the test is asked about by name before the test is approved', async () => {
    const script = join(host.place.root, `script-${host.kind}.sh`);
    writeFileSync(script, 'cat >/dev/null; echo one');
    const job_id = await newJob({ worker: { type: 'command', command: ['sh', script] } });
    const marker = join(host.place.root, `changed-${host.kind}`);
    user.answer = inTurn(
      choose('approve'),
      (request) => {
        appendFileSync(script, `; touch '${marker}'`);
        return choose('approve')(request);
      },
      choose('refuse'),
    );
    const answer = await call('start_job', { job_id, ...WAIT });
    expect(answer).toMatchObject({ isError: true, text: /The user refused/ });
    expect(dialogs).toHaveLength(3);
    expect(dialogs[2]?.lines).toEqual([
      MAY_IT,
      expect.any(String),
      expect.stringContaining(`Changed since its approval: ${script}.`),
    ]);
    expect(existsSync(marker)).toBe(false);
    // After the new approval its result needs another decision.
    user.answer = choose('approve');
    const running = await ok('start_job', { job_id, approve: true, wait_seconds: 0 });
    expect(['running', 'completed']).toContain(running.status);
    expect(dialogs).toHaveLength(6);
  });

  it('a job that needs a person is asked about before and after its test, and approved by no argument', async () => {
    user.answer = inTurn(choose('approve'), () => ({ action: 'cancel' }));
    const job_id = await newJob({ require_human_approval: true });
    const { approval } = await ok('start_job', { job_id, ...WAIT });
    expect(dialogs[0]?.lines[0]).toBe(`May it run? ${READS}`);
    const still = await call('start_job', { job_id, approve: true, shown: approval.shown });
    expect(still).toMatchObject({ isError: true, text: /only a person can approve its test/ });
    user.answer = choose('approve');
    await ok('start_job', { job_id, approve: true, wait_seconds: 0 });
    expect(dialogs).toHaveLength(4);
  });

  it('an approval without a finished test is refused without a question and starts nothing', async () => {
    const job_id = await newJob({ require_human_approval: true });
    for (const more of [{}, { skip_test: true }]) {
      const refused = await call('start_job', { job_id, approve: true, ...more });
      expect(refused).toMatchObject({ isError: true, text: /no test to approve yet/ });
    }
    expect(await ok('get_job_status', { job_id })).toMatchObject({ status: 'created' });
    expect(dialogs).toEqual([]);
  });

  it('after a rejected test nothing runs again before the user allows it', async () => {
    user.answer = inTurn(choose('approve'), choose('reject'), choose('refuse'));
    const job_id = await newJob(PROGRAM);
    expect(await ok('start_job', { job_id, ...WAIT })).toMatchObject({ status: 'created' });
    expect(await call('start_job', { job_id, ...WAIT })).toMatchObject({ isError: true, text: /The user refused/ });
    expect(dialogs[2]?.lines[2]).toContain('An earlier test of it is not approved yet; a new one runs units again.');
    expect((await ok('get_unit', { job_id, unit: 0 })).attempts).toHaveLength(1);
  });

  it.each<[string, string, number, object]>([
    ['resume_job', 'paused', 1, {}],
    ['manage_units', 'failed', 0, { action: 'retry' }],
  ])('%s asks about a job whose approval was revoked', async (tool, status, failure_threshold, more) => {
    user.answer = choose('approve');
    const limits = { max_retries: 0, max_workers: 1, failure_threshold };
    const job_id = await newJob({ worker: { type: 'command', command: ['false'] }, limits });
    await ok('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    await host.ended(job_id, status);
    const { definition } = (await person.ok('job_approval', { job_id })) as { definition: string };
    await person.ok('revoke_approval', { definition });
    dialogs.length = 0;
    user.answer = choose('refuse');
    expect(await call(tool, { job_id, ...more })).toMatchObject({ isError: true, text: /The user refused/ });
    expect(dialogs[0]?.lines[2]).toMatch(/^Its approval was revoked\. In full: abp approvals allow job-/);
    expect(await ok('get_job_status', { job_id })).toMatchObject({ status });
    user.answer = choose('approve');
    expect(await ok(tool, { job_id, ...more })).toMatchObject({ status: 'running' });
    expect(dialogs).toHaveLength(2);
    await host.ended(job_id, status);
  });
});

describe('in a host without dialogs', () => {
  it('a job that needs a person is refused before and after its test, with the places to decide', async () => {
    const place = makePlace();
    const { ok, call } = await connect('v2 auto', place);
    const person = personAt(place);
    const { job_id, next } = await ok('create_job', jobOver(place, PROGRAM));
    expect(next[0].why).toContain(`abp approvals allow ${job_id}`);
    for (const more of [{}, { skip_test: true }]) {
      const refused = await call('start_job', { job_id, ...more });
      const way = new RegExp(
        `runs programs as you \\(sh .*\\)[\\s\\S]*dialog of this host, on the dashboard, or on a terminal: abp approvals allow ${job_id}`,
      );
      expect(refused).toMatchObject({ isError: true, text: way });
    }
    await person.allow(job_id);
    const tested = await ok('start_job', { job_id, ...WAIT });
    expect(tested).toMatchObject({ status: 'testing', test: { state: 'passed' }, estimate: { remaining_units: 3 } });
    expect(tested.next[0].why).toContain(`abp approve ${job_id}`);
    const refused = await call('start_job', { job_id, approve: true, shown: tested.approval.shown });
    expect(refused).toMatchObject({ isError: true, text: /only a person can approve its test[\s\S]*abp approve job-/ });
  });
});

describe('the home of a job', () => {
  const homeOver = async (environment: Record<string, string>) => {
    const place = makePlace();
    const { ok } = await connect('v2 legacy', place, { environment });
    const { job_id } = await ok('create_job', jobOver(place));
    const { home } = (await personAt(place).ok('job_approval', { job_id })) as { home: string | null };
    return { place, home };
  };

  it('is the project that the host names, else the directory of the server', async () => {
    const other = makePlace();
    expect((await homeOver({ CLAUDE_PROJECT_DIR: other.root })).home).toBe(other.root);
    const { home, place } = await homeOver({ CLAUDE_PROJECT_DIR: '' });
    expect(home).toBe(place.root);
  });

  it('is none in the home directory or above it', async () => {
    expect((await homeOver({ CLAUDE_PROJECT_DIR: '/' })).home).toBeNull();
    const other = makePlace();
    const { home } = await homeOver({ CLAUDE_PROJECT_DIR: other.root, HOME: join(other.root, 'me') });
    expect(home).toBeNull();
  });
});
