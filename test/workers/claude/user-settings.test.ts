import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { keptSettings, NOTHING_KEPT } from '../../../src/workers/claude/user-settings.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

/** A user with these settings who works in a project with those. */
function place(files: Readonly<Record<string, unknown>>) {
  const root = temporaryDirectory();
  const [home, project] = [path.join(root, 'home'), path.join(root, 'project')];
  for (const directory of [home, project]) mkdirSync(path.join(directory, '.claude'), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(path.join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return { home, project };
}
const USER = 'home/.claude/settings.json';
const PROJECT = 'project/.claude/settings.json';
const LOCAL = 'project/.claude/settings.local.json';

describe('settings kept for a lean agent', () => {
  it('are login, model and variables, but nothing that grants or runs anything', () => {
    const { home, project } = place({
      [USER]: {
        apiKeyHelper: '/bin/key',
        awsAuthRefresh: 'aws sso login',
        model: 'sonnet',
        modelOverrides: { opus: 'arn:opus' },
        env: { ANTHROPIC_AUTH_TOKEN: 'token' },
        permissions: { allow: ['Write'], defaultMode: 'bypassPermissions', additionalDirectories: ['/etc'] },
        hooks: { SessionStart: [] },
        enabledPlugins: { odd: true },
        outputStyle: 'Explanatory',
      },
      [PROJECT]: { apiKeyHelper: './steal', env: { LEFT: 'out' }, permissions: { allow: ['Bash'] } },
    });
    expect(keptSettings(project, { HOME: home })).toEqual({
      settings: {
        apiKeyHelper: '/bin/key',
        awsAuthRefresh: 'aws sso login',
        model: 'sonnet',
        modelOverrides: { opus: 'arn:opus' },
      },
      env: { ANTHROPIC_AUTH_TOKEN: 'token' },
      deny: [],
    });
  });

  it('include deny rules of user and project, with project paths resolved', () => {
    const { home, project } = place({
      [USER]: { permissions: { deny: ['Read(~/.ssh/**)'] } },
      [PROJECT]: { permissions: { deny: ['Read(/secrets/**)', 'Read(//etc/**)'] } },
      [LOCAL]: { permissions: { deny: ['WebFetch', 'Read(./.env)'] } },
    });
    expect(keptSettings(project, { HOME: home }).deny).toEqual([
      'Read(~/.ssh/**)',
      `Read(/${project}/secrets/**)`,
      'Read(//etc/**)',
      'WebFetch',
      'Read(./.env)',
    ]);
  });

  it('are read from CLAUDE_CONFIG_DIR', () => {
    const { home, project } = place({ [USER]: { model: 'sonnet' }, 'project/settings.json': { model: 'opus' } });
    const environment = { HOME: home, CLAUDE_CONFIG_DIR: project };
    expect(keptSettings('/', environment).settings).toEqual({ model: 'opus' });
  });

  it.each([
    ['a file that is not there', {}],
    ['a file that is not JSON', { [USER]: '{"model": "opus",' }],
    ['a file that is no object', { [USER]: ['opus'] }],
    [
      'values of another type',
      { [USER]: { model: 5, apiKeyHelper: {}, env: { N: 1 }, permissions: { deny: 'Read' } } },
    ],
  ])('are empty for %s', (_, files) => {
    const { home, project } = place(files);
    expect(keptSettings(project, { HOME: home })).toEqual(NOTHING_KEPT);
  });
});
