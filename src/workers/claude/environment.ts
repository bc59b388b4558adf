import path from 'node:path';
import type { Needs } from '../../domain/needs.ts';
import type { Assignment } from '../../ports/worker.ts';
import { baseEnvironment } from '../process/environment.ts';

/**
 * Variables by which Claude Code logs in or finds its provider, as its documentation lists them; a name ending in `_`
 * stands for all that begin so. Everything else of CLAUDE_* belongs to the host's own session and stays out.
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

/** Any of these logs in by itself: no stored login is needed then. */
const KEYS = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
] as const;

/**
 * What makes a CLI fit for a batch. Attachments are off because `@/some/path` anywhere in a prompt would read that file
 * into it, and items are not trusted; memory is off because many agents would write the same notes; the attribution
 * header is off because it puts a fingerprint of the user's message before the system prompt, which no other unit can
 * then share from a cache; the executor owns waiting, so the CLI asks only once more.
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

/** What else logs in with a provider's flag; of the others only the variable itself. */
const OF_PROVIDER: Readonly<Record<string, readonly string[]>> = {
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
/** Where any login leads, and where a stored one lies. */
const OF_EVERY_LOGIN = ['ANTHROPIC_BASE_URL', 'ANTHROPIC_CUSTOM_HEADERS', 'CLAUDE_CONFIG_DIR'] as const;

/**
 * Names of the variables in an environment by which Claude Code logs in with it, beside those that `given` sets: the key or
 * a provider with all of its own; with neither, what a stored login is found by.
 */
export function loginVariables(
  environment: Assignment['environment'],
  given: Readonly<Record<string, string>> = {},
): readonly string[] {
  const own = { ...environment, ...given };
  // A provider comes before a key that is set as well.
  const by = Object.keys(OF_PROVIDER).find((name) => (own[name] ?? '') !== '') ?? keyIn(own);
  const wanted = [...OF_EVERY_LOGIN, ...(by === null ? ['HOME'] : [by, ...(OF_PROVIDER[by] ?? [])])];
  return Object.keys(environment)
    .filter((name) => (environment[name] ?? '') !== '' && !Object.hasOwn(given, name))
    .filter((name) => wanted.some((want) => (want.endsWith('_') ? name.startsWith(want) : name === want)))
    .sort();
}

/** By which account, and where, a login is made: one that the start did not have must not take the place of its own. */
const DECIDING: ReadonlySet<string> = new Set([...KEYS, ...OF_EVERY_LOGIN]);
const passedOn = new WeakMap<Needs, readonly string[]>();

/** The login variables that reach an agent (one list for each `needs`): of those that decide only what was recorded. */
export function loginVariablesFor(needs: Needs | null): readonly string[] {
  if (needs === null) return LOGIN_VARIABLES;
  const known = passedOn.get(needs);
  if (known) return known;
  const names = LOGIN_VARIABLES.filter((name) => !DECIDING.has(name) || needs.variables.includes(name));
  passedOn.set(needs, names);
  return names;
}

/** Where Claude Code keeps its settings and sessions. */
export function configDirectory(environment: Assignment['environment']): string {
  return environment.CLAUDE_CONFIG_DIR || path.join(environment.HOME ?? '/', '.claude');
}

/** The environment of a CLI that is only asked about itself. */
export function probeEnvironment(environment: Assignment['environment']): Record<string, string> {
  return { ...baseEnvironment(environment, LOGIN_VARIABLES), ...BATCH_VARIABLES };
}

/** The variable that logs in, or null when a stored login is needed. */
export function keyIn(environment: Assignment['environment']): string | null {
  return KEYS.find((name) => (environment[name] ?? '') !== '') ?? null;
}
