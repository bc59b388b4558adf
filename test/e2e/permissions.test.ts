import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/domain/json.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { answersTool, type MessagesRequest, type Script } from '../helpers/messages-api.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { CLIS, runUnit } from './claude.ts';

type Call = readonly [tool: string, input: JsonObject];

/** Lets the model make one call after the other, and gives what became of each: its error, or null. */
async function attempt(
  program: string,
  calls: (assignment: Assignment, base: string) => readonly Call[],
  config: JsonObject = {},
  settings: JsonObject = {},
) {
  const base = temporaryDirectory();
  writeFileSync(path.join(base, 'in.txt'), 'content');
  const answers: (string | null)[] = [];
  const note = (request: MessagesRequest) => {
    if (!answersTool(request)) return;
    const content = request.body.messages.findLast(({ role }) => role === 'user')?.content;
    const block = Array.isArray(content) ? content.find(({ type }) => type === 'tool_result') : undefined;
    answers.push(block?.is_error === true ? String(block.content) : null);
  };
  const script = (assignment: Assignment): Script => {
    writeFileSync(path.join(assignment.workingDirectory, 'own.txt'), 'content');
    const steps = calls(assignment, base);
    return (request, turn) => {
      note(request);
      const step = steps[turn];
      return step ? { use: step[0], input: step[1] } : { say: 'done' };
    };
  };
  const run = await runUnit(program, script, { config, settings, parts: { readableDirectories: [base] } });
  return { ...run, base, answers };
}

describe.each(CLIS)('what Claude Code $version lets an agent do', ({ program }) => {
  it('with read_only: read its directories, write below the output directory, nothing else', async () => {
    const { answers, outcome, assignment, base } = await attempt(
      program,
      ({ workingDirectory, outputDirectory }, dir) => [
        ['Read', { file_path: path.join(workingDirectory, 'own.txt') }],
        ['Read', { file_path: path.join(dir, 'in.txt') }],
        ['Grep', { pattern: 'content', path: dir }],
        ['Write', { file_path: path.join(outputDirectory, 'a/b.txt'), content: 'x' }],
        ['Read', { file_path: '/etc/hostname' }],
        ['Write', { file_path: path.join(workingDirectory, 'new.txt'), content: 'x' }],
        ['Write', { file_path: path.join(dir, 'new.txt'), content: 'x' }],
        ['Bash', { command: 'touch owned' }],
      ],
    );
    expect(answers.slice(0, 4)).toEqual([null, null, null, null]);
    expect(answers.slice(4)).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(/denied|No such tool/)));
    expect(readFileSync(path.join(assignment.outputDirectory, 'a/b.txt'), 'utf8')).toBe('x');
    for (const directory of [assignment.workingDirectory, base]) {
      expect(existsSync(path.join(directory, 'new.txt'))).toBe(false);
      expect(existsSync(path.join(directory, 'owned'))).toBe(false);
    }
    expect(outcome).toMatchObject({ ok: false, failureClass: 'incomplete' });
    expect(outcome.notes?.toolsDenied).toHaveLength(3);
  });

  it('with read_only: nothing more that settings of the user grant, and nothing that they refuse', async () => {
    const settings = {
      permissions: {
        allow: ['Read', 'Write', 'Edit'],
        deny: ['Read(./own.txt)'],
        defaultMode: 'bypassPermissions',
        additionalDirectories: ['/etc'],
      },
    };
    const { answers, assignment } = await attempt(
      program,
      ({ workingDirectory, outputDirectory }, dir) => [
        ['Read', { file_path: path.join(dir, 'in.txt') }],
        ['Write', { file_path: path.join(outputDirectory, 'a.txt'), content: 'x' }],
        ['Read', { file_path: path.join(workingDirectory, 'own.txt') }],
        ['Write', { file_path: path.join(workingDirectory, 'new.txt'), content: 'x' }],
        ['Read', { file_path: '/etc/hostname' }],
      ],
      {},
      settings,
    );
    expect(answers).toEqual([null, null, ...Array.from({ length: 3 }, () => expect.stringMatching(/denied/))]);
    expect(existsSync(path.join(assignment.workingDirectory, 'new.txt'))).toBe(false);
  });

  it('with edit_in_place: also change its files, and run only the commands that are named', async () => {
    const config = { permission: 'edit_in_place', tools: ['Read', 'Edit', 'Write', 'Bash(echo *)'] };
    const { answers, assignment, base } = await attempt(
      program,
      ({ workingDirectory }, dir) => [
        ['Read', { file_path: path.join(workingDirectory, 'own.txt') }],
        ['Edit', { file_path: path.join(workingDirectory, 'own.txt'), old_string: 'content', new_string: 'edited' }],
        ['Write', { file_path: path.join(dir, 'new.txt'), content: 'x' }],
        ['Bash', { command: 'echo hello' }],
        ['Bash', { command: 'curl http://127.0.0.1:9/' }],
        ['Write', { file_path: '/tmp/abp-forbidden', content: 'x' }],
      ],
      config,
    );
    expect(answers.slice(0, 4)).toEqual([null, null, null, null]);
    expect(answers.slice(4)).toEqual([expect.any(String), expect.any(String)]);
    expect(readFileSync(path.join(assignment.workingDirectory, 'own.txt'), 'utf8')).toBe('edited');
    expect(existsSync(path.join(base, 'new.txt'))).toBe(true);
    expect(existsSync('/tmp/abp-forbidden')).toBe(false);
  });

  it('with full: write anywhere, but run nothing that was not asked for', async () => {
    const anywhere = path.join(temporaryDirectory(), 'any/where.txt');
    const { answers, outcome } = await attempt(
      program,
      () => [
        ['Write', { file_path: anywhere, content: 'x' }],
        ['Bash', { command: 'echo hello' }],
      ],
      // These tests may run as root, which is allowed to do anything only in a container.
      { permission: 'full', env: { IS_SANDBOX: '1' } },
    );
    expect(answers).toEqual([null, expect.stringContaining('No such tool')]);
    expect(readFileSync(anywhere, 'utf8')).toBe('x');
    expect(outcome.ok).toBe(true);
  });

  it('in an output directory with spaces and wildcards in its name: write there, not in one that only matches', async () => {
    const root = temporaryDirectory();
    const outputDirectory = path.join(root, 'out (v1) [1], *new* !');
    const lookalike = path.join(root, 'out (v1) 1, XnewX !');
    for (const directory of [outputDirectory, lookalike]) mkdirSync(directory);
    const { outcome } = await runUnit(
      program,
      () => (_, turn) => {
        const directory = [outputDirectory, lookalike][turn];
        return directory
          ? { use: 'Write', input: { file_path: path.join(directory, 'x.txt'), content: 'x' } }
          : { say: 'done' };
      },
      { parts: { outputDirectory } },
    );
    expect(existsSync(path.join(outputDirectory, 'x.txt'))).toBe(true);
    expect(existsSync(path.join(lookalike, 'x.txt'))).toBe(false);
    expect(outcome).toMatchObject({ ok: false, failureClass: 'incomplete' });
  });

  it('behind symbolic links: the same as without, and no further', async () => {
    const root = temporaryDirectory();
    for (const name of ['work', 'out', 'elsewhere']) {
      mkdirSync(path.join(root, 'real', name), { recursive: true });
      symlinkSync(path.join(root, 'real', name), path.join(root, name));
    }
    const parts = { workingDirectory: path.join(root, 'work'), outputDirectory: path.join(root, 'out') };
    symlinkSync(path.join(root, 'elsewhere'), path.join(root, 'out/hole'));
    const steps: readonly Call[] = [
      ['Write', { file_path: path.join(root, 'out/a.txt'), content: 'x' }],
      ['Read', { file_path: path.join(root, 'work/own.txt') }],
      ['Write', { file_path: path.join(root, 'out/hole/b.txt'), content: 'x' }],
    ];
    const { outcome } = await runUnit(
      program,
      ({ workingDirectory }) => {
        writeFileSync(path.join(workingDirectory, 'own.txt'), 'content');
        return (_, turn) => {
          const step = steps[turn];
          return step ? { use: step[0], input: step[1] } : { say: 'done' };
        };
      },
      { parts },
    );
    expect(outcome.notes?.toolsDenied).toEqual([`Write(${path.join(root, 'out/hole/b.txt')})`]);
    expect(existsSync(path.join(root, 'real/out/a.txt'))).toBe(true);
    expect(existsSync(path.join(root, 'real/elsewhere/b.txt'))).toBe(false);
  });

  it('with MCP servers of its own: use the named tools of those, and no others', async () => {
    const server = { command: process.execPath, args: [new URL('echo-server.mjs', import.meta.url).pathname] };
    const config = { mcp_config: { mcpServers: { echo: server } }, tools: ['Read', 'mcp__echo__echo'] };
    const { outcome, api } = await runUnit(
      program,
      () => (_, turn) => (turn === 0 ? { use: 'mcp__echo__echo', input: { text: 'hello' } } : { say: 'done' }),
      { config },
    );
    expect(outcome).toMatchObject({ ok: true, notes: { toolsUsed: { mcp__echo__echo: 1 } } });
    expect(api.requests[0]?.body.tools?.map(({ name }) => name)).toEqual(['Read', 'mcp__echo__echo']);
    expect(JSON.stringify(api.requests[1]?.body.messages)).toContain('echo: hello');
  });

  it('with an MCP server that does not start: nothing that counts as done', async () => {
    const config = {
      mcp_config: { mcpServers: { db: { command: '/nowhere/db' } } },
      tools: ['Read', 'mcp__db__query'],
    };
    const { outcome } = await runUnit(program, () => () => ({ say: 'I asked the database.' }), { config });
    expect(outcome).toMatchObject({ ok: false, failureClass: 'incomplete', message: /mcp__db/ });
  });
});
