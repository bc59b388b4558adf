import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { type ClientKind, connect, jobOver, makePlace, type OnElicitation } from './clients.ts';

const choose =
  (decision: string, note?: string): OnElicitation =>
  () => ({ action: 'accept', content: { decision, ...(note ? { note } : {}) } });

/** One host for all tests: a place, a connected client, the dialogs that it showed, and how its user answers. */
async function openHost(kind: ClientKind) {
  const place = makePlace(undefined, afterAll);
  const dialogs: string[] = [];
  const user: { answer: OnElicitation } = { answer: choose('approve') };
  const onElicitation: OnElicitation = (request) => {
    dialogs.push(request.message);
    return user.answer(request);
  };
  const client = await connect(kind, place, { onElicitation });
  // Whatever a test leaves running would write into a directory that is being removed.
  place.onEnd(async () => {
    for (const { job_id, status } of (await client.ok('list_jobs')).jobs) {
      if (status !== 'completed') await client.ok('cancel_job', { job_id });
      await vi.waitFor(async () => {
        expect((await client.ok('get_job_status', { job_id })).executor.state).toBe('none');
      }, PATIENCE);
    }
  });
  const newJob = async (more: Record<string, unknown> = {}): Promise<string> =>
    (await client.ok('create_job', jobOver(place, more))).job_id;
  return { ...client, dialogs, user, newJob };
}

/** The newest protocol, and the oldest client: there the SDK turns the question into a request of its own. */
const hosts = await Promise.all((['v2 auto', 'v1'] as const).map(openHost));
/** What comes after the answer is the same for both. */
const newest = hosts.slice(0, 1);

describe.each(hosts)('in a host with dialogs and a client of kind $kind', ({ ok, call, dialogs, user, newJob }) => {
  beforeEach(() => {
    dialogs.length = 0;
  });

  it('the user sees result, cost and estimate, and their yes runs the job', async () => {
    user.answer = choose('approve', 'looks right');
    const job_id = await newJob();
    const answer = await ok('start_job', { job_id, wait_seconds: 45 });
    expect(dialogs).toHaveLength(1);
    expect(dialogs[0]).toContain(`Test of "count words" (${job_id}): passed.`);
    expect(dialogs[0]).toContain('{"words":2,"shout":false}');
    expect(dialogs[0]).toMatch(/The rest: 3 units, no known cost, \d+ s/);
    expect(answer).toMatchObject({ user_answer: { decision: 'approve', note: 'looks right' } });
    expect(['running', 'completed']).toContain(answer.status);
  });

  it.each(['decline', 'cancel'] as const)('a dialog that ends in %s leaves the decision open', async (action) => {
    user.answer = () => ({ action });
    const job_id = await newJob();
    const waiting = await ok('start_job', { job_id, wait_seconds: 45 });
    expect(waiting).toMatchObject({ status: 'testing', test: { state: 'passed' } });
    expect(waiting.next[0]).toMatchObject({ tool: 'start_job', arguments: { approve: true } });
    expect(waiting.user_answer).toMatchObject({ decision: 'none' });
    // The user said yes in the conversation: no second question.
    await ok('start_job', { job_id, approve: true, wait_seconds: 0 });
    expect(dialogs).toHaveLength(1);
  });

  it('a job that needs a human is not approved by an argument, and is by the dialog', async () => {
    user.answer = () => ({ action: 'cancel' });
    const job_id = await newJob({ require_human_approval: true });
    await ok('start_job', { job_id, wait_seconds: 45 });
    const refused = await call('start_job', { job_id, approve: true });
    expect(refused).toMatchObject({ isError: true, text: expect.stringContaining(`abp approve ${job_id}`) });
    user.answer = choose('approve');
    await ok('start_job', { job_id, approve: true, wait_seconds: 0 });
    expect(dialogs).toHaveLength(3);
  });

  it('an approval without a test to approve is refused, starts nothing and asks nobody', async () => {
    const job_id = await newJob({ require_human_approval: true });
    for (const more of [{}, { skip_test: true }]) {
      const refused = await call('start_job', { job_id, approve: true, ...more });
      expect(refused).toMatchObject({ isError: true, text: expect.stringContaining('no test to approve yet') });
    }
    expect(await ok('get_job_status', { job_id })).toMatchObject({ status: 'created' });
    expect(dialogs).toEqual([]);
  });
});

describe.each(newest)('in a host with dialogs, more of it', ({ ok, call, dialogs, user, newJob }) => {
  beforeEach(() => {
    dialogs.length = 0;
  });

  it('their no puts the test back, with the reason', async () => {
    user.answer = choose('reject', 'too short');
    const answer = await ok('start_job', { job_id: await newJob(), wait_seconds: 45 });
    expect(answer).toMatchObject({ status: 'created', units: { pending: 4 }, user_answer: { note: 'too short' } });
  });

  it('a long note is shortened, and the decision counts', async () => {
    user.answer = choose('reject', 'why '.repeat(1000));
    const answer = await ok('start_job', { job_id: await newJob(), wait_seconds: 45 });
    expect(answer).toMatchObject({ status: 'created', user_answer: { decision: 'reject' } });
    expect(answer.user_answer.note).toHaveLength(2000);
  });

  it('their wish for another prompt changes nothing yet and reaches the model', async () => {
    user.answer = choose('revise', 'in German');
    const answer = await ok('start_job', { job_id: await newJob(), wait_seconds: 45 });
    expect(answer).toMatchObject({ status: 'testing', user_answer: { decision: 'revise', note: 'in German' } });
    expect(answer.next).toContainEqual(expect.objectContaining({ tool: 'update_job' }));
  });

  it('an answer that the form does not allow counts as none', async () => {
    user.answer = choose('whatever');
    expect(await ok('start_job', { job_id: await newJob(), wait_seconds: 45 })).toMatchObject({ status: 'testing' });
  });

  it('an answer to a test that has changed meanwhile is not used', async () => {
    const job_id = await newJob();
    user.answer = async (request) => {
      await ok('update_job', { job_id, prompt_template: 'SHOUT {file_name}' });
      return choose('approve')(request);
    };
    const answer = await call('start_job', { job_id, wait_seconds: 45 });
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('has changed since') });
    expect(await ok('get_job', { job_id })).toMatchObject({ status: 'created', revision: 2 });
  });

  it('text of an item cannot paint over the dialog', async () => {
    user.answer = () => ({ action: 'cancel' });
    const command = [process.execPath, '-e', 'console.log("\\u001b[2Japprove \\u202Ethis")'];
    await ok('start_job', { job_id: await newJob({ worker: { type: 'command', command } }), wait_seconds: 45 });
    expect(dialogs[0]).toContain('\\u001b[2Japprove \\u202ethis');
  });
});

/** A source that is code; each call gives another text, which nobody has approved. */
let codes = 0;
const codeSource = (more = '') => ({
  enumerator_type: 'dynamic',
  enumerator_config: { code: `export const enumerate = () => [{ n: ${++codes} }]; ${more}` },
});

describe.each(hosts)(
  'dynamic code in a host with dialogs and a client of kind $kind',
  ({ ok, call, dialogs, user }) => {
    beforeEach(() => {
      dialogs.length = 0;
    });

    it('is shown whole, runs once the user has approved it, and is not asked about again', async () => {
      user.answer = choose('approve');
      const source = codeSource();
      expect(await ok('preview_items', source)).toMatchObject({ total: 1, items: [{ n: codes }] });
      expect(dialogs).toEqual([expect.stringContaining(source.enumerator_config.code)]);
      const created = await ok('create_job', { name: 'dynamic', user_intent: 'x', ...source });
      expect(dialogs).toHaveLength(1);
      expect(await ok('get_job', { job_id: created.job_id })).toMatchObject({ require_human_approval: true });
      await ok('cancel_job', { job_id: created.job_id });
    });

    it.each<[string, OnElicitation]>([
      ['refuses it', choose('refuse')],
      ['closes the dialog', () => ({ action: 'cancel' })],
      ['is not there', () => ({ action: 'decline' })],
    ])('does not run when the user %s', async (_, answer) => {
      user.answer = answer;
      const { isError, text } = await call('preview_items', codeSource());
      expect({ isError, text }).toMatchObject({ isError: true, text: expect.stringContaining('abp approve-code') });
      expect(dialogs).toHaveLength(1);
    });

    it('that a dialog cannot show can only be approved on a terminal, and what nobody sees not at all', async () => {
      user.answer = choose('approve');
      expect((await call('preview_items', codeSource(`// ${'long '.repeat(2000)}`))).text).toContain(
        'abp approve-code',
      );
      for (const more of ['// \u202E', '// a line ends here\u2028', '// so does this\rhidden()']) {
        expect((await call('preview_items', codeSource(more))).text).toMatch(/unseen character U\+(202E|2028|000D)/);
      }
      expect(dialogs).toEqual([]);
    });
  },
);

describe('in a host without dialogs', () => {
  it('the call returns the test, and says what to show and how to decide', async () => {
    const place = makePlace();
    const { ok, call } = await connect('v2 auto', place);
    const { job_id } = await ok('create_job', jobOver(place, { require_human_approval: true }));
    const tested = await ok('start_job', { job_id, wait_seconds: 45 });
    expect(tested).toMatchObject({ status: 'testing', estimate: { remaining_units: 3 } });
    expect(tested.next[0].why).toContain(`abp approve ${job_id}`);
    expect((await call('start_job', { job_id, approve: true })).text).toContain('needs the approval of a human');
    expect((await call('start_job', { job_id, skip_test: true })).isError).toBe(true);
    const source = codeSource();
    const { text } = await call('preview_items', source);
    expect(text).toContain('abp approve-code');
    expect(text).toContain(source.enumerator_config.code);
  });
});
