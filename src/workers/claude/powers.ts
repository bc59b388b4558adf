import { absolutePath } from '../../domain/paths.ts';
import { type Bounds, environmentPowers, type Power } from '../../domain/power.ts';
import { type ClaudeConfig, type McpConfig, mcpConfigSchema } from './config.ts';
import { ruleOf, WEB_TOOLS, WRITING_TOOLS } from './permissions.ts';
import { fixedPart } from './working-directory.ts';

/** Tools limited to the directories of a run; any other may execute programs and needs approval. */
const BOUNDED_TOOLS: ReadonlySet<string> = new Set([
  'Read',
  'Glob',
  'Grep',
  'LS',
  'NotebookRead',
  'TodoWrite',
  ...WRITING_TOOLS,
]);

/** Lists what an agent with this config can do beyond the bounds of its job. */
export function claudePowers(config: ClaudeConfig, bounds: Bounds): readonly Power[] {
  const { permission, context, env, pass_env, mcp_config } = config;
  return [
    ...(permission === 'full' ? [{ kind: 'full', what: 'permission full' } as const] : []),
    ...(config.tools ?? []).flatMap(toolPowers),
    ...(mcp_config === undefined ? [] : mcpPowers(mcp_config)),
    ...(context === 'project'
      ? [
          {
            kind: 'programs',
            what: 'hooks, skills, plugins and settings of the user and the project (context: project)',
          } as const,
        ]
      : []),
    ...directoryPowers(config, bounds),
    ...environmentPowers(env, pass_env),
  ];
}

/**
 * A relative pattern: nothing that the CLI would trim, expand or split, and no `..`. Not wildcards alone: for Claude
 * Code 2.1.330 `Read(*)` allows Read anywhere.
 */
const RELATIVE = /^(?!(.*\/)?\.\.(\/|$))(?![*?/.]*$)[\p{L}\p{N}._@*?-][^(),\\]*$/su;

/** Powers of a tool; a granted rule such as `Read(//etc/**)` leaves the directories unless it is relative. */
function toolPowers(tool: string): readonly Power[] {
  const { name, specifier } = ruleOf(tool);
  if (WEB_TOOLS.has(name)) return [{ kind: 'network', what: tool }];
  if (!BOUNDED_TOOLS.has(name)) return [{ kind: 'programs', what: `the tool ${tool}` }];
  return specifier !== null && !RELATIVE.test(specifier)
    ? [{ kind: WRITING_TOOLS.has(name) ? 'writes' : 'reads', what: tool }]
    : [];
}

function mcpPowers(config: McpConfig | string): readonly Power[] {
  if (typeof config === 'string') return [{ kind: 'programs', what: `the MCP servers of ${config}` }];
  return Object.entries(mcpConfigSchema.parse(config).mcpServers).map(([name, server]): Power => {
    const { command, args, url } = server;
    const isAddress = command === undefined && Object.keys(server).every((field) => CONNECTION_FIELDS.has(field));
    if (isAddress)
      return {
        kind: 'network',
        what: `the MCP server ${name}: ${typeof url === 'string' ? url : JSON.stringify(url)}`,
      };
    const rest = Array.isArray(args) ? args.map(String) : [];
    const runs = typeof command === 'string' ? [command, ...rest].join(' ') : JSON.stringify(server);
    return { kind: 'programs', what: `the MCP server ${name}: ${runs}` };
  });
}

/** Fields of a server that is only connected to; others (`headersHelper` and future ones) may run programs. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set(['type', 'url', 'headers']);

/** Powers of directories beyond the bounds: read; with edit_in_place also written. */
function directoryPowers(
  { permission, working_directory, add_dirs = [] }: ClaudeConfig,
  bounds: Bounds,
): readonly Power[] {
  const named = [...(working_directory === undefined ? [] : [fixedPart(working_directory) || '.']), ...add_dirs];
  const edits = permission === 'edit_in_place';
  const roots = bounds.roots.filter((root) => edits && !bounds.mayEdit(root));
  return [...roots, ...named].flatMap((name): readonly Power[] => {
    const directory = absolutePath(name, bounds.base);
    const what = bounds.nameOf(directory);
    if (bounds.isSensitive(directory)) return [{ kind: 'credentials', what }];
    if (edits && !bounds.mayEdit(directory)) return [{ kind: 'writes', what }];
    return bounds.mayRead(directory) ? [] : [{ kind: 'reads', what }];
  });
}
