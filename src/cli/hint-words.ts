import { commandOf } from '../domain/commands.ts';
import { type AbpError, decisionIn, jobIn } from '../domain/error.ts';
import { type Hint, hintText, type Mention, replaceHints } from '../domain/hint.ts';
import { sentences } from '../domain/sentences.ts';

/**
 * Words a hint for this terminal: operations are commands, with the id of the job if it is known. `mustAllow`: the job needs
 * approval and there is no terminal to ask on, so commands that run it are given in the form that approves it.
 */
export function inCommands(hint: Hint | undefined, jobId?: string, mustAllow = false): string {
  return hintText(hint, (named) => {
    const command = commandOf(named, jobId);
    const accepted = mustAllow && jobId !== undefined && runs(named) ? allowing(named, command, jobId) : command;
    return named.means ? `with ${accepted}` : accepted;
  });
}

/** Words each hint of a document for programs, which have no terminal to ask on. */
export function documentInCommands(document: object): object {
  return replaceHints(document, (field, hint, jobId) => ({ [field]: inCommands(hint, jobId) })) as object;
}

/** Words the hint of an error for this terminal. */
export function errorHint(
  error: Pick<AbpError, 'code' | 'hint' | 'details'>,
  interactive: boolean,
): string | undefined {
  const { hint, details } = error;
  const decision = decisionIn(error);
  if (decision !== null) return `On a terminal, or with --yes: ${commandOf(decision, jobIn(error))}`;
  if (hint === undefined) return undefined;
  const words = inCommands(hint, jobIn(error), details?.person === true && !interactive);
  return typeof details?.option === 'string' ? sentences(words, `Here that is --${details.option}`) : words;
}

/** Tells whether an operation makes units of the job run. */
function runs({ operation, input = {} }: Mention): boolean {
  if (operation === 'start_job') return input.approve !== false;
  if (operation === 'manage_units') return input.action !== 'skip' && input.action !== 'cancel';
  return operation === 'resume_job';
}

/**
 * Adds the approval that a command needs without a terminal: --yes allows what the job can do. Before the first run it is a
 * command of its own, since --yes of `abp start` would approve the test as well.
 */
function allowing({ operation, input = {} }: Mention, command: string, jobId: string): string {
  const isFirst = operation === 'start_job' && input.approve === undefined && input.again === undefined;
  return isFirst ? `abp approvals allow ${jobId} --yes, then ${command}` : `${command} --yes`;
}
