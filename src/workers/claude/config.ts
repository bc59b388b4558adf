import { z } from 'zod';
import { passEnvSchema } from '../process/environment.ts';

/** Permissions of an agent and their meanings. */
export const PERMISSIONS = {
  read_only: 'reads its directories, writes only below the output directory, runs nothing',
  edit_in_place: 'also changes files in its directories; runs commands only where tools names them',
  full: 'uses its tools anywhere, without being asked; runs commands only where tools names Bash; needs a human approval',
} as const;

const RUNS_COMMANDS = /^(Bash|PowerShell|Monitor)\b/;

/**
 * One tool, or a rule for one. Excludes text that the CLI would split into several names, and its name for all tools:
 * what is checked here is what the agent gets.
 */
const TOOL = /^(mcp__[\w-]+|[A-Z][A-Za-z]*)(\(.+\))?$/s;

/** A model name; cannot be mistaken for a command line flag. */
const modelName = z.string().regex(/^[^-\s]\S*$/, 'expected the name of a model, such as haiku');

/** MCP servers as Claude Code accepts them; rejects entries that it would silently skip. */
export const mcpConfigSchema = z.object({
  mcpServers: z.record(
    z.string(),
    z.record(z.string(), z.json()).refine(({ command, url }) => typeof (command ?? url) === 'string', {
      message: 'expected a server with a command or a url',
    }),
  ),
});

/** Schema of `worker` of type claude. All fields are optional; none is ever taken from a payload. */
export const claudeConfigSchema = z
  .strictObject({
    model: modelName.exactOptional().describe('Model name or alias (opus, sonnet, haiku); default: the CLI’s.'),
    fallback_model: modelName.exactOptional().describe('Model to use while the first one is overloaded.'),
    effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).exactOptional().describe('How hard the model thinks.'),
    max_turns: z.int().min(1).exactOptional().describe('Model calls of one attempt.'),
    max_budget_usd: z.number().positive().exactOptional().describe('Money that one attempt may spend.'),
    timeout_s: z.number().positive().exactOptional().describe('Time limit of one attempt; default: limits.timeout_s.'),
    idle_timeout_s: z.number().min(0).exactOptional().describe('Stop an attempt that is silent this long; 0 = never.'),
    permission: z
      .enum(['read_only', 'edit_in_place', 'full'])
      .default('read_only')
      .describe(
        Object.entries(PERMISSIONS)
          .map(([name, meaning]) => `${name}: ${meaning}.`)
          .join(' '),
      ),
    tools: z
      .array(z.string().regex(TOOL, 'expected the name of one tool, such as Read, Bash(git log *) or mcp__server'))
      .exactOptional()
      .describe(
        'The only tools it gets, as Claude Code names them: Read, Write, WebFetch, Bash(git log *), mcp__server.',
      ),
    allow_denials: z
      .boolean()
      .default(false)
      .describe('Whether an attempt counts as done although a tool was refused to it.'),
    context: z
      .enum(['lean', 'project'])
      .default('lean')
      .describe(
        'lean: nothing but the task. project: with CLAUDE.md, skills, hooks and settings of user and project, whose permission rules and hooks then count too.',
      ),
    working_directory: z
      .string()
      .min(1)
      .exactOptional()
      .describe('Where it works; may contain {field}, which must stay below the part before it.'),
    add_dirs: z.array(z.string().min(1)).exactOptional().describe('More directories that it may use.'),
    mcp_config: z
      .union([mcpConfigSchema, z.string().min(1)])
      .exactOptional()
      .describe(
        'MCP servers for the agent: {"mcpServers": {…}} or the path of such a file. Name their tools in tools.',
      ),
    append_system_prompt: z.string().min(1).exactOptional().describe('Text added to the system prompt of every unit.'),
    env: z.record(z.string(), z.string()).exactOptional().describe('Environment variables with their values.'),
    pass_env: passEnvSchema.exactOptional(),
  })
  .refine(
    ({ permission, tools = [] }) => permission !== 'read_only' || !tools.some((tool) => RUNS_COMMANDS.test(tool)),
    {
      path: ['tools'],
      message: 'expected no tool that runs commands with permission read_only; choose edit_in_place or full',
    },
  );

export type ClaudeConfig = z.infer<typeof claudeConfigSchema>;
export type McpConfig = z.infer<typeof mcpConfigSchema>;
