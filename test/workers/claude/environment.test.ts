import { describe, expect, it } from 'vitest';
import { LOGIN_VARIABLES, loginVariables, loginVariablesFor } from '../../../src/workers/claude/environment.ts';

const EVERYTHING = {
  HOME: '/home/a',
  PATH: '/bin',
  AWS_PROFILE: 'p',
  AWS_REGION: 'r',
  GOOGLE_APPLICATION_CREDENTIALS: '/g.json',
  CLOUD_ML_REGION: 'eu',
  AZURE_TENANT_ID: 't',
  ANTHROPIC_FOUNDRY_RESOURCE: 'f',
};

describe('login variables', () => {
  it.each<[string, Record<string, string>, Record<string, string>, readonly string[]]>([
    ['a key', { ...EVERYTHING, ANTHROPIC_API_KEY: 'k' }, {}, ['ANTHROPIC_API_KEY']],
    [
      'a key and where it is sent',
      { ANTHROPIC_AUTH_TOKEN: 'k', ANTHROPIC_BASE_URL: 'u' },
      {},
      ['ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL'],
    ],
    ['a stored login', EVERYTHING, {}, ['HOME']],
    ['a stored login elsewhere', { ...EVERYTHING, CLAUDE_CONFIG_DIR: '/c' }, {}, ['CLAUDE_CONFIG_DIR', 'HOME']],
    [
      'Bedrock',
      { ...EVERYTHING, CLAUDE_CODE_USE_BEDROCK: '1' },
      {},
      ['AWS_PROFILE', 'AWS_REGION', 'CLAUDE_CODE_USE_BEDROCK'],
    ],
    [
      'Bedrock, though a key is set',
      { ...EVERYTHING, CLAUDE_CODE_USE_BEDROCK: '1', ANTHROPIC_API_KEY: 'k' },
      {},
      ['AWS_PROFILE', 'AWS_REGION', 'CLAUDE_CODE_USE_BEDROCK'],
    ],
    [
      'Vertex',
      { ...EVERYTHING, CLAUDE_CODE_USE_VERTEX: '1' },
      {},
      ['CLAUDE_CODE_USE_VERTEX', 'CLOUD_ML_REGION', 'GOOGLE_APPLICATION_CREDENTIALS'],
    ],
    [
      'Foundry',
      { ...EVERYTHING, CLAUDE_CODE_USE_FOUNDRY: '1' },
      {},
      ['ANTHROPIC_FOUNDRY_RESOURCE', 'AZURE_TENANT_ID', 'CLAUDE_CODE_USE_FOUNDRY'],
    ],
    ['a key that is empty', { HOME: '/h', ANTHROPIC_API_KEY: '' }, {}, ['HOME']],
    ['a key that the job brings along', { ...EVERYTHING }, { ANTHROPIC_API_KEY: 'k' }, []],
    [
      'a provider that the job names',
      { ...EVERYTHING },
      { CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'x' },
      ['AWS_PROFILE'],
    ],
  ])('with %s', (_, environment, given, names) => {
    expect(loginVariables(environment, given)).toEqual(names);
  });

  it('that select the account are passed only if set at the start', () => {
    expect(loginVariablesFor(null)).toEqual(LOGIN_VARIABLES);
    const withStoredLogin = loginVariablesFor({ program: null, variables: ['HOME'] });
    expect(LOGIN_VARIABLES.filter((name) => !withStoredLogin.includes(name))).toEqual([
      'ANTHROPIC_API_KEY',
      'ANTHROPIC_AUTH_TOKEN',
      'ANTHROPIC_BASE_URL',
      'ANTHROPIC_CUSTOM_HEADERS',
      'CLAUDE_CODE_OAUTH_TOKEN',
      'CLAUDE_CONFIG_DIR',
      'CLAUDE_CODE_USE_BEDROCK',
      'CLAUDE_CODE_USE_VERTEX',
      'CLAUDE_CODE_USE_FOUNDRY',
    ]);
    expect(loginVariablesFor({ program: null, variables: ['ANTHROPIC_API_KEY'] })).toContain('ANTHROPIC_API_KEY');
  });
});
