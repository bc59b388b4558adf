import { describe, expect, it } from 'vitest';
import type { FailureClass } from '../../../src/domain/failure.ts';
import { createStreamReader } from '../../../src/workers/claude/stream.ts';
import { type Evidence, verdict } from '../../../src/workers/claude/verdict.ts';
import { type Ending, endingOf, type StopCause } from '../../../src/workers/process/ending.ts';

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
const passes = () => null;
const fails = () => 'the result must be better';

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
    'a refused tool that is allowed to be',
    [INIT, said('done'), result('done', denials)],
    'completed',
    { allowDenials: true },
  ],
  [
    'a refusal that only the stream tells',
    [INIT, { type: 'system', subtype: 'permission_denied', tool_name: 'Bash' }, said('done'), result('done')],
    'incomplete',
  ],
  ['a refused tool and a failure reported', [INIT, said('x'), result('ABP_FAILED: x', denials)], 'incomplete'],
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
  ['a success with exit code 1', [INIT, said('done'), result('done')], 'crashed', { ending: EXIT_1 }],
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
    'a success that we aborted',
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
    'an agent that writes about limits',
    [INIT, said("You've hit your stride"), result("You've hit your stride")],
    'completed',
  ],
  ['a warning about the window', [INIT, limit('allowed_warning', 5), said('done'), result('done')], 'completed'],
  ['a closed window that another paid for', [INIT, limit('rejected', 5), said('done'), result('done')], 'completed'],
  ['a closed window', [INIT, limit('rejected', 5), synthetic('x', 'rate_limit'), erred('x')], 'usage_limit'],
  ['a closed window by its words', [INIT, erred("You're out of extra usage")], 'usage_limit'],
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
  [
    'a prompt that the CLI finds too long',
    [INIT, erred('x', { terminal_reason: 'blocking_limit' })],
    'prompt_too_long',
  ],
  [
    'an error in execution, long after another that was got over',
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
  ['400 without a name', [INIT, erred('x', { api_error_status: 400 })], 'agent_error'],
  ['a lost connection', [INIT, erred('x', { terminal_reason: 'api_error' })], 'server_error'],
  [
    'an error of its own because we stopped it',
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
    'nothing, and an option that it does not know',
    [],
    'worker_unavailable',
    { ending: EXIT_1, stderr: "error: unknown option '--x'" },
  ],
  [
    'nothing, and a prompt that is more than the CLI reads',
    [],
    'prompt_too_long',
    { ending: EXIT_1, stderr: 'Error: piped stdin input exceeds 10MB. Pass large content as a file path instead.' },
  ],
  ['nothing, and no login', [], 'auth', { ending: EXIT_1, stderr: 'Not logged in · Please run /login' }],
  [
    'an agent that spoke of logins, and died',
    [INIT, said('a')],
    'crashed',
    { ending: EXIT_1, stderr: 'Not logged in' },
  ],
  ['a closed window, and death', [INIT, limit('rejected', 5)], 'usage_limit', { ending: EXIT_1 }],
  ['nothing before the time limit', [INIT], 'timeout', { ending: stoppedBy('timeout') }],
  ['silence', [INIT], 'timeout', { ending: stoppedBy('idle_timeout') }],
  ['nothing before it was cancelled', [INIT], 'cancelled', { ending: stoppedBy('cancelled') }],
  ['nothing before it was interrupted', [INIT], 'interrupted', { ending: stoppedBy('interrupted') }],
];

describe('the verdict', () => {
  it.each(ROWS)('on %s', (_, events, expected, more) => {
    const outcome = judge(events, more);
    expect(outcome?.ok ? 'completed' : outcome?.failureClass).toBe(expected);
    expect(outcome?.ok || outcome?.message).toBeTruthy();
  });

  it('is none for an attempt without a result whose end nobody saw', () => {
    expect(judge([INIT, said('working')], { ending: null })).toBeNull();
  });

  it('tells when a closed window opens, in epoch milliseconds', () => {
    expect(judge([INIT, limit('rejected', 1_900_000_000), erred('x')])).toMatchObject({ resumeAt: 1_900_000_000_000 });
  });

  it('carries the words of the agent, of the CLI and the end of stderr', () => {
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
  ])('does not offer to continue a session that was cut off after a refusal, told %s', (_, event) => {
    const events = [INIT, ...wrote('/etc/a').slice(0, 1), event];
    const interrupted = { ending: stoppedBy('interrupted') };
    expect(judge([INIT, ...wrote('/out/a')], interrupted)?.usage.sessionId).toBe('s');
    const outcome = judge(events, interrupted);
    expect(outcome?.usage.sessionId).toBeUndefined();
    expect(outcome?.notes?.toolsDenied).toEqual(['Write(/etc/a)']);
  });

  it('counts a refusal once that is told three times', () => {
    const event = { type: 'system', subtype: 'permission_denied', tool_name: 'Write', tool_use_id: 't' };
    const told = { permission_denials: [{ ...event, tool_input: { file_path: '/etc/a' } }] };
    const outcome = judge([INIT, ...wrote('/etc/a').slice(0, 1), event, refusedWrite(), result('done', told)]);
    expect(outcome).toMatchObject({ failureClass: 'incomplete', message: 'refused: Write(/etc/a)' });
  });

  it('judges by the last result line', () => {
    const outcome = judge([INIT, said('a'), result('first'), said('b'), result('second')]);
    expect(outcome?.ok && outcome.result.text).toBe('second');
  });
});

describe('the cost', () => {
  const share = (costUSD: number) => ({
    model_usage_since_last_result: { m: { costUSD, inputTokens: 7, outputTokens: 3 } },
  });

  it('is counted whatever the ending', () => {
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

  it('is estimated from the messages when no result line came, each message once', () => {
    const million = { usage: { input_tokens: 1_000_000 }, content: [], model: 'claude-sonnet-4-5' };
    const message = { type: 'assistant', message: { id: 'a', ...million } };
    const outcome = judge([INIT, message, message], { ending: stoppedBy('interrupted') });
    expect(outcome?.usage).toMatchObject({ costUsd: 3, costEstimated: true, inputTokens: 1_000_000, turns: 1 });
  });
});
