import { atLeast } from '../arguments.ts';
import type { DefineCommand } from '../command.ts';
import type { ServeCommandOptions } from '../upkeep/serve.ts';

/** abp mcp */
export const mcp: DefineCommand = (program, act) => {
  program
    .command('mcp')
    .summary('serve MCP on stdin and stdout, for assistants')
    .description(
      'The MCP server: an assistant (Claude Code, Claude Desktop, Cursor…) starts it and speaks with it on stdin and stdout.',
    )
    .addHelpText('after', '\n  $ claude mcp add abp -- abp mcp')
    .action(
      act(async ({ host }) => {
        await host.interfaces.mcp();
        return 'done';
      }),
    );
};

const SERVE_HELP = `
A person signs in with a link, never with the token: a browser that ABP opens brings one, a terminal shows one, and --link
prints one at any time for the server of this store. With the token, programs read and operate; they approve nothing that
needs a person.

  $ abp serve --open
  $ abp serve --link            on a machine without a browser`;

/** abp serve */
export const serve: DefineCommand = (program, act) => {
  program
    .command('serve')
    .summary('serve the dashboard and the HTTP API')
    .description(
      'Serves the dashboard, the HTTP API and MCP over HTTP until Ctrl-C, on this machine only unless --host says otherwise. Jobs never depend on it.',
    )
    .option('--open', 'open a browser that is signed in', false)
    .option('--link', 'print a link that signs one browser in, once, within two minutes', false)
    .option('--port <n>', 'default ABP_DASHBOARD_PORT, or the next one that is free; 0 = any', atLeast(0, 65_535))
    .option('--host <address>', 'default 127.0.0.1; any other needs --token-file')
    .option('--token-file <file>', 'a token of your own, of at least 32 characters')
    .option('--status', 'only tell whether this store is served', false)
    .option('--stop', 'only end the server of this store', false)
    .addHelpText('after', SERVE_HELP)
    .action(
      act(async (session, options: ServeCommandOptions) => {
        const { serveOrTell } = await import('../upkeep/serve.ts');
        return serveOrTell(session, options);
      }),
    );
};
