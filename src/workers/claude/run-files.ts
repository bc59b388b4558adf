import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AbpError } from '../../domain/error.ts';
import { parseWith } from '../../domain/validate.ts';
import { type ClaudeConfig, mcpConfigSchema } from './config.ts';
import { absolute } from './working-directory.ts';

/** Linux takes no longer argument (MAX_ARG_STRLEN, with the NUL at its end). */
export const LONGEST_ARGUMENT_BYTES = 128 * 1024 - 1;

/** The file with a system prompt that no command line takes (too long, a NUL in it, like a flag); null for any other. */
export function systemPromptFile(systemPrompt: string, runDirectory: string): string | null {
  const isArgument = !systemPrompt.startsWith('-') && !systemPrompt.includes('\0');
  if (isArgument && Buffer.byteLength(systemPrompt) <= LONGEST_ARGUMENT_BYTES) return null;
  return write(runDirectory, 'system-prompt', systemPrompt);
}

/**
 * The file with the agent's MCP servers; a config given in place may hold secrets, so it is not put on a command line.
 * Throws `invalid_input` for a file that is not there or not such a config: the CLI would end, or leave a server out.
 */
export function mcpConfigFile({ mcp_config }: ClaudeConfig, runDirectory: string, base: string): string | null {
  if (mcp_config === undefined) return null;
  if (typeof mcp_config !== 'string') {
    // Without a server there is nothing to start, and the flag alone would switch safe mode off.
    if (Object.keys(mcp_config.mcpServers).length === 0) return null;
    return write(runDirectory, 'mcp.json', JSON.stringify(mcp_config));
  }
  const file = absolute(mcp_config, base);
  const hint = 'Give the path of a JSON file with mcpServers, or the object itself, with update_job.';
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
