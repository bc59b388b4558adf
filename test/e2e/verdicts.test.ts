import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FailureClass } from '../../src/domain/failure.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import type { Reply, Script } from '../helpers/messages-api.ts';
import { endedAs } from '../helpers/outcome.ts';
import { judgeFiles, livingProcesses } from '../helpers/worker.ts';
import { CLIS, runUnit } from './claude.ts';

const SCHEMA: JsonObject = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] };
const RICH_SCHEMA: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  'x-note': 'of the user',
  properties: {
    n: { type: 'number' },
    mail: { type: 'string', format: 'email' },
    pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false },
  },
  required: ['n', 'mail'],
};
const always = (reply: Reply) => (): Script => () => reply;
const first = (reply: Reply, then: Reply) => (): Script => (_, turn) => (turn === 0 ? reply : then);
const refused = (status: number, error: string, message: string, headers = {}) =>
  always({ status, error, message, headers });

type Case = [
  what: string,
  script: (assignment: Assignment) => Script,
  expected: FailureClass | 'completed',
  more?: { readonly config?: JsonObject; readonly parts?: Partial<Assignment> },
];

/** What the service and the model do, and what the unit must be stored as: the recordings again, live. */
const CASES: readonly Case[] = [
  ['an answer', always({ say: 'done' }), 'completed'],
  ['an empty answer', always({ say: '' }), 'incomplete'],
  ['a failure that the agent reports', always({ say: 'ABP_FAILED: nothing there' }), 'agent_error'],
  [
    'structured output',
    always({ use: 'StructuredOutput', input: { n: 1 } }),
    'completed',
    { parts: { outputSchema: SCHEMA } },
  ],
  [
    'structured output by a schema of another draft than the CLI knows, with words that it does not know',
    always({ use: 'StructuredOutput', input: { n: 1, mail: 'a@b.example', pair: ['x', 1] } }),
    'completed',
    { parts: { outputSchema: RICH_SCHEMA } },
  ],
  [
    'structured output that only our own validation finds wrong',
    always({ use: 'StructuredOutput', input: { n: 1, mail: 'nobody', pair: ['x', 1] } }),
    'invalid_output',
    { parts: { outputSchema: RICH_SCHEMA } },
  ],
  [
    'a result as text instead of structured output',
    always({ say: '```json\n{"n":1}\n```' }),
    'completed',
    { parts: { outputSchema: SCHEMA } },
  ],
  ['text instead of structured output', always({ say: 'no' }), 'invalid_output', { parts: { outputSchema: SCHEMA } }],
  [
    'structured output that never fits',
    always({ use: 'StructuredOutput', input: { n: 'one' } }),
    'invalid_output',
    { parts: { outputSchema: SCHEMA } },
  ],
  [
    'one 429, then an answer',
    first(
      { status: 429, error: 'rate_limit_error', message: 'slow down', headers: { 'retry-after': '1' } },
      { say: 'done' },
    ),
    'completed',
  ],
  ['429 for ever', refused(429, 'rate_limit_error', 'slow down', { 'retry-after': '1' }), 'rate_limited'],
  [
    'a closed window',
    refused(429, 'rate_limit_error', 'You have reached your usage limit', { 'retry-after': '7200' }),
    'usage_limit',
  ],
  ['401', refused(401, 'authentication_error', 'invalid x-api-key'), 'auth'],
  ['403', refused(403, 'permission_error', 'forbidden'), 'auth'],
  [
    'no credit',
    refused(400, 'invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
    'billing',
  ],
  [
    'a prompt that is too long',
    refused(400, 'invalid_request_error', 'prompt is too long: 250000 tokens > 200000 maximum'),
    'prompt_too_long',
  ],
  [
    'another request that the service refuses',
    refused(400, 'invalid_request_error', 'effort is not supported by this model'),
    'bad_input',
  ],
  ['an unknown model', refused(404, 'not_found_error', 'model: nope'), 'model_not_found'],
  ['500', refused(500, 'api_error', 'Internal server error'), 'server_error'],
  ['529', refused(529, 'overloaded_error', 'Overloaded'), 'overloaded'],
  ['a stream that is cut', always({ cut: true }), 'server_error'],
  ['a stream that stops', always({ stall: true }), 'timeout', { parts: { idleTimeoutMs: 2000 } }],
  ['too many turns', always({ use: 'Glob', input: { pattern: '*' } }), 'max_turns', { config: { max_turns: 2 } }],
  [
    'too much money',
    always({ use: 'Glob', input: { pattern: '*' } }),
    'unit_budget',
    { config: { max_budget_usd: 0.01 } },
  ],
  [
    'a task that is left in the background',
    first(
      { use: 'Bash', input: { command: 'sleep 60', run_in_background: true, description: 'sleeps' } },
      { say: 'done' },
    ),
    'incomplete',
    {
      config: { tools: ['Bash'], permission: 'edit_in_place', env: { CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '' } },
    },
  ],
  [
    'a write outside the output directory',
    first({ use: 'Write', input: { file_path: '/tmp/abp-forbidden', content: 'x' } }, { say: 'I wrote it.' }),
    'incomplete',
  ],
];

describe.each(CLIS)('Claude Code $version', ({ program }) => {
  it.each(CASES)('%s', async (_, script, expected, more) => {
    const { outcome, assignment, worker } = await runUnit(program, script, more);
    expect(outcome).toMatchObject(endedAs(expected));
    const judged = await judgeFiles(worker, assignment);
    if (expected !== 'timeout') expect(judged?.ok ? 'completed' : judged?.failureClass).toBe(expected);
    expect(existsSync('/tmp/abp-forbidden')).toBe(false);
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('tells why the CLI refused a structured output, so that the next attempt can learn from it', async () => {
    const script = first({ use: 'StructuredOutput', input: { n: 'one' } }, { say: 'Sorry.' });
    const { outcome } = await runUnit(program, script, { parts: { outputSchema: SCHEMA } });
    const message = /^the structured output was refused: .*must be number/;
    expect(outcome).toMatchObject({ ok: false, failureClass: 'invalid_output', message });
  });

  it('writes a file below the output directory, and tells what it did and cost', async () => {
    const { outcome, assignment } = await runUnit(program, ({ outputDirectory }) => (_, turn) => {
      const file = path.join(outputDirectory, 'deep/report.md');
      return turn === 0 ? { use: 'Write', input: { file_path: file, content: '# Report' } } : { say: 'done' };
    });
    const file = path.join(assignment.outputDirectory, 'deep/report.md');
    expect(readFileSync(file, 'utf8')).toBe('# Report');
    expect(outcome).toMatchObject({
      ok: true,
      result: { text: 'done', artifacts: [{ path: 'deep/report.md', bytes: 8 }] },
      usage: { turns: 2, inputTokens: 4800, outputTokens: 50, sessionId: expect.any(String) },
      notes: { toolsUsed: { Write: 1 }, filesChanged: [file] },
    });
    expect(outcome.usage.costUsd).toBeGreaterThan(0);
  });

  it('shows a conversation that a person can follow', async () => {
    const { worker, assignment } = await runUnit(program, () => (_, turn) => {
      return turn === 0 ? { say: 'Let me look.', use: 'Glob', input: { pattern: '*' } } : { say: 'Nothing here.' };
    });
    const steps = [];
    for await (const { role, kind, text } of worker.conversation(assignment.runDirectory, 0)) {
      if (role !== 'system') steps.push([role, kind, text]);
    }
    expect(steps).toEqual([
      ['user', 'text', 'Do item 7.'],
      ['assistant', 'text', 'Let me look.'],
      ['assistant', 'tool_call', '{"pattern":"*"}'],
      ['tool', 'tool_result', 'No files found'],
      ['assistant', 'text', 'Nothing here.'],
      ['result', 'text', 'Nothing here.'],
    ]);
  });
});
