import { describe, expect, it } from 'vitest';
import { parseWith } from '../../../src/domain/validate.ts';
import { type ArgumentParts, claudeArguments } from '../../../src/workers/claude/arguments.ts';
import { flagsIn } from '../../../src/workers/claude/cli.ts';
import { claudeConfigSchema } from '../../../src/workers/claude/config.ts';
import { accessOf } from '../../../src/workers/claude/permissions.ts';
import { NOTHING_KEPT } from '../../../src/workers/claude/user-settings.ts';

const CURRENT = ['--safe-mode', '--setting-sources', '--disable-slash-commands', '--effort', '--max-budget-usd'];

function argumentsFor(given: object, parts: Partial<ArgumentParts> = {}, flags: readonly string[] = CURRENT) {
  const config = parseWith(claudeConfigSchema, given, 'config');
  const cli = { path: '/bin/claude', version: '1', flags: new Set(flags) };
  const args = claudeArguments(cli, {
    config,
    access: accessOf(config, ['/out']),
    kept: NOTHING_KEPT,
    sessionId: 'the-session',
    resume: false,
    systemPrompt: 'Be brief.',
    systemPromptFile: null,
    outputSchema: null,
    directories: ['/out'],
    mcpConfigFile: null,
    budgetUsd: null,
    ...parts,
  });
  const valuesOf = (flag: string) => {
    const at = args.indexOf(flag);
    const end = args.findIndex((arg, index) => index > at && arg.startsWith('--'));
    return at === -1 ? null : args.slice(at + 1, end === -1 ? undefined : end);
  };
  return { args, valuesOf };
}

describe('the arguments of the CLI', () => {
  it('of a plain job are lean and bounded, without text of the user', () => {
    expect(argumentsFor({}).args).toEqual([
      '--print',
      '--verbose',
      '--output-format',
      'stream-json',
      '--session-id',
      'the-session',
      '--strict-mcp-config',
      '--tools',
      'Read,Glob,Grep,Write',
      '--settings',
      '{"permissions":{"allow":["Edit(//out/**)"]}}',
      '--system-prompt',
      'Be brief.',
      '--permission-mode',
      'dontAsk',
      '--setting-sources',
      '',
      '--safe-mode',
      '--add-dir',
      '/out',
    ]);
  });

  it.each<[string, object, Partial<ArgumentParts>, string, readonly string[] | null]>([
    ['model', { model: 'opus' }, {}, '--model', ['opus']],
    ['fallback_model', { fallback_model: 'sonnet' }, {}, '--fallback-model', ['sonnet']],
    ['effort', { effort: 'low' }, {}, '--effort', ['low']],
    ['max_turns', { max_turns: 5 }, {}, '--max-turns', ['5']],
    ['the budget', {}, { budgetUsd: 0.5 }, '--max-budget-usd', ['0.5']],
    ['the output schema', {}, { outputSchema: { type: 'object' } }, '--json-schema', ['{"type":"object"}']],
    ['several directories', {}, { directories: ['/in', '/out'] }, '--add-dir', ['/in', '/out']],
    ['a session that is continued', {}, { resume: true }, '--resume', ['the-session']],
    ['no tools at all', { tools: [] }, {}, '--tools', ['']],
    ['the context of the project', { context: 'project' }, {}, '--append-system-prompt', ['Be brief.']],
    ['the context of the project', { context: 'project' }, {}, '--safe-mode', null],
    ['the context of the project', { context: 'project' }, {}, '--setting-sources', null],
    ['a long system prompt', {}, { systemPromptFile: '/run/prompt' }, '--system-prompt-file', ['/run/prompt']],
    ['a long system prompt', {}, { systemPromptFile: '/run/prompt' }, '--system-prompt', null],
    [
      'a long system prompt in the context of the project',
      { context: 'project' },
      { systemPromptFile: '/run/prompt' },
      '--append-system-prompt-file',
      ['/run/prompt'],
    ],
    [
      'what is kept of the settings files',
      { tools: ['Read'] },
      { kept: { settings: { apiKeyHelper: '/bin/key' }, deny: ['Read(.env)'] } },
      '--settings',
      ['{"apiKeyHelper":"/bin/key","permissions":{"allow":[],"deny":["Read(.env)"]}}'],
    ],
    ['MCP servers', {}, { mcpConfigFile: '/run/mcp.json' }, '--mcp-config', ['/run/mcp.json']],
    ['MCP servers', {}, { mcpConfigFile: '/run/mcp.json' }, '--safe-mode', null],
    ['MCP servers', {}, { mcpConfigFile: '/run/mcp.json' }, '--setting-sources', ['']],
  ])('for %s', (_, config, parts, flag, values) => {
    expect(argumentsFor(config, parts).valuesOf(flag)).toEqual(values);
  });

  it('skip permissions only with permission full', () => {
    const skip = '--dangerously-skip-permissions';
    for (const config of [{}, { permission: 'edit_in_place' }, { context: 'project' }, { tools: ['WebFetch'] }]) {
      expect(argumentsFor(config).args).not.toContain(skip);
      expect(argumentsFor(config).args).toContain('--permission-mode');
    }
    const full = argumentsFor({ permission: 'full' });
    expect(full.args).toContain(skip);
    expect(full.args).not.toContain('--permission-mode');
    expect(full.valuesOf('--tools')).toEqual(['Read,Glob,Grep,Edit,Write']);
  });

  it('differ between units of a job only in the session', () => {
    const one = argumentsFor({}, { sessionId: 'one' }).args;
    const two = argumentsFor({}, { sessionId: 'two' }).args;
    expect(one.filter((arg) => arg !== 'one')).toEqual(two.filter((arg) => arg !== 'two'));
  });

  it('disable skills if the CLI has no safe mode', () => {
    const { valuesOf } = argumentsFor({}, {}, ['--setting-sources', '--disable-slash-commands']);
    expect([valuesOf('--setting-sources'), valuesOf('--disable-slash-commands')]).toEqual([[''], []]);
  });

  it('omit flags that an older CLI does not list', () => {
    const { args } = argumentsFor({ effort: 'low' }, { budgetUsd: 1 }, []);
    for (const flag of CURRENT) expect(args).not.toContain(flag);
  });
});

describe('flags of a help text', () => {
  it('are those at the start of an entry, not those in descriptions', () => {
    const help = [
      'Options:',
      '  --add-dir <directories...>   More directories, see --elsewhere',
      '  --allowedTools, --allowed-tools <tools...>',
      '      Like --disallowed',
      '  -p, --print                  Print (with --resume)',
    ].join('\n');
    expect([...flagsIn(help)]).toEqual(['--add-dir', '--allowedTools', '--allowed-tools', '--print']);
  });
});
