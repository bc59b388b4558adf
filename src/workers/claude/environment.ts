import path from 'node:path';
import type { Assignment } from '../../domain/worker.ts';
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
