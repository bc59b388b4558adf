import path from 'node:path';
import type { Needs } from '../../domain/needs.ts';
import type { Run } from '../../ports/worker.ts';
import { baseEnvironment } from '../process/environment.ts';

/**
 * Variables for login and provider, as documented by Claude Code; a name ending in `_` is a prefix. All other CLAUDE_*
 * variables belong to the host's own session and are not passed.
 */
export const LOGIN_VARIABLES: readonly string[] = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_CUSTOM_HEADERS',
  'ANTHROPIC_BEDROCK_BASE_URL',
  'ANTHROPIC_VERTEX_BASE_URL',
  'ANTHROPIC_VERTEX_PROJECT_ID',
  'ANTHROPIC_FOUNDRY_API_KEY',
  'ANTHROPIC_FOUNDRY_BASE_URL',
  'ANTHROPIC_FOUNDRY_RESOURCE',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CONFIG_DIR',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
  'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
  'CLAUDE_CODE_SKIP_VERTEX_AUTH',
  'CLOUD_ML_REGION',
  'AWS_',
  'GOOGLE_',
  'VERTEX_',
  'AZURE_',
];

/** Each of these suffices to log in without a stored login. */
const KEYS = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
] as const;

/**
 * Settings for batch use. Attachments are off because `@/some/path` anywhere in a prompt would read that file into it,
 * and items are not trusted. Memory is off because many agents would write the same notes. The attribution header is
 * off because it puts a fingerprint of the user's message before the system prompt, which prevents cache sharing
 * between units. The executor handles waiting, so the CLI retries only once.
 */
export const BATCH_VARIABLES: Readonly<Record<string, string>> = {
  DISABLE_AUTOUPDATER: '1',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  CLAUDE_CODE_ATTRIBUTION_HEADER: '0',
  CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
  CLAUDE_CODE_MAX_RETRIES: '1',
};

/** Further login variables of each provider. */
const PROVIDER_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  CLAUDE_CODE_USE_BEDROCK: ['CLAUDE_CODE_SKIP_BEDROCK_AUTH', 'ANTHROPIC_BEDROCK_BASE_URL', 'AWS_'],
  CLAUDE_CODE_USE_VERTEX: [
    'CLAUDE_CODE_SKIP_VERTEX_AUTH',
    'ANTHROPIC_VERTEX_BASE_URL',
    'ANTHROPIC_VERTEX_PROJECT_ID',
    'CLOUD_ML_REGION',
    'GOOGLE_',
    'VERTEX_',
  ],
  CLAUDE_CODE_USE_FOUNDRY: [
    'ANTHROPIC_FOUNDRY_API_KEY',
    'ANTHROPIC_FOUNDRY_BASE_URL',
    'ANTHROPIC_FOUNDRY_RESOURCE',
    'AZURE_',
  ],
};
/** Variables of every login: its target, and the place of a stored login. */
const COMMON_LOGIN_VARIABLES = ['ANTHROPIC_BASE_URL', 'ANTHROPIC_CUSTOM_HEADERS', 'CLAUDE_CONFIG_DIR'] as const;

/**
 * Names of the set variables by which Claude Code logs in, except those that `given` sets: the key, or a provider with
 * all its variables; with neither, those that locate a stored login.
 */
export function loginVariables(
  environment: Run['environment'],
  given: Readonly<Record<string, string>> = {},
): readonly string[] {
  const own = { ...environment, ...given };
  // A provider takes precedence over a key.
  const by = Object.keys(PROVIDER_VARIABLES).find((name) => (own[name] ?? '') !== '') ?? keyIn(own);
  const wanted = [...COMMON_LOGIN_VARIABLES, ...(by === null ? ['HOME'] : [by, ...(PROVIDER_VARIABLES[by] ?? [])])];
  return Object.keys(environment)
    .filter((name) => (environment[name] ?? '') !== '' && !Object.hasOwn(given, name))
    .filter((name) => wanted.some((want) => (want.endsWith('_') ? name.startsWith(want) : name === want)))
    .sort();
}

/** Variables that select the account: one that was not set at the start must not replace the recorded login. */
const ACCOUNT_VARIABLES: ReadonlySet<string> = new Set([...KEYS, ...COMMON_LOGIN_VARIABLES]);
const passedOn = new WeakMap<Needs, readonly string[]>();

/**
 * Login variables passed to an agent (one list per `needs`); of those that select the account only the recorded ones.
 */
export function loginVariablesFor(needs: Needs | null): readonly string[] {
  if (needs === null) return LOGIN_VARIABLES;
  const known = passedOn.get(needs);
  if (known) return known;
  const names = LOGIN_VARIABLES.filter((name) => !ACCOUNT_VARIABLES.has(name) || needs.variables.includes(name));
  passedOn.set(needs, names);
  return names;
}

/** Directory of Claude Code's settings and sessions. */
export function configDirectory(environment: Run['environment']): string {
  return environment.CLAUDE_CONFIG_DIR || path.join(environment.HOME ?? '/', '.claude');
}

/** Environment for probing the CLI. */
export function probeEnvironment(environment: Run['environment']): Record<string, string> {
  return { ...baseEnvironment(environment, LOGIN_VARIABLES), ...BATCH_VARIABLES };
}

/** The variable that logs in; null if a stored login is needed. */
export function keyIn(environment: Run['environment']): string | null {
  return KEYS.find((name) => (environment[name] ?? '') !== '') ?? null;
}
