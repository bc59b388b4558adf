import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ConversationEntry, Worker } from '../../../src/ports/worker.ts';
import type { Assignment } from '../../../src/workers/process/assignment.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import {
  binWithClaude,
  fixtureProgram,
  judgeFiles,
  livingProcesses,
  perform,
  start,
  usageUpToCut,
  workerEnvironmentFor,
  workerWith,
} from '../../helpers/worker.ts';

/** An attempt with the fake CLI, playing `play`. */
async function prepare(play: string, parts: Partial<Assignment> = {}, config: Record<string, string | number> = {}) {
  const environment = workerEnvironmentFor(binWithClaude(fixtureProgram('claude.mjs')));
  const prompt = { system: 'Be brief.', user: `PLAY ${play}` };
  return workerWith({ type: 'claude', ...config }, { prompt, environment, ...parts });
}

async function run(play: string, parts: Partial<Assignment> = {}) {
  const { worker, assignment } = await prepare(play, parts);
  return { worker, assignment, outcome: await perform(worker, assignment) };
}

/** Until it has said all that it says before it waits. */
const said = ({ runDirectory }: Assignment) =>
  expect.poll(() => readFileSync(path.join(runDirectory, 'stdout')).length, PATIENCE).toBeGreaterThan(4000);

async function conversationOf(worker: Worker, { runDirectory }: Assignment, from = 0): Promise<ConversationEntry[]> {
  const entries = [];
  for await (const entry of worker.conversation(runDirectory, from)) entries.push(entry);
  return entries;
}

describe('a misbehaving CLI', () => {
  it('may write garbage, invalid UTF-8 and unknown events between its lines', async () => {
    const { outcome } = await run('garbage');
    expect(outcome).toMatchObject({ ok: true, result: { text: 'done' } });
  });

  it('may write a line of many megabytes', async () => {
    const { outcome, worker, assignment } = await run('long_line');
    expect(outcome).toMatchObject({ ok: true, notes: { toolsUsed: { Read: 1 } } });
    const entry = (await conversationOf(worker, assignment)).find(({ role }) => role === 'tool');
    // Whole: it is cut where it is shown, after its secrets were hidden.
    expect(entry).toMatchObject({ kind: 'tool_result', tool: 'Read' });
    expect(entry?.text.length).toBeGreaterThan(5_000_000);
  });

  it('may end without the newline of its result line', async () => {
    expect((await run('half_line')).outcome).toMatchObject({ ok: true, result: { text: 'done' } });
  });

  it('may hang after its result: the result settles the unit', async () => {
    const { outcome, assignment } = await run('hangs_after_result');
    expect(outcome).toMatchObject({ ok: true, result: { text: 'done' }, usage: { costUsd: 0.25 } });
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('may close its stdout and keep running until the time limit', async () => {
    const { outcome, assignment } = await run('closes_stdout', { timeoutMs: 1500 });
    expect(outcome).toMatchObject({ ok: false, failureClass: 'timeout' });
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('may flood its stderr: the message has its end', async () => {
    const { outcome } = await run('floods_stderr');
    const message = /^exit code 3 without a result: (?:x{1,20000}\n)?the last words$/;
    expect(outcome).toMatchObject({ ok: false, failureClass: 'crashed', message });
  });

  it.each([
    ['silent_death', 'crashed'],
    ['closed_window', 'usage_limit'],
  ])('that plays %s ends as %s', async (play, failureClass) => {
    expect((await run(play)).outcome).toMatchObject({ ok: false, failureClass });
  });

  it('succeeds with a remark despite exit code 1 after a success', async () => {
    const remarks = ['exit code 1 after a result that said success'];
    expect((await run('lies')).outcome).toMatchObject({ ok: true, result: { text: 'done' }, notes: { remarks } });
  });

  it('has its usage counted when it is stopped', async () => {
    const { worker, assignment } = await prepare('waits');
    const controller = new AbortController();
    const outcome = perform(worker, assignment, { signal: controller.signal });
    await said(assignment);
    controller.abort('cancelled');
    expect(await outcome).toMatchObject({
      ok: false,
      failureClass: 'cancelled',
      usage: { costEstimated: true, sessionId: expect.any(String), outputTokens: 1000 },
    });
    expect((await outcome).usage.costUsd).toBeCloseTo((100 * 4 + 1000 * 20) / 1e6);
  });

  it('reports session and cost from the files after being cut off', async () => {
    const { worker, assignment } = await prepare('waits');
    const { outcome, spawned } = start(worker, assignment);
    const { pid } = await spawned;
    await said(assignment);
    process.kill(-pid, 'SIGKILL');
    const seen = await outcome;
    expect(await judgeFiles(worker, assignment)).toBeNull();
    const { durationMs, ...usage } = seen.usage;
    expect(await usageUpToCut(worker, assignment)).toEqual(usage);
    expect(usage.sessionId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the conversation', () => {
  it('begins with the prompt, ends with the result, and can be read from any line', async () => {
    const { worker, assignment } = await run('success');
    const entries = await conversationOf(worker, assignment);
    expect(entries.map(({ seq, role, text }) => [seq, role, text])).toEqual([
      [0, 'user', 'PLAY success'],
      [0, 'system', 'model claude-opus-5-5, tools Read'],
      [1, 'assistant', 'done'],
      [2, 'result', 'done'],
    ]);
    expect(await conversationOf(worker, assignment, 2)).toEqual(entries.slice(3));
    expect(await conversationOf(worker, assignment, 9)).toEqual([]);
  });

  it('shows noise as log lines', async () => {
    const { worker, assignment } = await run('garbage');
    const logs = (await conversationOf(worker, assignment)).filter(({ role }) => role === 'log');
    expect(logs.map(({ text }) => text)).toContain('warning: something that is no JSON');
  });
});

describe('a job that continues in another environment', () => {
  it('uses the CLI and login recorded at its start', async () => {
    const started = await prepare('environment');
    const needs = await started.worker.needs(started.assignment.config, {
      ...started.assignment.environment,
      ANTHROPIC_API_KEY: 'k',
    });
    expect(needs).toEqual({
      program: expect.stringMatching(/\/bin\/claude$/),
      variables: ['ANTHROPIC_API_KEY'],
    });
    const elsewhere = {
      ...workerEnvironmentFor(binWithClaude(fixtureProgram('old-claude.sh'))),
      ANTHROPIC_API_KEY: 'k',
      ANTHROPIC_BASE_URL: 'http://other.example',
      AWS_REGION: 'for its own work',
    };
    const { worker, assignment } = await prepare('environment', { environment: elsewhere, needs });
    const outcome = await perform(worker, assignment);
    const seen = JSON.parse((outcome.ok && outcome.result.text) || '{}') as Record<string, string>;
    expect(seen).toMatchObject({ ANTHROPIC_API_KEY: 'k', AWS_REGION: 'for its own work' });
    expect(seen).not.toHaveProperty('ANTHROPIC_BASE_URL');
  });

  it('fails with the reason if that CLI is gone', async () => {
    const { worker, assignment } = await prepare('success', { needs: { program: '/gone/claude', variables: [] } });
    expect(await perform(worker, assignment)).toMatchObject({
      failureClass: 'worker_unavailable',
      message: expect.stringContaining('/gone/claude is gone'),
    });
  });
});

describe('start', () => {
  const argumentsOf = async (parts: Partial<Assignment> = {}, config: Record<string, string | number> = {}) => {
    const { worker, assignment } = await prepare('arguments', parts, config);
    const outcome = await perform(worker, assignment);
    return JSON.parse((outcome.ok && outcome.result.text) || '[]') as string[];
  };

  it('uses a session id that is fixed per attempt before its start', async () => {
    const one = await argumentsOf({ attemptId: 'attempt-a' });
    const again = await argumentsOf({ attemptId: 'attempt-a' });
    const other = await argumentsOf({ attemptId: 'attempt-b' });
    const session = (args: string[]) => args[args.indexOf('--session-id') + 1];
    expect(session(one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(session(again)).toBe(session(one));
    expect(session(other)).not.toBe(session(one));
  });

  it('starts a new session if the old one has no transcript', async () => {
    const args = await argumentsOf({ resumeSessionId: 'd0609dd0-5992-40b1-b3fb-0b17ece5ea2a' });
    expect(args).not.toContain('--resume');
    expect(args).toContain('--session-id');
  });

  it('passes only flags listed in --help, except --max-turns', async () => {
    const args = await argumentsOf({ budgetUsd: 2 }, { max_turns: 3, max_budget_usd: 5, effort: 'low', model: 'opus' });
    const help = readFileSync(fixtureProgram('claude.mjs'), 'utf8');
    const unlisted = args.filter(
      (arg) => arg.startsWith('--') && !help.includes(`  ${arg} `) && !help.includes(`, ${arg} `),
    );
    expect(unlisted.filter((flag) => flag !== '--print')).toEqual(['--verbose', '--model', '--max-turns']);
    expect(args.slice(args.indexOf('--max-budget-usd')).slice(0, 2)).toEqual(['--max-budget-usd', '2']);
  });

  it('never starts a message with a slash', async () => {
    const user = '/data/report.txt: PLAY arguments';
    const { worker, assignment } = await prepare('', { prompt: { system: '', user } });
    await perform(worker, assignment);
    const stdin = readFileSync(path.join(assignment.runDirectory, 'stdin'), 'utf8');
    expect(stdin).toBe(`Task:\n\n${user}`);
  });

  it.each<[string, Partial<Assignment>, string]>([
    ['a schema whose root is no object', { outputSchema: { type: 'array' } }, 'schema describes "array"'],
    ['a schema that no command line takes', { outputSchema: { title: 'x'.repeat(1 << 17) } }, 'schema has 1311'],
    ['an item with nothing to do', { prompt: { system: 'Be brief.', user: ' \n' } }, 'prompt of this item is empty'],
  ])('refuses %s before any cost', async (_, parts, message) => {
    const { worker, assignment } = await prepare('success', parts);
    expect(await perform(worker, assignment)).toMatchObject({
      ok: false,
      failureClass: 'bad_input',
      message: expect.stringContaining(message),
    });
  });

  it('runs post-processing in the fixed part of the working directory', async () => {
    const { worker, assignment } = await prepare('environment', { scope: 'job' }, { working_directory: '{name}' });
    const outcome = await perform(worker, assignment);
    expect(JSON.parse((outcome.ok && outcome.result.text) || '{}')).toMatchObject({ PWD: assignment.workingDirectory });
  });

  it('resumes in a terminal in the directory of its agent', async () => {
    const { worker, assignment } = await prepare('', {}, { working_directory: '{name}' });
    expect(worker.resumeCommand('the-session', assignment)).toBeNull();
    const directory = path.join(assignment.workingDirectory, "it's");
    mkdirSync(directory);
    const place = { ...assignment, payload: { name: "it's" } };
    const quoted = directory.replace("'", "'\\''");
    expect(worker.resumeCommand('the-session', place)).toBe(`cd '${quoted}' && claude --resume the-session`);
  });

  it('accepts a system prompt that cannot be an argument', async () => {
    const { worker, assignment } = await prepare('', {
      prompt: { system: 'x'.repeat(1 << 17), user: 'PLAY success' },
    });
    expect(await perform(worker, assignment)).toMatchObject({ ok: true });
  });

  it.each([
    ['lean', 'from-settings', '1'],
    ['project', undefined, '1'],
  ])('with context %s, gets the environment variables of the settings file', async (context, token, own) => {
    const { worker, assignment } = await prepare('environment', {}, { context });
    const home = path.join(assignment.runDirectory, '..', 'home');
    mkdirSync(path.join(home, '.claude'), { recursive: true });
    const env = { ANTHROPIC_AUTH_TOKEN: 'from-settings', DISABLE_AUTOUPDATER: '0', GIVEN: 'from-settings' };
    writeFileSync(path.join(home, '.claude/settings.json'), JSON.stringify({ env }));
    const environment = { ...assignment.environment, HOME: home };
    const config = { ...assignment.config, env: { GIVEN: 'from-job' } };
    const outcome = await perform(worker, { ...assignment, environment, config });
    const seen = JSON.parse((outcome.ok && outcome.result.text) || '{}');
    expect([seen.ANTHROPIC_AUTH_TOKEN, seen.DISABLE_AUTOUPDATER, seen.GIVEN]).toEqual([token, own, 'from-job']);
  });
});

describe('preflight', () => {
  it('gives advice when the CLI is missing', async () => {
    const { worker, assignment } = await workerWith({ type: 'claude' });
    const environment = { PATH: '/usr/bin:/bin', HOME: assignment.workingDirectory };
    expect(await worker.preflight(assignment.config, environment)).toMatchObject({
      ok: false,
      failureClass: 'worker_unavailable',
      hint: expect.stringMatching(/npm install -g @anthropic-ai\/claude-code.*abp doctor/),
    });
  });

  it('gives advice when neither login nor key is present', async () => {
    const { worker, assignment } = await prepare('success');
    expect(await worker.preflight(assignment.config, assignment.environment)).toMatchObject({
      ok: false,
      failureClass: 'auth',
      hint: expect.stringContaining('ANTHROPIC_API_KEY'),
    });
  });

  it('reports the CLI, its version and its login', async () => {
    const { worker, assignment } = await prepare('success');
    const environment = { ...assignment.environment, ANTHROPIC_API_KEY: 'sk-dummy' };
    const preflight = await worker.preflight(assignment.config, environment);
    expect(preflight).toMatchObject({ ok: true, details: { version: '9.9.9', login: 'ANTHROPIC_API_KEY' } });
    expect(JSON.stringify(preflight)).not.toContain('sk-dummy');
  });

  it('reports how the CLI probe failed', async () => {
    const { worker, assignment } = await workerWith({ type: 'claude' });
    const program = path.join(assignment.workingDirectory, 'claude.sh');
    writeFileSync(program, '#!/bin/sh\necho "libc is too old" >&2\nexit 1\n');
    const environment = workerEnvironmentFor(binWithClaude(program));
    expect(await worker.preflight(assignment.config, environment)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/does not answer --version and --help: libc is too old\.$/),
    });
  });

  it('starts in the home of its job, else in the output directory', async () => {
    for (const home of [true, false]) {
      const { worker, assignment } = await prepare('place', home ? {} : { home: null });
      const outcome = await perform(worker, assignment);
      const place = home ? assignment.home : assignment.outputDirectory;
      expect(outcome).toMatchObject({ ok: true, result: { text: place } });
    }
  });

  it.runIf(process.getuid?.() === 0)('refuses permission full to root, but not in a container', async () => {
    const { worker, assignment } = await prepare('success');
    const environment = { ...assignment.environment, ANTHROPIC_API_KEY: 'sk-dummy', IS_SANDBOX: '1' };
    const full = { ...assignment.config, permission: 'full' };
    // It does not say how to get round it.
    const hint = 'Run ABP as another user, or choose permission edit_in_place with the tools it needs.';
    const refused = { ok: false, failureClass: 'bad_input', message: /as root/, hint };
    expect(await worker.preflight(full, environment)).toMatchObject(refused);
    expect(await worker.preflight({ ...full, env: { IS_SANDBOX: '0' } }, environment)).toMatchObject(refused);
    expect(await worker.preflight({ ...full, env: { IS_SANDBOX: '1' } }, environment)).toMatchObject({ ok: true });
    expect(await worker.preflight({ ...full, pass_env: ['IS_SANDBOX'] }, environment)).toMatchObject({ ok: true });
  });

  it('names the flags that an old CLI lacks', async () => {
    const { worker, assignment } = await workerWith({ type: 'claude' });
    const environment = workerEnvironmentFor(binWithClaude(fixtureProgram('old-claude.sh')));
    expect(await worker.preflight(assignment.config, environment)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/\(1\.0\.0.*\) has no .*--tools/),
      hint: expect.stringContaining('claude update'),
    });
  });
});
