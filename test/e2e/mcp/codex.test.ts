import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { ABP, jobOver, makePlace } from '../../interfaces/mcp/clients.ts';
import type { Move } from './moves.ts';
import { startResponsesApi } from './responses-api.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const CODEX = here('../node_modules/@openai/codex/bin/codex.js');

/** A call of a tool as Codex prints it. */
interface ToolCall {
  readonly type: string;
  readonly tool: string;
  readonly status: string;
  readonly error: { readonly message: string } | null;
  readonly result: { readonly structured_content: Record<string, unknown> | null } | null;
}

/** Real Codex without a login: its model is a service on loopback. Null when it cannot run on this machine. */
async function converse(moves: readonly Move[], place: ReturnType<typeof makePlace>, flags: readonly string[]) {
  const home = join(place.root, 'codex');
  mkdirSync(home);
  const environment = { PATH: process.env.PATH ?? '', HOME: place.root, CODEX_HOME: home, LOOPBACK_KEY: 'dummy' };
  const run = (args: readonly string[]) =>
    execa(process.execPath, [CODEX, ...args], {
      env: environment,
      extendEnv: false,
      cwd: place.root,
      stdin: 'ignore',
      reject: false,
    });
  if ((await run(['--version'])).exitCode !== 0) return null;
  const api = await startResponsesApi('mcp__abp', moves);
  place.onEnd(() => api.close());
  // With the Claude Code of the place, which counts words without a model.
  const own = Object.entries(place.environment).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const config = `
model = "test"
model_provider = "loopback"
approval_policy = "never"
[model_providers.loopback]
name = "loopback"
base_url = "${api.url}"
env_key = "LOOPBACK_KEY"
wire_api = "responses"
[mcp_servers.abp]
command = "${process.execPath}"
args = ["${ABP}", "mcp"]
startup_timeout_sec = 600
env = { ${own.join(', ')} }
`;
  writeFileSync(join(home, 'config.toml'), config);
  const { stdout, stderr, exitCode } = await run([
    'exec',
    '--skip-git-repo-check',
    '--json',
    ...flags,
    'Count the words.',
  ]);
  const items = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'item.completed')
    .map(({ item }) => item as ToolCall);
  return { calls: items.filter(({ type }) => type === 'mcp_tool_call'), exitCode, stderr };
}

it('a whole conversation with Codex, whose dialogs decline by themselves', async ({ skip }) => {
  const place = makePlace();
  const path = join(place.root, 'words.csv');
  const moves: Move[] = [
    () => ({ call: ['create_job', jobOver(place)] }),
    ([{ job_id }]) => ({ call: ['start_job', { job_id, wait_seconds: 45 }] }),
    ([{ job_id }]) => ({ call: ['start_job', { job_id, approve: true, wait_seconds: 0 }] }),
    ([{ job_id }]) => ({ call: ['get_job_status', { job_id, wait_seconds: 45 }] }),
    ([{ job_id, status }]) =>
      status === 'completed'
        ? { call: ['export_results', { job_id, format: 'csv', path }] }
        : { call: ['get_job_status', { job_id, wait_seconds: 45 }], again: true },
    () => ({ say: 'All words are counted.' }),
  ];
  const conversation = await converse(moves, place, ['--dangerously-bypass-approvals-and-sandbox']);
  if (!conversation) return skip('Codex does not run on this machine');
  const { calls, exitCode, stderr } = conversation;
  expect(exitCode, stderr).toBe(0);
  expect(calls.map(({ status, error }) => ({ status, error }))).toEqual(
    calls.map(() => ({ status: 'completed', error: null })),
  );
  const answers = calls.map(({ result }) => result?.structured_content);
  expect(answers.slice(0, 3)).toMatchObject([{ status: 'created' }, { status: 'testing' }, { status: 'running' }]);
  expect(answers.at(-1)).toMatchObject({ path, rows: 4 });
  expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(5);
});

it('Codex that may not ask runs what only reads here, and not what may reach out or starts agents', async ({
  skip,
}) => {
  const place = makePlace();
  const moves: Move[] = [
    () => ({ call: ['list_jobs', {}] }),
    () => ({ call: ['create_job', jobOver(place)] }),
    () => ({ call: ['start_job', { job_id: 'job-222222', wait_seconds: 45 }] }),
    () => ({ say: 'Both were refused.' }),
  ];
  const conversation = await converse(moves, place, []);
  if (!conversation) return skip('Codex does not run on this machine');
  expect(conversation.calls.map(({ tool, status }) => [tool, status])).toEqual([
    ['list_jobs', 'completed'],
    // A source may be a server.
    ['create_job', 'failed'],
    ['start_job', 'failed'],
  ]);
  for (const { error } of conversation.calls.slice(1)) expect(error?.message).toMatch(/approv|reject|cancel/i);
});
