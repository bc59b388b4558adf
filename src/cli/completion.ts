import { readdirSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import type { Act } from './command.ts';
import type { CliHost } from './host.ts';
import { printable } from './terminal.ts';

/** Name of the hidden command that the shell's script calls at every press of the tab key. */
const REQUEST = 'complete';

/** Adds `abp completion <shell>`, and answers the shell when it asks: commands, options and their words, ids of jobs, files. */
export async function addCompletion(program: Command, act: Act, args: readonly string[], host: CliHost): Promise<void> {
  const isRequest = args[0] === REQUEST;
  const completion = tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.summary('complete commands, options and ids with the tab key')
    .description(
      'Prints the script by which a shell completes abp: commands, options, ids of jobs, files. In bash it needs bash-completion.',
    )
    .addHelpText('after', '\n  $ abp completion bash >> ~/.bashrc\n  $ abp completion zsh >> ~/.zshrc')
    .action(
      act((session, shell: string) => {
        // As it comes, bash complains about it whenever ~/.bashrc is read once more.
        const script = printed(() => completion.setup('abp', 'abp', shell)).replace(/^readonly /gm, '');
        session.answer({ shell, script }, script);
        return Promise.resolve('done');
      }),
    );
  if (!isRequest) return;
  const jobs = await knownJobs(host);
  const files = filesLike(args.at(-1) ?? '');
  const { enumerators } = await import('../enumerators/index.ts');
  const types = Object.keys(enumerators).map((type) => [type, 'kind of source'] as const);
  const offers: readonly (readonly [argument: RegExp, offer: Offer])[] = [
    [/\bjob\b/, jobs],
    [/yaml|file|source/, files],
    [/^(source|type)$/, types],
  ];
  for (const command of completion.commands.values()) {
    for (const argument of command.arguments.values()) {
      const values = offers.flatMap(([name, offer]) => (name.test(argument.name) ? offer : []));
      if (values.length > 0) argument.handler = (complete) => offer(values, complete);
    }
    const options = program.commands.find((one) => one.name() === command.value)?.options ?? [];
    for (const { flags, long, argChoices } of options) {
      const option = command.options.get(long?.slice(2) ?? '');
      if (!option || !argChoices || !flags.endsWith('<list>')) continue;
      option.handler = (complete) => offer(nextInList(args.at(-1) ?? '', argChoices), complete);
    }
  }
}

/** What a helper that only prints would print. */
function printed(print: () => void): string {
  const { log } = console;
  let text = '';
  console.log = (line: string) => {
    text += line;
  };
  try {
    print();
  } finally {
    console.log = log;
  }
  return text;
}

type Offer = readonly (readonly [value: string, description: string])[];

function offer(values: Offer, complete: (value: string, description: string) => void): void {
  for (const [value, description] of values) complete(value, description);
}

/** A list as it is typed, with each word that may come next. */
function nextInList(typed: string, words: readonly string[]): Offer {
  const text = typed.slice(typed.indexOf('=') + 1);
  const before = text.slice(0, text.lastIndexOf(',') + 1);
  const named = before.split(',');
  return words.filter((word) => !named.includes(word)).map((word) => [`${before}${word}`, ''] as const);
}

/** Jobs of the store, newest first. A key press must never make a store, nor show an error. */
async function knownJobs(host: CliHost): Promise<Offer> {
  try {
    const { existsSync } = await import('node:fs');
    const { readConfig } = await import('../config.ts');
    if (!existsSync(readConfig(host.environment).storagePath)) return [];
    const abp = await host.open(host.environment);
    const { jobs } = abp.orchestrator.deps.repository.jobs.list({ limit: 50 });
    abp.close();
    return jobs.map(({ jobId, name, status }) => [jobId, printable(`${status} ${name}`.replace(/\s+/g, ' '))]);
  } catch {
    return [];
  }
}

/**
 * Files and folders where the typed one may be. The scripts of the shells read each again as a word of their own, so a
 * name that would not stay as it is (or would even be run) is left out.
 */
function filesLike(typed: string): Offer {
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
  try {
    return readdirSync(folder || '.', { withFileTypes: true })
      .filter((entry) => PLAIN_NAME.test(entry.name))
      .map((entry) => [`${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`, ''] as const);
  } catch {
    return [];
  }
}

const PLAIN_NAME = /^[\p{L}\p{N}_@%+=][\p{L}\p{M}\p{N}_@%+=.,-]*$/u;
