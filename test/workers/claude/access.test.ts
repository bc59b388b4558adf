import { mkdirSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseWith } from '../../../src/domain/validate.ts';
import { type ClaudeConfig, claudeConfigSchema } from '../../../src/workers/claude/config.ts';
import { accessOf } from '../../../src/workers/claude/permissions.ts';
import { fixedPart, resolveWorkingDirectory } from '../../../src/workers/claude/working-directory.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const config = (given: object): ClaudeConfig => parseWith(claudeConfigSchema, given, 'config');

describe('permission', () => {
  it.each([
    [
      'read_only writes only below the output directory',
      {},
      { tools: ['Read', 'Glob', 'Grep', 'Write'], allow: ['Edit(//out/**)'], mode: 'dontAsk' },
    ],
    [
      'read_only with tools that only read grants nothing',
      { tools: ['Read', 'Grep'] },
      { tools: ['Read', 'Grep'], allow: [], mode: 'dontAsk' },
    ],
    [
      'read_only keeps a writing tool to the output directory, whatever its rule says',
      { tools: ['Write(//etc/**)', 'Edit'] },
      { tools: ['Write', 'Edit'], allow: ['Edit(//out/**)'], mode: 'dontAsk' },
    ],
    [
      'read_only grants what is named and bounded by its own rule',
      { tools: ['Read', 'WebFetch(domain:example.com)', 'mcp__db__query'] },
      { tools: ['Read', 'WebFetch'], allow: ['WebFetch(domain:example.com)', 'mcp__db__query'], mode: 'dontAsk' },
    ],
    [
      'edit_in_place edits its directories and runs nothing',
      { permission: 'edit_in_place' },
      { tools: ['Read', 'Glob', 'Grep', 'Edit', 'Write'], allow: [], mode: 'acceptEdits' },
    ],
    [
      'edit_in_place runs the commands that are named',
      { permission: 'edit_in_place', tools: ['Read', 'Edit', 'Bash(git log *)', 'Bash(npm test)'] },
      { tools: ['Read', 'Edit', 'Bash'], allow: ['Bash(git log *)', 'Bash(npm test)'], mode: 'acceptEdits' },
    ],
    [
      'full asks for nothing, and runs nothing unless that is asked for',
      { permission: 'full' },
      {
        tools: ['Read', 'Glob', 'Grep', 'Edit', 'Write'],
        allow: ['Read', 'Glob', 'Grep', 'Edit', 'Write'],
        mode: null,
      },
    ],
    [
      'full with named tools has only those',
      { permission: 'full', tools: ['Bash'] },
      { tools: ['Bash'], allow: ['Bash'], mode: null },
    ],
  ])('%s', (_, given, access) => {
    expect(accessOf(config(given), ['/out'])).toEqual(access);
  });

  it('escapes wildcards in the path of the output directory', () => {
    expect(accessOf(config({}), ['/a [1]/*(x)']).allow).toEqual(['Edit(//a \\[1\\]/\\*\\(x\\)/**)']);
  });

  it('allows writes below every path of the output directory', () => {
    expect(accessOf(config({}), ['/link', '/real']).allow).toEqual(['Edit(//link/**)', 'Edit(//real/**)']);
  });

  it.each(['Read,Bash', 'Read Bash', ' Bash', 'default', '*', 'bash', 'Bash(', ''])(
    'refuses the tool name %j',
    (tool) => {
      expect(() => config({ tools: [tool] })).toThrow(/tools\S* expected the name of one tool/);
    },
  );

  it.each(['Bash', 'Bash(git log *)', 'PowerShell', 'Monitor'])('read_only refuses the command tool %s', (tool) => {
    expect(() => config({ tools: ['Read', tool] })).toThrow(/tools: expected no tool that runs commands/);
  });

  it.each<[string, unknown, RegExp]>([
    ['no list of servers', {}, /mcp_config/],
    ['a server without command or url', { mcpServers: { db: { cmd: 'x' } } }, /mcp_config.*command or a url/s],
  ])('refuses an mcp_config with %s', (_, mcp_config, message) => {
    expect(() => config({ mcp_config })).toThrow(message);
  });

  it('is read_only and lean by default', () => {
    expect(config({})).toEqual({ permission: 'read_only', allow_denials: false, context: 'lean' });
  });
});

describe('the working directory', () => {
  const tree = () => {
    const base = temporaryDirectory();
    for (const name of ['items/one', 'items/two', 'secret']) mkdirSync(path.join(base, name), { recursive: true });
    symlinkSync(path.join(base, 'secret'), path.join(base, 'items/escape'));
    symlinkSync(path.join(base, 'items/two'), path.join(base, 'items/also-two'));
    return base;
  };

  it('is the base by default, and relative paths start there', () => {
    const base = tree();
    expect(resolveWorkingDirectory('.', base, {})).toBe(base);
    expect(resolveWorkingDirectory('items', base, {})).toBe(path.join(base, 'items'));
    expect(resolveWorkingDirectory('~', base, {})).toBe(os.homedir());
  });

  it('is filled from the payload below its fixed part, also through links inside', () => {
    const base = tree();
    expect(resolveWorkingDirectory('items/{name}', base, { name: 'one' })).toBe(path.join(base, 'items/one'));
    expect(resolveWorkingDirectory(`${base}/items/{name}`, '/', { name: 'also-two' })).toContain('also-two');
    expect(resolveWorkingDirectory('items/{name}', base, { name: '.' })).toBe(path.join(base, 'items'));
  });

  it.each([
    ['leaves by dots', '../secret', 'outside'],
    ['leaves by a link', 'escape', 'outside'],
    ['leaves by an absolute path in the field', '/../secret', 'outside'],
    ['does not exist', 'three', 'not a directory'],
    ['is no path at all', 'a\0b', 'not a directory'],
    ['is longer than a path can be', 'x'.repeat(5000), 'not a directory'],
  ])('is refused when it %s', (_, name, message) => {
    const base = tree();
    expect(() => resolveWorkingDirectory('items/{name}', base, { name })).toThrow(message);
  });

  it.each([
    ['items', 'items'],
    ['items/{name}', 'items/'],
    ['/data/items/of-{name}/{part}', '/data/items/'],
    ['{name}', ''],
  ])('of %j has the fixed part %j', (template, fixed) => {
    expect(fixedPart(template)).toBe(fixed);
  });

  it('is refused if the field is missing or not text', () => {
    const base = tree();
    expect(() => resolveWorkingDirectory('items/{name}', base, { other: 1 })).toThrow('{name}');
    expect(() => resolveWorkingDirectory('items/{name}', base, { name: ['one'] })).toThrow('{name}');
  });
});
