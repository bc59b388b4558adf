import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Run } from '../../ports/worker.ts';
import { configDirectory } from './environment.ts';
import { literal } from './permissions.ts';

const text = z.string().optional().catch(undefined);
const texts = z.record(z.string(), z.string());

/**
 * Fields of a settings file kept for a lean agent. A value of the wrong type counts as absent: to the CLI it would void
 * all settings.
 */
const settingsSchema = z
  .object({
    apiKeyHelper: text,
    proxyAuthHelper: text,
    awsAuthRefresh: text,
    awsCredentialExport: text,
    gcpAuthRefresh: text,
    model: text,
    modelOverrides: texts.optional().catch(undefined),
    env: texts.catch({}).default({}),
    permissions: z.object({ deny: z.array(z.string()) }).catch({ deny: [] }),
  })
  .catch({ env: {}, permissions: { deny: [] } });

type Settings = z.output<typeof settingsSchema>;

/** Settings kept for a lean agent, which does not read the settings files. */
export interface KeptSettings {
  /** User settings: login and model. */
  readonly settings: Omit<Settings, 'env' | 'permissions'>;
  /** Environment variables of the settings, which often hold a provider and its key. */
  readonly env: Settings['env'];
  /** Deny rules. Allow rules are dropped: the job's permission is the limit. */
  readonly deny: readonly string[];
}

/** No settings, for an agent that reads the files itself. */
export const NOTHING_KEPT: KeptSettings = { settings: {}, env: {}, deny: [] };

/**
 * Reads Claude Code's settings files of the user and of the project in `directory`. An invalid file counts as empty.
 */
export function keptSettings(directory: string, environment: Run['environment']): KeptSettings {
  const { env, permissions, ...settings } = read(path.join(configDirectory(environment), 'settings.json'));
  const ofProject = ['settings.json', 'settings.local.json']
    .flatMap((name) => read(path.join(directory, '.claude', name)).permissions.deny)
    // A path starting with `/` is relative to the project there, but to the root outside a project rule.
    .map((rule) => rule.replace(/\(\/(?!\/)/, () => `(/${literal(directory)}/`));
  return { settings, env, deny: [...permissions.deny, ...ofProject] };
}

function read(file: string): Settings {
  try {
    return settingsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return settingsSchema.parse({});
  }
}
