import type { JsonObject } from '../../domain/json.ts';
import { absolutePath } from '../../domain/paths.ts';
import type { Policy } from '../../ports/worker.ts';
import { configOf } from '../process/worker.ts';
import type { ClaudeConfig } from './config.ts';

/** Returns what a config decides outside this worker. */
export function claudePolicy(config: ClaudeConfig): Policy {
  const { max_budget_usd, timeout_s, idle_timeout_s, model = null, pass_env = [] } = config;
  return {
    attemptCapUsd: max_budget_usd ?? null,
    timeoutMs: timeout_s === undefined ? null : timeout_s * 1000,
    idleTimeoutMs: idle_timeout_s === undefined ? null : idle_timeout_s * 1000,
    model,
    variables: pass_env,
  };
}

/** Returns the config with absolute paths. */
export function resolvePaths(config: JsonObject, base: string): JsonObject {
  const { working_directory = '.', add_dirs, mcp_config } = configOf<ClaudeConfig>({ config });
  return {
    ...config,
    working_directory: absolutePath(working_directory, base),
    ...(add_dirs && { add_dirs: add_dirs.map((directory) => absolutePath(directory, base)) }),
    ...(typeof mcp_config === 'string' && { mcp_config: absolutePath(mcp_config, base) }),
  };
}
