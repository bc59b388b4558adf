import type { JsonObject } from '../../domain/json.ts';
import type { ClaudeCli } from './cli.ts';
import type { ClaudeConfig } from './config.ts';
import type { Access } from './permissions.ts';
import { toolSchema } from './tool-schema.ts';
import type { KeptSettings } from './user-settings.ts';

/** Inputs of the command line of one attempt. Paths are absolute. */
export interface ArgumentParts {
  readonly config: ClaudeConfig;
  readonly access: Access;
  readonly kept: Pick<KeptSettings, 'settings' | 'deny'>;
  readonly sessionId: string;
  readonly resume: boolean;
  readonly systemPrompt: string;
  /** File with the system prompt if it cannot be an argument. */
  readonly systemPromptFile: string | null;
  readonly outputSchema: JsonObject | null;
  readonly directories: readonly string[];
  readonly mcpConfigFile: string | null;
  readonly budgetUsd: number | null;
}

/**
 * Builds the CLI arguments from flags listed in its --help. Only --max-turns and the -file variants of a system prompt
 * are used unlisted: they work but are hidden. Permissions are passed in --settings as JSON, because --allowedTools
 * splits rules at commas and spaces. Nothing comes from a payload, and equal inputs of two units give equal bytes.
 */
export function claudeArguments(cli: ClaudeCli, parts: ArgumentParts): readonly string[] {
  const { config, access, kept, sessionId, resume, outputSchema, directories, mcpConfigFile, budgetUsd } = parts;
  const permissions = { allow: access.allow, ...(kept.deny.length > 0 && { deny: kept.deny }) };
  const options: [flag: string, ...values: string[]][] = [
    ['--print'],
    ['--verbose'],
    ['--output-format', 'stream-json'],
    [resume ? '--resume' : '--session-id', sessionId],
    ['--strict-mcp-config'],
    ['--tools', access.tools.join(',')],
    ['--settings', JSON.stringify({ ...kept.settings, permissions })],
    systemPromptOption(parts),
  ];
  if (access.mode === null) options.push(['--dangerously-skip-permissions']);
  else options.push(['--permission-mode', access.mode]);
  if (config.context === 'lean') options.push(...leanOptions(cli, mcpConfigFile !== null));
  if (mcpConfigFile !== null) options.push(['--mcp-config', mcpConfigFile]);
  if (directories.length > 0) options.push(['--add-dir', ...directories]);
  if (outputSchema !== null) options.push(['--json-schema', JSON.stringify(toolSchema(outputSchema))]);
  if (config.model !== undefined) options.push(['--model', config.model]);
  if (config.fallback_model !== undefined) options.push(['--fallback-model', config.fallback_model]);
  if (config.effort !== undefined && cli.flags.has('--effort')) options.push(['--effort', config.effort]);
  if (budgetUsd !== null && cli.flags.has('--max-budget-usd')) options.push(['--max-budget-usd', String(budgetUsd)]);
  if (config.max_turns !== undefined) options.push(['--max-turns', String(config.max_turns)]);
  return options.flat();
}

function systemPromptOption({ config, systemPrompt, systemPromptFile }: ArgumentParts): [string, string] {
  const flag = config.context === 'project' ? '--append-system-prompt' : '--system-prompt';
  return systemPromptFile === null ? [flag, systemPrompt] : [`${flag}-file`, systemPromptFile];
}

/**
 * Flags that exclude CLAUDE.md, hooks, plugins, skills and settings files: each may grant more than the job's
 * permission. --safe-mode alone keeps the rules of settings files; it also ignores --mcp-config.
 */
function leanOptions({ flags }: ClaudeCli, hasMcp: boolean): [string, ...string[]][] {
  const customizations = flags.has('--safe-mode') && !hasMcp ? '--safe-mode' : '--disable-slash-commands';
  const wanted: [string, ...string[]][] = [['--setting-sources', ''], [customizations]];
  return wanted.filter(([flag]) => flags.has(flag));
}
