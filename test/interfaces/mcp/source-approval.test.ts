import { describe, expect, it } from 'vitest';
import { connect, makePlace, type OnElicitation, personAt } from './clients.ts';
import { choose, openHosts } from './host.ts';

const hosts = await openHosts('v2 auto', 'v1');

/** Makes a code source; each call has a new text, which is not approved. */
let codes = 0;
const codeSource = (more = '') => ({
  source: { type: 'dynamic', code: `export const enumerate = () => [{ n: ${++codes} }]; ${more}` },
});

describe.each(hosts)('a source that can do more, with a client of kind $kind', ({ ok, call, dialogs, user, place }) => {
  it('is shown in full, read after the user’s approval, and not asked about again', async () => {
    user.answer = choose('approve');
    const source = codeSource();
    expect(await ok('preview_items', source)).toMatchObject({ total: 1, items: [{ n: codes }] });
    expect(dialogs).toMatchObject([
      {
        lines: [
          'May it be read? It runs programs as you.',
          'Nothing of this dynamic source has been read yet.',
          expect.stringMatching(/^In full: abp approvals allow [0-9a-f]{16}$/),
        ],
        details: expect.stringContaining(source.source.code),
      },
    ]);
    const created = await ok('create_job', { name: 'dynamic', intent: 'x', ...source });
    expect(dialogs).toHaveLength(1);
    expect(created).toMatchObject({ approval: { person: true, can: [{ can: 'runs programs as you' }] } });
    await ok('cancel_job', { job_id: created.job_id });
  });

  it.each<[string, OnElicitation, RegExp]>([
    ['refuses it', choose('refuse'), /The user refused/],
    ['closes the dialog', () => ({ action: 'cancel' }), /abp approvals allow [0-9a-f]{16}/],
    ['is not there', () => ({ action: 'decline' }), /abp approvals allow [0-9a-f]{16}/],
  ])('is not read when the user %s, nor is a job made of it', async (_, answer, says) => {
    user.answer = answer;
    const source = codeSource();
    const before = (await ok('list_jobs')).total;
    expect(await call('preview_items', source)).toMatchObject({ isError: true, text: says });
    const made = await call('create_job', { name: 'dynamic', intent: 'x', ...source });
    expect(made).toMatchObject({ isError: true, text: says });
    expect(dialogs).toHaveLength(2);
    expect((await ok('list_jobs')).total).toBe(before);
  });

  it.each<[string, string, object]>([
    ['a key', 'json', { file_path: '~/.ssh/id_rsa' }],
    ['passwords of the system', 'csv', { file_path: '/etc/shadow' }],
    ['the whole machine', 'file', { base_directory: '/' }],
    ['a server', 'sql', { connection_string: 'postgres://me:hunter22@db.example/x', query: 'SELECT 1' }],
  ])('that is %s is asked about before it is read', async (_what, type, config) => {
    user.answer = choose('refuse');
    const source = { source: { type, ...config } };
    expect(await call('preview_items', source)).toMatchObject({ isError: true, text: /The user refused/ });
    expect(dialogs).toHaveLength(1);
    expect(JSON.stringify(dialogs)).not.toContain('hunter22');
  });

  it('that is a special file is refused without a question', async () => {
    const source = { source: { type: 'csv', file_path: '/proc/self/environ' } };
    expect(await call('preview_items', source)).toMatchObject({ isError: true, text: /expected a file/ });
    expect(dialogs).toEqual([]);
    expect(place.root).not.toBe('');
  });

  it('that a dialog cannot show is approved on a terminal only; unseen characters are refused', async () => {
    user.answer = choose('approve');
    const long = await call('preview_items', codeSource(`// ${'long '.repeat(2000)}`));
    expect(long.text).toMatch(/abp approvals allow/);
    for (const more of ['// \u202E', '// a line ends here\u2028', '// so does this\rhidden()']) {
      expect((await call('preview_items', codeSource(more))).text).toMatch(/unseen character U\+(202E|2028|000D)/);
    }
    expect(dialogs).toEqual([]);
  });
});

describe('in a host without dialogs', () => {
  it('a source with powers is refused with its powers and the command that allows it', async () => {
    const place = makePlace();
    const { call, ok } = await connect('v2 auto', place);
    const source = codeSource();
    const { text } = await call('preview_items', source);
    const [, definition = ''] = /abp approvals allow ([0-9a-f]{16})/.exec(text) ?? [];
    expect(text).toContain('runs its JavaScript');
    await personAt(place).ok('allow_source', { definition });
    expect(await ok('preview_items', source)).toMatchObject({ total: 1 });
  });
});
