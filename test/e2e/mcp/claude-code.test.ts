import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { wire } from '../../../src/wire.ts';
import { type ContentBlock, lastText, type MessagesRequest, type Script } from '../../helpers/messages-api.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { converse } from './claude-host.ts';
import type { Move } from './moves.ts';
import { transcript } from './transcript.ts';

const LETTERS = fileURLToPath(new URL('../../fixtures/mcp/letters', import.meta.url));

const WISH =
  'Our customers wrote the letters in ./letters. Read each one: is it a complaint, and what do they want? Make me a CSV of it.';

/** The workers' model: opens the letter with the real Read tool, then judges what it read. */
const reader: Script = (request) => {
  const read = readSoFar(request);
  if (read === null) {
    const [, file] = /file_path: (\S+)/.exec(lastText(request)) ?? [];
    return { use: 'Read', input: { file_path: file }, say: 'I will read the letter.' };
  }
  const complaint = /broken|refund|angry/.test(read);
  const wants = /new one|refund|oak|thanks|address|courier/.exec(read)?.[0] ?? 'nothing';
  return { use: 'StructuredOutput', input: { complaint, wants: WANTS[wants] ?? 'nothing' } };
};

const WANTS: Readonly<Record<string, string>> = {
  'new one': 'a new lamp or the money back',
  refund: 'the order cancelled and refunded',
  oak: 'an answer about oak and Menorca',
  thanks: 'nothing, says thanks',
  address: 'the new address used',
  courier: 'nothing but to be heard',
};

function readSoFar({ body }: MessagesRequest): string | null {
  const blocks = body.messages.flatMap(({ content }): readonly ContentBlock[] =>
    Array.isArray(content) ? content : [],
  );
  const result = blocks.find(({ type }) => type === 'tool_result');
  return result ? JSON.stringify(result.content) : null;
}

const source = (root: string) => ({ base_directory: path.join(root, 'project', 'letters'), pattern: '*.txt' });

/** What the assistant tells of the results, from the results. */
function complaintsIn(units: readonly { readonly key: string; readonly result: string }[]): string {
  const complaints = units
    .map(({ key, result }) => ({ key, ...(JSON.parse(result) as { complaint: boolean; wants: string }) }))
    .filter(({ complaint }) => complaint)
    .map(({ key, wants }) => `${key} (${wants})`);
  return `${complaints.length} of ${units.length} are complaints: ${complaints.join(', ')}.`;
}

it('a whole conversation with Claude Code, from a wish to a CSV, with the approval in a dialog', async () => {
  let root = '';
  const moves: Move[] = [
    () => ({
      say: 'Each letter needs a reader, so this is a job for ABP. First a look at the letters.',
      call: ['preview_items', { source: { type: 'file', ...source(root) }, limit: 2 }],
    }),
    ([{ total }]) => ({
      say: `There are ${total} letters. I make a job with two answers for each.`,
      call: [
        'create_job',
        {
          name: 'read customer letters',
          intent: 'Read the letter. Is it a complaint, and what does the customer want?',
          source: { type: 'file', ...source(root) },
          schema: {
            type: 'object',
            properties: { complaint: { type: 'boolean' }, wants: { type: 'string' } },
            required: ['complaint', 'wants'],
          },
        },
      ],
    }),
    ([{ job_id }]) => ({ say: 'One letter as a test.', call: ['start_job', { job_id, wait_seconds: 45 }] }),
    ([{ job_id, user_answer }]) => ({
      say: `You said ${user_answer?.decision}. The other letters are being read.`,
      call: ['get_job_status', { job_id, wait_seconds: 45 }],
    }),
    ([{ job_id, status }]) =>
      status === 'completed'
        ? { call: ['list_units', { job_id }] }
        : { call: ['get_job_status', { job_id, wait_seconds: 45 }], again: true },
    ([{ job_id, units }]) => ({
      say: `All letters have been read. ${complaintsIn(units)}`,
      call: ['export_results', { job_id, format: 'csv', path: path.join(root, 'project', 'letters.csv') }],
    }),
    ([{ path: file, rows }]) => ({ say: `The CSV has ${rows} rows: ${file}` }),
  ];
  const conversation = await converse({
    wish: WISH,
    moves,
    worker: reader,
    user: { action: 'accept', content: { decision: 'approve' } },
    prepare: (project) => {
      root = path.dirname(project);
      cpSync(LETTERS, path.join(project, 'letters'), { recursive: true });
    },
  });
  const { steps, dialogs, exitCode } = conversation;
  expect(exitCode).toBe(0);
  expect(steps.filter((step) => step.kind === 'gets' && step.isError)).toEqual([]);
  expect(dialogs).toMatchObject([{ message: expect.stringContaining('"wants":"a new lamp or the money back"') }]);
  const [header = '', ...rows] = readFileSync(path.join(root, 'project', 'letters.csv'), 'utf8')
    .trim()
    .split(/\r?\n/);
  expect(header.split(',')).toEqual(expect.arrayContaining(['file_name', 'complaint', 'wants', 'status', 'cost_usd']));
  expect(rows).toHaveLength(6);
  for (const [index, complaint] of [true, false, true, false, false, true].entries()) {
    expect(rows[index]).toContain(`,${complaint},`);
    expect(rows[index]).toContain(',completed,');
  }
  await expect(transcript(WISH, conversation)).toMatchFileSnapshot('../__transcript__/conversation.md');
});

it(
  'where nobody answers the dialog, the word of the user counts, and the job goes on when the host has gone',
  PATIENCE,
  async () => {
    let root = '';
    const moves: Move[] = [
      () => ({
        call: [
          'create_job',
          {
            name: 'letters',
            intent: 'Is it a complaint?',
            source: { type: 'file', ...source(root) },
            schema: { type: 'object', required: ['complaint'] },
          },
        ],
      }),
      ([{ job_id }]) => ({ call: ['start_job', { job_id, wait_seconds: 45 }] }),
      ([{ job_id }]) => ({ call: ['start_job', { job_id, approve: true, wait_seconds: 0 }] }),
      () => ({ say: 'It runs; you can close me.' }),
    ];
    const { steps, dialogs, environment } = await converse({
      wish: WISH,
      moves,
      worker: reader,
      prepare: (project) => {
        root = path.dirname(project);
        cpSync(LETTERS, path.join(project, 'letters'), { recursive: true });
      },
    });
    const answers = steps.flatMap((step) => (step.kind === 'gets' ? [JSON.parse(step.text)] : []));
    expect(dialogs).toHaveLength(1);
    expect(answers).toMatchObject([
      { status: 'created' },
      { status: 'testing', test: { state: 'passed' } },
      { status: 'running' },
    ]);
    const abp = wire(environment);
    onTestFinished(() => abp.close());
    const { job_id } = answers[0];
    const call = { interface: 'mcp' as const, workingDirectory: root, human: null, maxWaitMs: 45_000 };
    await vi.waitFor(async () => {
      const status = await abp.orchestrator.call('get_job_status', { job_id }, call);
      expect(status).toMatchObject({ status: 'completed', units: { completed: 6 }, executor: { state: 'none' } });
    }, PATIENCE);
  },
);
