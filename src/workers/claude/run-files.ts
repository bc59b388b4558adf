import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AbpError } from '../../domain/error.ts';
import { absolutePath } from '../../domain/paths.ts';
import { parseWith } from '../../domain/validate.ts';
import { type ClaudeConfig, mcpConfigSchema } from './config.ts';

/** Longest argument on Linux (MAX_ARG_STRLEN, with the final NUL). */
export const LONGEST_ARGUMENT_BYTES = 128 * 1024 - 1;

/** Writes a system prompt that cannot be an argument (too long, contains NUL, looks like a flag) to a file; null for any other. */
export function systemPromptFile(systemPrompt: string, runDirectory: string): string | null {
  const isArgument = !systemPrompt.startsWith('-') && !systemPrompt.includes('\0');
  if (isArgument && Buffer.byteLength(systemPrompt) <= LONGEST_ARGUMENT_BYTES) return null;
  return write(runDirectory, 'system-prompt', systemPrompt);
}

/**
 * Returns the file with the agent's MCP servers; an inline config may hold secrets and is written to a file instead of
 * the command line. Throws AbpError `invalid_input` if the file is missing or invalid: the CLI would fail or skip a
 * server.
 */
export function mcpConfigFile({ mcp_config }: ClaudeConfig, runDirectory: string, base: string): string | null {
  if (mcp_config === undefined) return null;
  if (typeof mcp_config !== 'string') {
    // An empty config has no effect but would disable safe mode.
    if (Object.keys(mcp_config.mcpServers).length === 0) return null;
    return write(runDirectory, 'mcp.json', JSON.stringify(mcp_config));
  }
  const file = absolutePath(mcp_config, base);
  const hint = 'Give the path of a JSON file with mcpServers, or the object itself.';
  if (!existsSync(file)) throw new AbpError('invalid_input', `mcp_config ${file} does not exist.`, { hint });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new AbpError('invalid_input', `mcp_config ${file} is not JSON: ${(cause as Error).message}`, { hint, cause });
  }
  parseWith(mcpConfigSchema, content, `mcp_config ${file}`, hint);
  return file;
}

function write(runDirectory: string, name: string, text: string): string {
  const file = path.join(runDirectory, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
