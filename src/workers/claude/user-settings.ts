import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Assignment } from '../../ports/worker.ts';
import { configDirectory } from './environment.ts';
import { literal } from './permissions.ts';

const text = z.string().optional().catch(undefined);
const texts = z.record(z.string(), z.string());

/** Of a settings file what a lean agent keeps. Of another type counts as absent: one such value voids all settings. */
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

/** What a lean agent has of the settings files, which it does not get. */
export interface KeptSettings {
  /** Settings of the user by their own names: how to log in, which model to use. */
  readonly settings: Omit<Settings, 'env' | 'permissions'>;
  /** Variables that they set for Claude Code, where many put a provider and its key. */
  readonly env: Settings['env'];
  /** Permission rules that refuse. Those that grant are left out: a job's own permission is all that an agent may do. */
  readonly deny: readonly string[];
}

/** Nothing kept, for an agent that gets the files themselves. */
export const NOTHING_KEPT: KeptSettings = { settings: {}, env: {}, deny: [] };

/** Reads Claude Code's settings files of the user, and of the project in a directory. A broken one counts as empty. */
export function keptSettings(directory: string, environment: Assignment['environment']): KeptSettings {
  const { env, permissions, ...settings } = read(path.join(configDirectory(environment), 'settings.json'));
  const ofProject = ['settings.json', 'settings.local.json']
    .flatMap((name) => read(path.join(directory, '.claude', name)).permissions.deny)
    // A path from `/` is meant from the project, but from the root once its rule is no rule of a project.
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
