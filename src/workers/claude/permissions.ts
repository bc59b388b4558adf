import type { ClaudeConfig } from './config.ts';

/** Tools and permissions passed to the CLI. */
export interface Access {
  /** Built-in tools available to the agent. */
  readonly tools: readonly string[];
  /** Permission rules granted in advance. */
  readonly allow: readonly string[];
  /** Null = permission prompts are skipped. */
  readonly mode: 'dontAsk' | 'acceptEdits' | null;
}

/**
 * Tools if the job names none. Each adds its description to every request; commands run only if a job asks for them.
 */
const DEFAULT_TOOLS = {
  read_only: ['Read', 'Glob', 'Grep', 'Write'],
  edit_in_place: ['Read', 'Glob', 'Grep', 'Edit', 'Write'],
  full: ['Read', 'Glob', 'Grep', 'Edit', 'Write'],
} as const;

/** Tools bounded by directories instead of rules with their name. */
const READING_TOOLS: ReadonlySet<string> = new Set(['Read', 'Glob', 'Grep', 'LS', 'NotebookRead']);
export const WRITING_TOOLS: ReadonlySet<string> = new Set(['Write', 'Edit', 'MultiEdit', 'NotebookEdit']);
/** Tools that access the network. */
export const WEB_TOOLS: ReadonlySet<string> = new Set(['WebFetch', 'WebSearch']);

/**
 * Maps a job's permission to CLI settings. Reading is bounded by the working and added directories. With read_only only
 * the output directory is writable (`dontAsk` denies whatever no rule allows; an Edit rule covers every writing tool);
 * with edit_in_place edits below the directories are allowed and other tools need a rule; with full every available
 * tool may do anything.
 */
export function accessOf(
  config: Pick<ClaudeConfig, 'permission' | 'tools'>,
  /** All paths that lead to the output directory: a write is checked as requested and as resolved. */
  outputPaths: readonly string[],
): Access {
  const { permission } = config;
  const chosen = config.tools ?? DEFAULT_TOOLS[permission];
  const tools = [...new Set(chosen.map(nameOf).filter((name) => !name.startsWith('mcp__')))];
  if (permission === 'full') return { tools, allow: chosen, mode: null };
  const allow = chosen.filter((rule) => !READING_TOOLS.has(rule) && !WRITING_TOOLS.has(nameOf(rule)));
  const mayWrite = chosen.some((rule) => WRITING_TOOLS.has(nameOf(rule)));
  return {
    tools,
    allow:
      permission === 'read_only' && mayWrite
        ? [...allow, ...outputPaths.map((directory) => `Edit(${below(directory)})`)]
        : allow,
    mode: permission === 'read_only' ? 'dontAsk' : 'acceptEdits',
  };
}

/** Splits a tool of a config: `Bash(git log *)` is a rule for Bash with a specifier. */
export function ruleOf(rule: string): { readonly name: string; readonly specifier: string | null } {
  const at = rule.indexOf('(');
  return at < 0 ? { name: rule, specifier: null } : { name: rule.slice(0, at), specifier: rule.slice(at + 1, -1) };
}

function nameOf(rule: string): string {
  return ruleOf(rule).name;
}

/** Pattern for everything below an absolute directory: `//` = from the root. */
function below(directory: string): string {
  return `/${literal(directory)}/**`;
}

/** Escapes the wildcards of a path for a rule's pattern. */
export function literal(directory: string): string {
  return directory.replace(/[\\*?[\]!#()]/g, '\\$&');
}
