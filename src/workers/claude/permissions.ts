import type { ClaudeConfig } from './config.ts';

/** What the CLI is told about tools and directories. */
export interface Access {
  /** Built-in tools that exist for the agent. */
  readonly tools: readonly string[];
  /** Permission rules that are granted beforehand. */
  readonly allow: readonly string[];
  /** null = no permission is ever asked for. */
  readonly mode: 'dontAsk' | 'acceptEdits' | null;
}

/** Where the job names none. Each costs its description in every request; commands run only where a job asks for that. */
const DEFAULT_TOOLS = {
  read_only: ['Read', 'Glob', 'Grep', 'Write'],
  edit_in_place: ['Read', 'Glob', 'Grep', 'Edit', 'Write'],
  full: ['Read', 'Glob', 'Grep', 'Edit', 'Write'],
} as const;

/** Tools whose reach is bounded by directories, not by a rule with their name. */
const READING_TOOLS: ReadonlySet<string> = new Set(['Read', 'Glob', 'Grep', 'LS', 'NotebookRead']);
export const WRITING_TOOLS: ReadonlySet<string> = new Set(['Write', 'Edit', 'MultiEdit', 'NotebookEdit']);
/** Tools that ask the network. */
export const WEB_TOOLS: ReadonlySet<string> = new Set(['WebFetch', 'WebSearch']);

/**
 * Maps a job's permission to what the CLI enforces. Reading is bounded by the working and added directories. With
 * read_only nothing but the output directory can be written (`dontAsk` refuses whatever no rule allows; a rule for Edit
 * covers every writing tool); with edit_in_place edits below the directories pass and other tools need their rule; with
 * full every tool that exists may do anything.
 */
export function accessOf(
  config: Pick<ClaudeConfig, 'permission' | 'tools'>,
  /** The output directory by every path that leads to it: a write must be allowed as asked for and as resolved. */
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

/** A tool of a config taken apart: `Bash(git log *)` is a rule for Bash with a specifier. */
export function ruleOf(rule: string): { readonly name: string; readonly specifier: string | null } {
  const at = rule.indexOf('(');
  return at < 0 ? { name: rule, specifier: null } : { name: rule.slice(0, at), specifier: rule.slice(at + 1, -1) };
}

function nameOf(rule: string): string {
  return ruleOf(rule).name;
}

/** A rule's pattern for everything below an absolute directory: `//` = from the root. */
function below(directory: string): string {
  return `/${literal(directory)}/**`;
}

/** A path in a rule's pattern, its wildcards taken literally. */
export function literal(directory: string): string {
  return directory.replace(/[\\*?[\]!#()]/g, '\\$&');
}
