import { atLeast } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { ServeCommandOptions } from '../upkeep/serve.ts';

/** abp mcp */
export const mcp: DefineCommand = (program, act) => {
  program
    .command('mcp')
    .summary('serve MCP on stdin and stdout, for assistants')
    .description(
      'Runs the MCP server. An assistant (Claude Code, Claude Desktop, Cursor…) starts it and talks to it on stdin and stdout.',
    )
    .addHelpText('after', '\nExamples:\n  $ claude mcp add abp -- abp mcp')
    .action(
      act(async ({ host }) => {
        await host.interfaces.mcp();
        return 'done';
      }),
    );
};

const SERVE_HELP = `
A person signs in with a link, not with the token. --open opens a browser with a link, a terminal shows a link, and --link
prints a new one for the running server of this store. The token is for programs: it does not allow approvals that need a
person.

Examples:
  $ abp serve --open
  $ abp serve --link            where there is no browser`;

/** abp serve */
export const serve: DefineCommand = (program, act) => {
  program
    .command('serve')
    .summary('serve the dashboard and the HTTP API')
    .description(
      'Serves the dashboard, the HTTP API and MCP over HTTP until Ctrl-C, on 127.0.0.1 unless --host is given. Jobs run without it.',
    )
    .option('--open', 'open a browser that is signed in', false)
    .option('--link', 'print a link that signs one browser in, once, within two minutes', false)
    .option('--port <n>', 'default: ABP_DASHBOARD_PORT, or the next free port; 0 = any', atLeast(0, 65_535))
    .option('--host <address>', 'default: 127.0.0.1; any other needs --token-file')
    .option('--token-file <file>', 'file with your own token of at least 32 characters')
    .option('--status', 'print whether this store is served', false)
    .option('--stop', 'stop the server of this store', false)
    .addHelpText('after', SERVE_HELP)
    .action(
      act(async (session, options: ServeCommandOptions) => {
        const { runServe } = await import('../upkeep/serve.ts');
        return runServe(session, options);
      }),
    );
};
