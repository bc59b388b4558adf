import { Command, CommanderError, Help, type Option, type OutputConfiguration } from 'commander';
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
      exit = await runAction(session, () => action(session, ...given));
    };
  const json = args.includes('--json');
  let written = '';
  const hold: OutputConfiguration = {
    writeOut: (text) => {
      written += text;
    },
  };
  const program = createProgram(host.version, act, json ? hold : {});
  const hasCommand = args.some((arg) => arg !== '--json');
  try {
    await program.parseAsync(hasCommand ? args : [...args, '--help'], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exit = error.exitCode === 0 ? 'done' : 'usage';
    if (json) writeDocument(exit === 'done' ? infoDocument(error, written) : { error: usageError(error) });
  }
  return EXIT_CODES[exit][0];
}

/** The version or the help, which commander writes to stdout, as a document. */
function infoDocument({ code, message }: CommanderError, written: string): object {
  return code === 'commander.version' ? { version: message } : { help: written };
}

/** A mistake that commander reported on stderr, in the form of other errors. */
function usageError({ code, message }: CommanderError): object {
  const text =
    code === 'commander.help' ? 'expected a command, found none; --help lists them' : message.replace(/^error: /, '');
  return { code: 'invalid_input', message: text };
}

async function runAction(session: Session, action: () => Promise<Exit>): Promise<Exit> {
  try {
    return await action();
  } catch (thrown) {
    const error = toAbpError(thrown);
    session.reportError(error);
    if (error.code === 'internal' && error.cause instanceof Error)
      process.stderr.write(`${printable(error.cause.stack ?? '', true)}\n`);
    session.answer({ error: errorDocument(error) });
    return exitOfError(error);
  } finally {
    session.close();
  }
}

/** Creates the program with all its commands; `act` wraps their actions, `output` receives help and version. */
export function createProgram(version: string, act: Act, output: OutputConfiguration = {}): Command {
  const program = new Command('abp')
    .configureOutput({ ...ESCAPED_OUTPUT, ...output })
    .description('Gives every item of a large set its own AI agent: tests one, asks you, then runs the rest detached.')
    .version(version)
    .option('--json', 'print one JSON document on stdout, everything else on stderr')
    .configureHelp({ showGlobalOptions: true, optionDescription })
    .exitOverride()
    .helpCommand(false)
    .addHelpText('after', () => `\n${FIRST_STEPS}\n\nExit codes:\n${exitLines()}`);
  for (const { heading, commands } of COMMANDS) {
    program.commandsGroup(`${heading}:`);
    for (const define of commands) define(program, act);
  }
  return program;
}

/** Describes an option without the defaults of flags and lists, which say nothing. */
function optionDescription(this: Help, option: Option): string {
  return Help.prototype.optionDescription.call(this, option).replace(/ \(default: (?:false|\[\])\)$/, '');
}

/** Shows unseen characters: commander repeats arguments, which another program may have put together. */
const ESCAPED_OUTPUT: OutputConfiguration = {
  writeOut: (text) => process.stdout.write(printable(text, true)),
  writeErr: (text) => process.stderr.write(printable(text, true)),
};

const FIRST_STEPS = `First steps:
  $ abp doctor                     check the installation
  $ abp run --help                 show an example of a batch file
  $ abp run batch.yaml --dry-run   check a batch file without running it`;

function exitLines(): string {
  return Object.values(EXIT_CODES)
    .map(([code, meaning]) => `  ${String(code).padEnd(4)}${meaning}`)
    .join('\n');
}
