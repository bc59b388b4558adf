import { describe, expect, it } from 'vitest';
import type { FailureClass } from '../../../src/domain/failure.ts';
import { createStreamReader } from '../../../src/workers/claude/stream.ts';
import { type Evidence, verdict } from '../../../src/workers/claude/verdict.ts';
import { type Ending, endingOf, type StopCause } from '../../../src/workers/process/ending.ts';
import { endedAs } from '../../helpers/outcome.ts';

type Event = Record<string, unknown>;

const INIT: Event = { type: 'system', subtype: 'init', model: 'claude-opus-5-5', session_id: 's' };
const said = (text: string, more: Event = {}): Event => ({
  type: 'assistant',
  message: { id: 'm1', model: 'claude-opus-5-5', content: [{ type: 'text', text }], usage: { input_tokens: 10 } },
  ...more,
});
const synthetic = (text: string, error?: string): Event => ({
  ...said(text),
  message: { id: 'x', model: '<synthetic>', content: [{ type: 'text', text }] },
  ...(error && { error }),
});
const result = (text: string, more: Event = {}): Event => ({
  type: 'result',
  subtype: 'success',
  is_error: false,
  terminal_reason: 'completed',
  stop_reason: 'end_turn',
  api_error_status: null,
  result: text,
  num_turns: 1,
  total_cost_usd: 0.5,
  usage: { input_tokens: 10, output_tokens: 5 },
  permission_denials: [],
  ...more,
});
const wrote = (file: string, isError = false): Event[] => [
  {
    type: 'assistant',
    message: {
      id: 'm2',
      model: 'claude-opus-5-5',
      content: [{ type: 'tool_use', id: 't', name: 'Write', input: { file_path: file } }],
    },
  },
  { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't', is_error: isError, content: '' }] } },
];
const refusedWrite = (): Event => {
  const content = 'Permission to use Write has been denied because Claude Code is running in this mode.';
  return { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't', is_error: true, content }] } };
};
const limit = (status: string, resetsAt?: number): Event => ({
  type: 'rate_limit_event',
  rate_limit_info: { status, rateLimitType: 'five_hour', ...(resetsAt !== undefined && { resetsAt }) },
});
const erred = (text: string, more: Event = {}) => result(text, { is_error: true, ...more });

const EXIT_0 = endingOf(null, 0, 100);
const EXIT_1 = endingOf(null, 1, 100);
const stoppedBy = (cause: StopCause): Ending => endingOf(cause, 143, 100);

function judge(events: readonly Event[], more: Partial<Evidence> = {}) {
  const reader = createStreamReader();
  for (const event of events) reader.line(JSON.stringify(event));
  return verdict({ facts: reader.facts, ending: EXIT_0, stderr: '', check: null, allowDenials: false, ...more });
}

type Row = [what: string, events: readonly Event[], expected: FailureClass | 'completed', more?: Partial<Evidence>];
const denials = { permission_denials: [{ tool_name: 'Bash', tool_input: { command: 'ls' } }] };
const servers = (status: string): Event => ({ ...INIT, mcp_servers: [{ name: 'db', status }] });
/** A message that says no model. */
const unnamed = (text: string, more: Event = {}): Event => ({
  type: 'assistant',
  message: { id: 'm1', content: [{ type: 'text', text }] },
  ...more,
});
const called = (name: string, answer = 'ok', input: Event = {}, id = 'c'): Event[] => [
  {
    ...said(''),
    message: { id: 'm1', model: 'claude-opus-5-5', content: [{ type: 'tool_use', id, name, input }] },
  },
  { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: id, content: answer }] } },
];
/** How versions of the CLI have said that a window is closed. */
const BANNERS = [
  "You've hit your session limit · resets 1:30am (UTC)",
  "You've hit your weekly limit · resets Oct 6, 1pm",
  "You've reached your Opus limit · resets in 2 hours",
  "You're out of extra usage · resets 3pm",
  'Claude AI usage limit reached|1760000000',
  'Claude usage limit reached. Your limit will reset at 7pm (America/Vancouver).',
  '5-hour limit reached ∙ resets 5pm',
  'Weekly limit reached ∙ resets Oct 6, 1pm',
  'Opus weekly limit reached ∙ resets Mon 9am',
  'Limit reached ∙ resets 5pm',
  'Spending cap reached resets 9pm',
  'Spending cap reached ∙ resets 9pm',
  'Out of usage credits',
  "You've run out of usage credits · resets 3pm",
  'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
  'You have reached your specified workspace API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
];
const SPENT = 'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.';
/** What versions of the CLI have said of other failures in words alone: on stderr, as a result or among errors. */
const WORDINGS: readonly (readonly [words: string, failureClass: FailureClass])[] = [
  ['Invalid API key · Fix external API key', 'auth'],
  ['Invalid API key · Please run /login', 'auth'],
  ['Not logged in · Please run /login', 'auth'],
  ['OAuth token revoked · Please run /login', 'auth'],
  ['OAuth token has expired. Please obtain a new token.', 'auth'],
  ['Please run /login · API Error: 401 {"type":"error","error":{"type":"authentication_error"}}', 'auth'],
  ['API Error: 401 {"error":{"message":"OAuth token has expired."}} · Please run /login', 'auth'],
  ['Failed to authenticate. API Error: 403 forbidden', 'auth'],
  ['API Error: 400 {"error":{"message":"This organization has been disabled."}}', 'auth'],
  ['Your ANTHROPIC_API_KEY belongs to a disabled organization', 'auth'],
  ['Your account does not have access to Claude Code. Please run /login', 'auth'],
  ['Credit balance is too low', 'billing'],
  ['Your credit balance is too low to access the Anthropic API.', 'billing'],
  ['API Error: 400 {"error":{"message":"Your credit balance is too low to access the Anthropic API."}}', 'billing'],
  ["Your seat type doesn't include usage", 'billing'],
  [`API Error: 400 ${SPENT}`, 'usage_limit'],
  [`API Error: 400 {"error":{"type":"invalid_request_error","message":"${SPENT}"},"request_id":"r"}`, 'usage_limit'],
  ['API Error: 429 {"error":{"message":"Spend limit reached."}}', 'usage_limit'],
  ['Prompt is too long · automatic compaction failed: Spending cap reached resets 9pm', 'usage_limit'],
  ['API Error: Repeated 529 Overloaded errors', 'overloaded'],
  ['API Error (529 {"error":{"message":"Overloaded"}}) · Retrying in 4 seconds', 'overloaded'],
  ['API Error: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', 'overloaded'],
  ['API Error: Server is temporarily limiting requests (not your usage limit) · Rate limited', 'rate_limited'],
  ["API Error: This request would exceed your account's rate limit. Please try again later.", 'rate_limited'],
  ['API Error: Rate limit reached', 'rate_limited'],
  ['API Error: Connection error.', 'server_error'],
  ['API Error (Request timed out.)', 'server_error'],
  [
    "There's an issue with the selected model (x). It may not exist or you may not have access to it.",
    'model_not_found',
  ],
  ['Prompt is too long', 'prompt_too_long'],
  [
    'API Error: 400 {"error":{"message":"input length and `max_tokens` exceed context limit: 9 > 8"}}',
    'prompt_too_long',
  ],
  ['Error: piped stdin input exceeds 10MB.', 'prompt_too_long'],
  ["error: unknown option '--x'", 'worker_unavailable'],
  [
    '--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons',
    'worker_unavailable',
  ],
];
const passes = () => null;
const fails = () => 'the result must be better';
const onlyOne = (value: unknown) => (JSON.stringify(value) === '{"n":1}' ? null : 'n must be 1');
const FENCED = '```json\n{"n":1}\n```';
const OTHER = '~~~\n{"n":2}\n~~~';

const ROWS: readonly Row[] = [
  ['an answer', [INIT, said('done'), result('done')], 'completed'],
  ['an answer with an unknown exit', [INIT, said('done'), result('done')], 'completed', { ending: null }],
  ['no answer, but a changed file', [INIT, ...wrote('/out/a'), result('')], 'completed'],
  ['no answer and a write that failed', [INIT, ...wrote('/out/a', true), result('')], 'incomplete'],
  ['no answer at all', [INIT, said(''), result('  \n')], 'incomplete'],
  [
    'an answer that is cut at the end of the window',
    [INIT, said('d'), result('d', { stop_reason: 'model_context_window_exceeded' })],
    'incomplete',
  ],
  [
    'an answer that is cut at the token limit',
    [INIT, said('d'), result('d', { stop_reason: 'max_tokens' })],
    'incomplete',
  ],
  ['a refusal of the model', [INIT, said('no'), result('no', { stop_reason: 'refusal' })], 'agent_error'],
  ['a failure that the agent reports', [INIT, said('ABP_FAILED: x'), result('ABP_FAILED: x')], 'agent_error'],
  ['a refused tool', [INIT, said('done'), result('done', denials)], 'incomplete'],
  [
    'a refused tool with allow_denials',
    [INIT, said('done'), result('done', denials)],
    'completed',
    { allowDenials: true },
  ],
  [
    'a refusal only in the stream',
    [INIT, { type: 'system', subtype: 'permission_denied', tool_name: 'Bash' }, said('done'), result('done')],
    'incomplete',
  ],
  ['a refused tool and a failure reported', [INIT, said('x'), result('ABP_FAILED: x', denials)], 'incomplete'],
  ['a result as text', [INIT, said('x'), result('{"n":1}')], 'completed', { check: passes }],
  ['a result in a block of code', [INIT, said('x'), result('```json\n{"n":1}\n```\n')], 'completed', { check: passes }],
  [
    'a result in a block without a language',
    [INIT, said('x'), result('~~~\n{"n":1}\n~~~')],
    'completed',
    { check: passes },
  ],
  ['a result in the last message alone', [INIT, said('{"n":1}'), result('')], 'completed', { check: passes }],
  ['text that is JSON and no result', [INIT, said('x'), result('{"n":1}')], 'invalid_output', { check: fails }],
  ['prose around a result', [INIT, said('x'), result('Here: {"n":1}')], 'invalid_output', { check: passes }],
  ['prose before a block of code', [INIT, said('x'), result(`Here:\n\n${FENCED}`)], 'completed', { check: passes }],
  ['prose after a block of code', [INIT, said('x'), result(`${FENCED}\nDone.`)], 'completed', { check: passes }],
  ['prose around a block of code', [INIT, said('x'), result(`A:\r\n${FENCED}\r\nB.`)], 'completed', { check: passes }],
  [
    'a block that ends in the line of its result',
    [INIT, said('x'), result('Here:\n```json\n{"n":1}```')],
    'completed',
    { check: passes },
  ],
  ['a block of one line', [INIT, said('x'), result('```json {"n":1}```')], 'completed', { check: passes }],
  [
    'a block with a fence in a text',
    [INIT, said('x'), result('```\n{"n":"```"}\n```')],
    'completed',
    { check: passes },
  ],
  ['two blocks of code', [INIT, said('x'), result(`${FENCED}\n${OTHER}`)], 'invalid_output', { check: passes }],
  [
    'two blocks of which one is a result',
    [INIT, said('x'), result(`${FENCED}\n${OTHER}`)],
    'completed',
    { check: onlyOne },
  ],
  [
    'a non-JSON code block beside a result',
    [INIT, said('x'), result(`\`\`\`sh\nls\n\`\`\`\n${FENCED}`)],
    'completed',
    { check: passes },
  ],
  ['blocks of which none is a result', [INIT, said('x'), result(`A\n${OTHER}`)], 'invalid_output', { check: onlyOne }],
  ['an unclosed block', [INIT, said('x'), result('A:\n```json\n{"n":1}')], 'invalid_output', { check: passes }],
  [
    'more blocks than the maximum',
    [INIT, said('x'), result(`${OTHER}\n`.repeat(30) + FENCED)],
    'invalid_output',
    { check: onlyOne },
  ],
  ['half of a result', [INIT, said('x'), result('```json\n{"n":1')], 'invalid_output', { check: passes }],
  ['structured output that is missing', [INIT, said('done'), result('done')], 'invalid_output', { check: passes }],
  ['structured output', [INIT, said(''), result('', { structured_output: {} })], 'completed', { check: passes }],
  [
    'structured output that is null',
    [INIT, said('done'), result('done', { structured_output: null })],
    'invalid_output',
    { check: passes },
  ],
  [
    'structured output that is wrong',
    [INIT, said(''), result('', { structured_output: {} })],
    'invalid_output',
    { check: fails },
  ],
  [
    'a failure reported instead of structured output',
    [INIT, said('x'), result('ABP_FAILED: x')],
    'agent_error',
    { check: passes },
  ],
  ['a success with exit code 1', [INIT, said('done'), result('done')], 'completed', { ending: EXIT_1 }],
  ['a success with exit code 3', [INIT, said('done'), result('done')], 'completed', { ending: endingOf(null, 3, 1) }],
  [
    'a success without is_error, with exit code 1',
    [INIT, said('done'), result('done', { is_error: undefined })],
    'completed',
    { ending: EXIT_1 },
  ],
  ['an error with exit code 0', [INIT, erred('x', { api_error_status: 500 })], 'server_error'],
  ['a refused tool with exit code 1', [INIT, said('d'), result('d', denials)], 'incomplete', { ending: EXIT_1 }],
  ['an answer in the last message alone', [INIT, said('\n\n4'), result('')], 'completed'],
  ['an answer in a last message without a model', [INIT, unnamed('4'), result('')], 'completed'],
  ['a word before the last call of a tool', [INIT, said('I will look.'), ...called('Read'), result('')], 'incomplete'],
  ['the last message of a sub-agent', [INIT, said('4', { parent_tool_use_id: 't' }), result('')], 'incomplete'],
  ['a failure reported in the last message alone', [INIT, said('ABP_FAILED: x'), result('')], 'agent_error'],
  ['an answer whose messages say no model', [INIT, unnamed('done'), result('done')], 'completed'],
  [
    'messages without a model about an error',
    [INIT, unnamed('x', { error: 'rate_limit' }), result('x')],
    'rate_limited',
  ],
  ['a success that was killed', [INIT, said('done'), result('done')], 'crashed', { ending: endingOf(null, 137, 1) }],
  [
    'a success of an adopted process whose status is lost',
    [INIT, said('done'), result('done')],
    'completed',
    { ending: endingOf(null, null, null) },
  ],
  [
    'a success that hung and was stopped',
    [INIT, said('done'), result('done')],
    'completed',
    { ending: stoppedBy('settled') },
  ],
  [
    'a success that was stopped at the time limit',
    [INIT, said('done'), result('done')],
    'completed',
    { ending: stoppedBy('timeout') },
  ],
  [
    'a success that was cancelled too late',
    [INIT, said('done'), result('done')],
    'completed',
    { ending: stoppedBy('cancelled') },
  ],
  ['a result line alone', [result('done')], 'completed'],
  ['a command answered by the CLI itself', [INIT, result('Total cost: $0', { num_turns: 0 })], 'incomplete'],
  [
    'a last message of the CLI itself',
    [INIT, said('a'), synthetic('No response.'), result('No response.')],
    'incomplete',
  ],
  [
    'a closed window called a success',
    [INIT, synthetic("You've hit your limit"), result("You've hit your limit · resets 3pm")],
    'usage_limit',
  ],
  ['an error of the service called a success', [INIT, synthetic('x', 'authentication_failed'), result('x')], 'auth'],
  ['an error without a message called a success', [INIT, result('x', { api_error_status: 529 })], 'overloaded'],
  ['a success that was aborted', [INIT, said('d'), result('d', { terminal_reason: 'aborted_tools' })], 'incomplete'],
  [
    'an aborted success',
    [INIT, said('d'), result('d', { terminal_reason: 'aborted_streaming' })],
    'timeout',
    { ending: stoppedBy('timeout') },
  ],
  [
    'a success in a window that is full',
    [INIT, said('d'), result('d', { terminal_reason: 'prompt_too_long' })],
    'prompt_too_long',
  ],
  ['a success that a hook ended', [INIT, said('d'), result('d', { terminal_reason: 'hook_stopped' })], 'incomplete'],
  [
    'a success after which a hook spoke',
    [INIT, said('d'), result('d', { terminal_reason: 'stop_hook_prevented' })],
    'completed',
  ],
  ['a tool refused before an earlier result line', [INIT, said('a'), result('a', denials), result('b')], 'incomplete'],
  ['a server of its own that did not start', [servers('failed'), said('done'), result('done')], 'incomplete'],
  ['a server of its own without a login', [servers('needs-auth'), said('done'), result('done')], 'incomplete'],
  ['a server of its own that is slow', [servers('pending'), said('done'), result('done')], 'completed'],
  [
    'an agent writing about limits',
    [INIT, said("You've hit your stride"), result("You've hit your stride")],
    'completed',
  ],
  ['a warning about the window', [INIT, limit('allowed_warning', 5), said('done'), result('done')], 'completed'],
  ['a closed window that another paid for', [INIT, limit('rejected', 5), said('done'), result('done')], 'completed'],
  ['a closed window', [INIT, limit('rejected', 5), synthetic('x', 'rate_limit'), erred('x')], 'usage_limit'],
  ['a closed window by its words', [INIT, erred("You're out of extra usage")], 'usage_limit'],
  ...BANNERS.flatMap((words): Row[] => [
    [`an error "${words}"`, [INIT, erred(words)], 'usage_limit'],
    [`a success "${words}"`, [INIT, synthetic(words), result(words)], 'usage_limit'],
    [`a success without a message "${words}"`, [INIT, result(words)], 'usage_limit'],
    [`a success of no model "${words}"`, [INIT, unnamed(words), result(words)], 'usage_limit'],
    [`an answer of a model that repeats "${words}"`, [INIT, said(words), result(words)], 'completed'],
    [
      `a window that closed while the CLI made room: "${words}"`,
      [
        INIT,
        erred(`Prompt is too long · automatic compaction failed: ${words}`, { terminal_reason: 'blocking_limit' }),
      ],
      'usage_limit',
    ],
  ]),
  ...WORDINGS.flatMap(([words, failureClass]): Row[] => [
    [`a result "${words}"`, [INIT, erred(words)], failureClass],
    [`an error "${words}"`, [INIT, erred('', { errors: [words] })], failureClass],
    [`the CLI's own success "${words}"`, [INIT, synthetic(words), result(words)], failureClass],
    [`stderr "${words}"`, [], failureClass, { ending: EXIT_1, stderr: `warning: x\n${words}\n` }],
    [`stderr after an agent "${words}"`, [INIT, said('a')], 'crashed', { ending: EXIT_1, stderr: words }],
    [`an answer of a model that repeats "${words}"`, [INIT, said(words), result(words)], 'completed'],
    [
      `an answer of no model that repeats "${words}"`,
      [INIT, unnamed(`So: ${words}`), result(`So: ${words}`)],
      'completed',
    ],
  ]),
  ['an API limit with its status', [INIT, erred(`API Error: 400 ${SPENT}`, { api_error_status: 400 })], 'usage_limit'],
  [
    'an API limit that the CLI calls a bad request',
    [INIT, synthetic('x', 'invalid_request'), erred(`API Error: 400 ${SPENT}`, { api_error_status: 400 })],
    'usage_limit',
  ],
  ['a spending cap with its status', [INIT, erred(BANNERS[10] ?? '', { api_error_status: 429 })], 'usage_limit'],
  ['credits that are used up', [INIT, erred('Out of usage credits', { api_error_status: 429 })], 'usage_limit'],
  [
    'a rate that is not the usage limit',
    [INIT, erred('API Error: Server is temporarily limiting (not your usage limit)', { api_error_status: 429 })],
    'rate_limited',
  ],
  [
    'no credit, with a limit mentioned too',
    [INIT, erred("Credit balance is too low · You've hit your session limit")],
    'billing',
  ],
  [
    'an error that only mentions logins',
    [INIT, erred('', { errors: ['MCP server x: user not logged in'] })],
    'agent_error',
  ],
  [
    'an error that only mentions limits',
    [INIT, erred('', { errors: ['the usage limits page is gone'] })],
    'agent_error',
  ],
  [
    "a banner in a model's name without output tokens",
    [INIT, said(BANNERS[0] ?? ''), result(BANNERS[0] ?? '', { usage: { output_tokens: 0 } })],
    'usage_limit',
  ],
  [
    'a window that closed while the CLI made room, by its event',
    [INIT, limit('rejected', 5), erred('automatic compaction failed', { terminal_reason: 'blocking_limit' })],
    'usage_limit',
  ],
  [
    'a limit of the context',
    [INIT, erred('Context limit reached', { terminal_reason: 'blocking_limit' })],
    'prompt_too_long',
  ],
  ['a limit of the rate', [INIT, erred('Rate limit reached', { api_error_status: 429 })], 'rate_limited'],
  ['a closed window of an organization', [INIT, erred('Your org is out of usage · contact your admin')], 'usage_limit'],
  ['a closed window among errors', [INIT, erred('', { errors: ["You've hit your session limit"] })], 'usage_limit'],
  [
    'an account without any usage',
    [INIT, erred("Your seat type doesn't include usage", { api_error_status: 429 })],
    'billing',
  ],
  [
    'max turns although the window was closed once',
    [INIT, limit('rejected'), erred('', { subtype: 'error_max_turns' })],
    'max_turns',
  ],
  ['a budget by its subtype', [INIT, erred('', { subtype: 'error_max_budget_usd' })], 'unit_budget'],
  ['a budget by its terminal reason', [INIT, erred('x', { terminal_reason: 'budget_exhausted' })], 'unit_budget'],
  ['a prompt too long for the CLI', [INIT, erred('x', { terminal_reason: 'blocking_limit' })], 'prompt_too_long'],
  [
    'an error in execution, long after a recovered one',
    [INIT, synthetic('x', 'authentication_failed'), said('a'), erred('', { subtype: 'error_during_execution' })],
    'agent_error',
  ],
  ['an error in execution', [INIT, erred('', { subtype: 'error_during_execution', errors: ['x'] })], 'agent_error'],
  ['an unknown subtype', [INIT, result('x', { subtype: 'error_something_new' })], 'agent_error'],
  ['401', [INIT, erred('x', { api_error_status: 401 })], 'auth'],
  ['402', [INIT, erred('x', { api_error_status: 402 })], 'billing'],
  ['413', [INIT, erred('x', { api_error_status: 413 })], 'prompt_too_long'],
  ['429', [INIT, erred('x', { api_error_status: 429 })], 'rate_limited'],
  [
    '529 that the CLI calls a server error',
    [INIT, synthetic('x', 'server_error'), erred('x', { api_error_status: 529 })],
    'overloaded',
  ],
  ['503', [INIT, erred('x', { api_error_status: 503 })], 'server_error'],
  ['400 without a name', [INIT, erred('x', { api_error_status: 400 })], 'bad_input'],
  ['400 as an API error', [INIT, erred('x', { api_error_status: 400, terminal_reason: 'api_error' })], 'bad_input'],
  ['422 as an API error', [INIT, erred('x', { api_error_status: 422, terminal_reason: 'api_error' })], 'bad_input'],
  ['408', [INIT, erred('x', { api_error_status: 408, terminal_reason: 'api_error' })], 'server_error'],
  [
    'a request invalid to the CLI',
    [INIT, synthetic('x', 'invalid_request'), erred('x', { terminal_reason: 'api_error' })],
    'bad_input',
  ],
  [
    '400 in words alone',
    [INIT, erred('API Error: 400 effort is not supported', { terminal_reason: 'api_error' })],
    'bad_input',
  ],
  ['529 in words alone', [INIT, erred('API Error: 529 {"type":"error"}')], 'overloaded'],
  [
    '400 over the length of the prompt',
    [INIT, erred('API Error: 400 prompt is too long: 9 tokens > 8 maximum', { api_error_status: 400 })],
    'prompt_too_long',
  ],
  ['400 over money', [INIT, erred('Your credit balance is too low', { api_error_status: 400 })], 'billing'],
  ['a lost connection', [INIT, erred('x', { terminal_reason: 'api_error' })], 'server_error'],
  [
    'an error caused by our stop',
    [INIT, erred('', { subtype: 'error_during_execution' })],
    'timeout',
    { ending: stoppedBy('timeout') },
  ],
  [
    'an API error before we stopped it',
    [INIT, erred('x', { api_error_status: 401 })],
    'auth',
    { ending: stoppedBy('timeout') },
  ],
  ['nothing, and exit 0', [], 'crashed'],
  ['nothing, and exit 1', [], 'crashed', { ending: EXIT_1 }],
  ['nothing, and a CLI that is gone', [], 'worker_unavailable', { ending: endingOf(null, 127, 1) }],
  [
    'nothing, and an unknown option',
    [],
    'worker_unavailable',
    { ending: EXIT_1, stderr: "error: unknown option '--x'" },
  ],
  [
    'nothing, and a prompt larger than the CLI reads',
    [],
    'prompt_too_long',
    { ending: EXIT_1, stderr: 'Error: piped stdin input exceeds 10MB. Pass large content as a file path instead.' },
  ],
  ['nothing, and no login', [], 'auth', { ending: EXIT_1, stderr: 'Not logged in · Please run /login' }],
  ['a crashed agent that mentioned logins', [INIT, said('a')], 'crashed', { ending: EXIT_1, stderr: 'Not logged in' }],
  ['a closed window, and death', [INIT, limit('rejected', 5)], 'usage_limit', { ending: EXIT_1 }],
  ['nothing before the time limit', [INIT], 'timeout', { ending: stoppedBy('timeout') }],
  ['silence', [INIT], 'timeout', { ending: stoppedBy('idle_timeout') }],
  ['nothing before it was cancelled', [INIT], 'cancelled', { ending: stoppedBy('cancelled') }],
  ['nothing before it was interrupted', [INIT], 'interrupted', { ending: stoppedBy('interrupted') }],
];

describe('the verdict', () => {
  it.each(ROWS)('on %s', (_, events, expected, more) => {
    expect(judge(events, more)).toMatchObject(endedAs(expected));
  });

  it('is null without a result and without an observed end', () => {
    expect(judge([INIT, said('working')], { ending: null })).toBeNull();
  });

  it('has the opening time of a closed window in epoch milliseconds', () => {
    expect(judge([INIT, limit('rejected', 1_900_000_000), erred('x')])).toMatchObject({ resumeAt: 1_900_000_000_000 });
  });

  it('contains text of the agent, of the CLI and the end of stderr', () => {
    expect(judge([INIT, said('x'), result('ABP_FAILED: no such file')])).toMatchObject({ message: 'no such file' });
    expect(judge([INIT, erred('', { errors: ['one', 'two'] })])).toMatchObject({ message: 'one; two' });
    expect(judge([], { ending: EXIT_1, stderr: 'out of memory\n' })).toMatchObject({
      message: 'exit code 1 without a result: out of memory',
    });
    expect(judge([INIT, erred('', {})], { ending: EXIT_1, stderr: 'out of memory\n' })).toMatchObject({
      message: 'an error without a reason, exit code 1, out of memory',
    });
    const twice = [INIT, said('x'), result('x', denials), result('x', denials)];
    expect(judge(twice)).toMatchObject({ message: 'refused: Bash(ls)' });
  });

  it.each([
    ['by an event', { type: 'system', subtype: 'permission_denied', tool_name: 'Write', tool_use_id: 't' }],
    ['by the answer to the call', refusedWrite()],
  ])('offers no session to resume after a refusal, reported %s', (_, event) => {
    const events = [INIT, ...wrote('/etc/a').slice(0, 1), event];
    const interrupted = { ending: stoppedBy('interrupted') };
    expect(judge([INIT, ...wrote('/out/a')], interrupted)?.usage.sessionId).toBe('s');
    const outcome = judge(events, interrupted);
    expect(outcome?.usage.sessionId).toBeUndefined();
    expect(outcome?.notes?.toolsDenied).toEqual(['Write(/etc/a)']);
  });

  it('counts a refusal reported three times once', () => {
    const event = { type: 'system', subtype: 'permission_denied', tool_name: 'Write', tool_use_id: 't' };
    const told = { permission_denials: [{ ...event, tool_input: { file_path: '/etc/a' } }] };
    const outcome = judge([INIT, ...wrote('/etc/a').slice(0, 1), event, refusedWrite(), result('done', told)]);
    expect(outcome).toMatchObject({ failureClass: 'incomplete', message: 'refused: Write(/etc/a)' });
  });

  it('uses the last result line', () => {
    const outcome = judge([INIT, said('a'), result('first'), said('b'), result('second')]);
    expect(outcome?.ok && outcome.result.text).toBe('second');
  });
});

describe('a success', () => {
  it.each<[string, readonly Event[], readonly string[] | undefined, Partial<Evidence>?]>([
    ['nothing where all agrees', [INIT, said('a'), result('a')], undefined],
    [
      'its exit code',
      [INIT, said('a'), result('a')],
      ['exit code 1 after a result that said success'],
      { ending: EXIT_1 },
    ],
    [
      'a result that was given as text',
      [INIT, said('x'), result('{"n":1}')],
      ['the result was given as text, not as structured output'],
      { check: passes },
    ],
    [
      'a result that was given among text',
      [INIT, said('x'), result(`Here:\n${FENCED}`)],
      ['the result was given as text, not as structured output'],
      { check: passes },
    ],
    ['nothing of structured output', [INIT, result('', { structured_output: {} })], undefined, { check: passes }],
  ])('is %s', (_, events, remarks, more) => {
    expect(judge(events, more)?.notes?.remarks).toEqual(remarks);
  });

  it('has all blocks of the last message as its answer', () => {
    const outcome = judge([INIT, said('one '), said('two'), result('')]);
    expect(outcome?.ok && outcome.result.text).toBe('one two');
  });

  it('keeps every digit of a number that the schema checks as a number', () => {
    const seen: unknown[] = [];
    const check = (value: unknown) => {
      seen.push(value);
      return null;
    };
    const reader = createStreamReader();
    for (const event of [INIT, said('')]) reader.line(JSON.stringify(event));
    reader.line(
      JSON.stringify(result('', { structured_output: { id: 5 } })).replace('{"id":5}', '{"id":1413617112501850121}'),
    );
    const evidence = { ending: EXIT_0, stderr: '', check, allowDenials: false };
    const outcome = verdict({ ...evidence, facts: reader.facts });
    expect(outcome?.ok && outcome.result.structured).toEqual({ id: '1413617112501850121' });
    const asText = judge([INIT, said('x'), result('{"id":1413617112501850121}')], { check });
    expect(asText?.ok && asText.result.structured).toEqual({ id: '1413617112501850121' });
    expect(seen).toEqual([{ id: Number('1413617112501850121') }, { id: Number('1413617112501850121') }]);
  });
});

describe('structured output that the CLI refused', () => {
  const refused = (content: unknown, id = 'c'): Event[] => [
    {
      type: 'assistant',
      message: { id: `m-${id}`, model: 'm', content: [{ type: 'tool_use', id, name: 'StructuredOutput', input: {} }] },
    },
    { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: id, is_error: true, content }] } },
  ];
  const REASON = "Output does not match required schema: root: must have required property 'wants'";
  const message = `the structured output was refused: ${REASON}`;

  it.each<[string, readonly Event[]]>([
    ['and the agent gave up with text', [INIT, ...refused(REASON), said('Sorry.'), result('Sorry.')]],
    ['given in parts', [INIT, ...refused([{ type: 'text', text: REASON }]), said('Sorry.'), result('Sorry.')]],
    ['given in a tag', [INIT, ...refused(`<tool_use_error>${REASON}</tool_use_error>`), said('x'), result('x')]],
    ['twice: the last reason counts', [INIT, ...refused('other'), ...refused(REASON, 'd'), said('x'), result('x')]],
    [
      'until the CLI gave up',
      [INIT, ...refused(REASON), erred('', { subtype: 'error_max_structured_output_retries', errors: ['Failed'] })],
    ],
  ])('%s: the reason becomes the message', (_, events) => {
    expect(judge(events, { check: passes })).toMatchObject({ ok: false, failureClass: 'invalid_output', message });
  });

  it('succeeds if it is accepted later', () => {
    const events = [INIT, ...refused(REASON), result('', { structured_output: { wants: 1 } })];
    expect(judge(events, { check: passes })).toMatchObject({ ok: true, result: { structured: { wants: 1 } } });
  });

  it('is not a refused tool, and a failed tool is not a refused output', () => {
    const failedRead = [...called('Read').slice(0, 1), ...refused('no such file').slice(1)];
    const outcome = judge([INIT, ...failedRead, said('x'), result('x')], { check: passes });
    expect(outcome).toMatchObject({ message: 'no structured output was given, only text: x' });
  });
});

describe('background tasks', () => {
  const started = (more: Event = {}): Event => ({
    type: 'system',
    subtype: 'task_started',
    task_id: 'b1',
    tool_use_id: 'c',
    description: 'build it',
    ...more,
  });
  const ended = (status: string): Event => ({ type: 'system', subtype: 'task_notification', task_id: 'b1', status });
  const live = (...ids: string[]): Event => ({
    type: 'system',
    subtype: 'background_tasks_changed',
    tasks: ids.map((task_id) => ({ task_id, task_type: 'local_bash', description: `task ${task_id}` })),
  });
  const updated = (patch: Event): Event => ({ type: 'system', subtype: 'task_updated', task_id: 'b1', patch });
  const LAUNCHED = 'Command running in background with ID: b1. Output is being written to: /x';
  const ALSO = 'Command running in background with ID: b2';
  const KILLED = '{"message":"Successfully killed shell: b1 (sleep 9)","shell_id":"b1"}';
  const AGENT = 'Async agent launched successfully.\nagentId: a7 (internal ID)';
  const refusedCall = (name: string, content: string, input: Event): Event[] => [
    ...called(name, '', input).slice(0, 1),
    { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 'c', is_error: true, content }] } },
  ];

  it.each<[string, readonly Event[], string | null]>([
    ['one that was started there', [started({ is_backgrounded: true })], 'build it'],
    ['one that ended', [started({ is_backgrounded: true }), ended('completed')], null],
    ['one that failed, as its agent learned', [started({ is_backgrounded: true }), ended('failed')], null],
    ['one that was stopped', [started({ is_backgrounded: true }), updated({ status: 'killed' })], null],
    ['one in the foreground', [started({ is_backgrounded: false })], null],
    ['one that moved there', [started({ is_backgrounded: false }), updated({ is_backgrounded: true })], 'build it'],
    ['one of an older CLI, whose call was answered at once', [started(), ...called('Bash', LAUNCHED)], 'build it'],
    ['one of an older CLI in the foreground', [started(), ...called('Bash', 'done')], null],
    ['one without a call', [started({ tool_use_id: undefined })], 'build it'],
    ['one that is in the list of those that live', [live('b1')], 'task b1'],
    ['one reported twice', [live('b1'), started({ is_backgrounded: true })], 'task b1'],
    ['one of two in the list', [live('b1', 'b2'), live('b2')], 'task b2'],
    ['none in the list any more', [live('b1'), live()], null],
    ['housekeeping of the CLI', [{ ...live(), tasks: [{ task_id: 'b1', ambient: true }] }], null],
    ['one known only from the answer to its call', called('Bash', LAUNCHED), LAUNCHED],
    [
      'an agent known only from the answer to its call',
      called('Task', 'Async agent launched successfully.\nid'),
      'Async agent launched successfully.',
    ],
    ['one that its agent has waited for', [...called('Bash', LAUNCHED), ...called('BashOutput', 'built')], null],
    [
      'one killed by its agent',
      [...called('Bash', LAUNCHED), ...called('KillShell', KILLED, { shell_id: 'b1' })],
      null,
    ],
    [
      'one of two of which one was killed',
      [
        ...called('Bash', LAUNCHED),
        ...called('Bash', ALSO, {}, 'd'),
        ...called('KillShell', KILLED, { shell_id: 'b1' }),
      ],
      ALSO,
    ],
    [
      'one of two, killed by its older name',
      [...called('Bash', LAUNCHED), ...called('Bash', ALSO, {}, 'd'), ...called('KillBash', 'ok', { shell_id: 'b2' })],
      LAUNCHED,
    ],
    [
      'one whose kill failed',
      [...called('Bash', LAUNCHED), ...refusedCall('KillShell', 'No shell found with ID: b1', { shell_id: 'b1' })],
      LAUNCHED,
    ],
    [
      'one that ended before it was killed',
      [
        ...called('Bash', LAUNCHED),
        ...refusedCall('KillShell', 'Shell b1 is not running, so cannot be killed (status: completed)', {
          shell_id: 'b1',
        }),
      ],
      null,
    ],
    [
      'two, neither named by a call',
      [...called('Bash', LAUNCHED), ...called('Bash', ALSO, {}, 'd'), ...called('KillShell', 'ok')],
      `${LAUNCHED}, ${ALSO}`,
    ],
    [
      'one that runs, by a query of its agent',
      [...called('Bash', LAUNCHED), ...called('BashOutput', '<status>running</status>', { bash_id: 'b1' })],
      LAUNCHED,
    ],
    [
      'one that ended, by a query of its agent',
      [
        ...called('Bash', LAUNCHED),
        ...called('BashOutput', '<status>completed</status>\n\n<exit_code>0</exit_code>', { bash_id: 'b1' }),
      ],
      null,
    ],
    [
      'one that ran at first',
      [
        ...called('Bash', LAUNCHED),
        ...called('BashOutput', '<status>running</status>'),
        ...called('BashOutput', '<status>failed</status>'),
      ],
      null,
    ],
    [
      'another task that ended',
      [...called('Bash', LAUNCHED), ...called('BashOutput', '<status>completed</status>', { bash_id: 'b0' })],
      LAUNCHED,
    ],
    [
      'one whose query timed out',
      [
        ...called('Bash', LAUNCHED),
        ...called('TaskOutput', '<retrieval_status>timeout</retrieval_status>\n\n<status>running</status>', {
          task_id: 'b1',
        }),
      ],
      LAUNCHED,
    ],
    [
      'one that was not ready',
      [
        ...called('Bash', LAUNCHED),
        ...called('TaskOutput', '<retrieval_status>not_ready</retrieval_status>', { task_id: 'b1' }),
      ],
      LAUNCHED,
    ],
    [
      'one stopped by its agent',
      [...called('Bash', LAUNCHED), ...called('TaskStop', 'Successfully stopped task: b1', { task_id: 'b1' })],
      null,
    ],
    [
      'an agent whose end is queried',
      [...called('Task', AGENT), ...called('AgentOutputTool', '<status>completed</status>', { agentId: 'a7' })],
      null,
    ],
    [
      'an agent still working',
      [...called('Task', AGENT), ...called('AgentOutputTool', '<status>running</status>', { agentId: 'a7' })],
      'Async agent launched successfully.',
    ],
    [
      'one whose output mentions running',
      [
        ...called('Bash', LAUNCHED),
        ...called('BashOutput', '<status>completed</status>\n<stdout>\n<status>running</status>', { bash_id: 'b1' }),
      ],
      null,
    ],
    ['words about the background', called('Bash', 'running in background'), null],
  ])('still running make the attempt incomplete: %s', (_, events, left) => {
    const outcome = judge([INIT, ...events, said('done'), result('done')]);
    if (left === null) expect(outcome).toMatchObject({ ok: true });
    else
      expect(outcome).toMatchObject({
        failureClass: 'incomplete',
        message: `it ended while background tasks were running: ${left}`,
      });
  });

  it('count by their state at the result, not after it', () => {
    const events = [INIT, started({ is_backgrounded: true }), said('done'), result('done'), ended('stopped')];
    expect(judge(events)).toMatchObject({ failureClass: 'incomplete' });
  });

  it('count if the CLI stopped them', () => {
    const task = started({ is_backgrounded: true });
    const events = [INIT, task, said('done'), result('done'), ended('stopped'), said('done'), result('done')];
    expect(judge(events)).toMatchObject({ failureClass: 'incomplete' });
  });

  it('do not count if the run continues to a later result', () => {
    const task = started({ is_backgrounded: true });
    const events = [INIT, task, said('wait'), result('wait'), ended('completed'), said('done'), result('done')];
    expect(judge(events)).toMatchObject({ ok: true, result: { text: 'done' } });
  });
});

describe('the opening time of a window', () => {
  const saidAt = Date.UTC(2026, 9, 5, 22, 0);
  const words = "You've hit your session limit · resets 1:30am (UTC)";
  const opens = Date.UTC(2026, 9, 6, 1, 30);
  const SPENT_TODAY = SPENT.replace('2026-12-01 at 00:00', '2026-10-06 at 01:30');

  it.each<[string, readonly Event[], number | undefined, Partial<Evidence>?]>([
    ['the words of an error', [INIT, erred(words)], opens],
    ['the words of a success', [INIT, result(words)], opens],
    ['the words of a failed compaction', [INIT, erred(`compaction failed: ${words}`)], opens],
    [
      'an event, which is exact, before words',
      [INIT, limit('rejected', 1_795_800_000), erred(words)],
      1_795_800_000_000,
    ],
    ['words, where an event only warned of another window', [INIT, limit('allowed_warning', 5), erred(words)], opens],
    ['nothing that was said', [INIT, erred("You've hit your limit")], undefined],
    ['the words of an API limit', [INIT, erred(`API Error: 400 ${SPENT_TODAY}`)], opens],
    ['words on stderr', [], opens, { ending: EXIT_1, stderr: words }],
  ])('comes from %s', (_, events, resumeAt, more) => {
    const outcome = judge(events, { saidAt, ...more });
    expect(outcome).toMatchObject({ failureClass: 'usage_limit' });
    expect(outcome).toHaveProperty('ok', false);
    expect((outcome as { resumeAt?: number }).resumeAt).toBe(resumeAt);
  });
});

describe('the cost', () => {
  const priced = (id: string | undefined, costUSD: number): Event => ({
    type: 'assistant',
    costUSD,
    message: { id, model: 'claude-opus-5-5', content: [] },
  });
  const share = (costUSD: number) => ({
    model_usage_since_last_result: { m: { costUSD, inputTokens: 7, outputTokens: 3 } },
  });

  it('is counted for every ending', () => {
    for (const [, events, , more] of ROWS.filter(([, events]) => events.some(({ type }) => type === 'result'))) {
      expect(judge(events, more)?.usage.costUsd).toBe(0.5);
    }
  });

  it("is this run's share of a resumed session, whose total includes earlier runs", () => {
    const outcome = judge([INIT, said('x'), result('x', { total_cost_usd: 0.9, ...share(0.4) })]);
    expect(outcome?.usage).toMatchObject({ costUsd: 0.4, inputTokens: 7, outputTokens: 3 });
  });

  it('sums the shares of several result lines', () => {
    const outcome = judge([INIT, said('x'), result('x', share(0.25)), said('y'), result('y', share(0.5))]);
    expect(outcome?.usage.costUsd).toBe(0.75);
  });

  it.each<[string, Event, number, Partial<Evidence>, object]>([
    [
      'what was added to the total of the session',
      {},
      0.9,
      { resumedAtUsd: 0.5 },
      { costUsd: 0.4, costEstimated: true },
    ],
    ['nothing where nothing was added', {}, 0.5, { resumedAtUsd: 0.5 }, { costUsd: 0, costEstimated: true }],
    ['the total where it is less than before', {}, 0.3, { resumedAtUsd: 0.5 }, { costUsd: 0.3, costEstimated: true }],
    ['the prices of its messages', { costUSD: 0.25 }, 0.9, { resumedAtUsd: 0.5 }, { costUsd: 0.25 }],
    ['its own share', share(0.125), 0.9, { resumedAtUsd: 0.5 }, { costUsd: 0.125 }],
    ['the total if the earlier cost is unknown', {}, 0.9, {}, { costUsd: 0.9 }],
  ])('of a resumed session is %s', (_, more, total, evidence, usage) => {
    const outcome = judge([INIT, said('x', more), result('x', { total_cost_usd: total, ...more })], evidence);
    const { costUsd, costEstimated } = outcome?.usage ?? {};
    expect({ costUsd: Number(costUsd?.toFixed(9)), ...(costEstimated && { costEstimated }) }).toEqual(usage);
  });

  it.each<[string, readonly Event[], number]>([
    ['of a message repeated for each block', [priced('a', 0.25), priced('a', 0.25)], 0.25],
    ['of two messages', [priced('a', 0.25), priced('b', 0.25)], 0.5],
    ['of a message by its last word', [priced('a', 0.25), priced('b', 0.5), priced('a', 0.375)], 0.875],
    ['of a message whose later line has none', [priced('a', 0.25), { ...priced('a', 0), costUSD: undefined }], 0.25],
    ['of messages without an id', [priced(undefined, 0.25), priced(undefined, 0.25)], 0.5],
  ])('sums the prices %s', (_, events, costUsd) => {
    expect(judge([INIT, ...events], { ending: stoppedBy('interrupted') })?.usage.costUsd).toBe(costUsd);
    const resumed = judge([INIT, ...events, result('x', { total_cost_usd: 9 })], { resumedAtUsd: 5 });
    expect(resumed?.usage.costUsd).toBe(costUsd);
  });

  it('counts input tokens of a message once, also if a later line omits them', () => {
    const message = { id: 'a', model: 'claude-sonnet-4-5', content: [] };
    const told = { type: 'assistant', message: { ...message, usage: { input_tokens: 1_000_000 } } };
    const outcome = judge([INIT, told, { type: 'assistant', message }], { ending: stoppedBy('interrupted') });
    expect(outcome?.usage).toMatchObject({ costUsd: 3, inputTokens: 1_000_000, turns: 1 });
  });

  it('is estimated from the messages, each once, without a result line', () => {
    const million = { usage: { input_tokens: 1_000_000 }, content: [], model: 'claude-sonnet-4-5' };
    const message = { type: 'assistant', message: { id: 'a', ...million } };
    const outcome = judge([INIT, message, message], { ending: stoppedBy('interrupted') });
    expect(outcome?.usage).toMatchObject({ costUsd: 3, costEstimated: true, inputTokens: 1_000_000, turns: 1 });
  });
});
