import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { toAbpError } from '../domain/error.ts';
import type { Act } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { EXIT_CODES, type Exit, exitOfError } from './exit-codes.ts';
import type { CliHost } from './host.ts';
import { createSession, errorDocument, type Session } from './session.ts';
import { printable, writeDocument } from './terminal.ts';

/** Runs `abp` with the arguments after its name; resolves to the exit code. */
export async function runCli(args: readonly string[], host: CliHost): Promise<number> {
  let exit: Exit = 'done';
  const act: Act =
    (action) =>
    async (...given) => {
      const session = createSession(host, program.opts<{ json?: boolean }>().json === true);
      exit = await ended(session, () => action(session, ...given));
    };
  const json = args.includes('--json');
  let told = '';
  const hold: OutputConfiguration = {
    writeOut: (text) => {
      told += text;
    },
  };
  const program = createProgram(host.version, act, json ? hold : {});
  const nothingAsked = args.every((arg) => arg === '--json');
  try {
    await program.parseAsync(nothingAsked ? [...args, '--help'] : args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exit = error.exitCode === 0 ? 'done' : 'usage';
    if (json) writeDocument(exit === 'done' ? saidBy(error, told) : { error: mistakeOf(error) });
  }
  return EXIT_CODES[exit][0];
}

/** What commander tells people on stdout, as a document. */
function saidBy({ code, message }: CommanderError, told: string): object {
  return code === 'commander.version' ? { version: message } : { help: told };
}

/** What commander has told people on stderr, as other errors are told. */
function mistakeOf({ code, message }: CommanderError): object {
  const said = code === 'commander.help' ? 'a command is missing; --help lists them' : message.replace(/^error: /, '');
  return { code: 'invalid_input', message: said };
}

async function ended(session: Session, action: () => Promise<Exit>): Promise<Exit> {
  try {
    return await action();
  } catch (thrown) {
    const error = toAbpError(thrown);
    session.complain(error);
    if (error.code === 'internal' && error.cause instanceof Error)
      process.stderr.write(`${printable(error.cause.stack ?? '', true)}\n`);
    session.answer({ error: errorDocument(error) });
    return exitOfError(error);
  } finally {
    session.close();
  }
}

/** The program with all its commands; `act` makes their actions, `output` says where help and version go. */
export function createProgram(version: string, act: Act, output: OutputConfiguration = {}): Command {
  const program = new Command('abp')
    .configureOutput({ ...PRINTED, ...output })
    .description('Gives every item of a large set its own AI agent: tries one, asks you, then runs the rest detached.')
    .version(version)
    .option('--json', 'one JSON document on stdout, everything else on stderr')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .helpCommand(false)
    .addHelpText('after', () => `\n${BEGIN}\n\nExit codes:\n${exitLines()}`);
  for (const { heading, commands } of COMMANDS) {
    program.commandsGroup(`${heading}:`);
    for (const define of commands) define(program, act);
  }
  return program;
}

/** What commander says repeats what was typed, which another program may have put together. */
const PRINTED: OutputConfiguration = {
  writeOut: (text) => process.stdout.write(printable(text, true)),
  writeErr: (text) => process.stderr.write(printable(text, true)),
};

const BEGIN = `Begin with:
  $ abp doctor                     is everything there?
  $ abp run --help                 what a batch file looks like
  $ abp run batch.yaml --dry-run   what it would do`;

function exitLines(): string {
  return Object.values(EXIT_CODES)
    .map(([code, meaning]) => `  ${String(code).padEnd(4)}${meaning}`)
    .join('\n');
}
