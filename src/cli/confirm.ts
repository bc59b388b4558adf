import { AbpError } from '../domain/error.ts';
import type { Session } from './session.ts';

/** Asks for confirmation on the terminal; `yes` confirms in advance. Throws AbpError `invalid_input` without a terminal. */
export async function confirm({ terminal }: Session, question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!terminal.interactive) {
    throw new AbpError('invalid_input', `${question} Expected a confirmation, but there is no terminal to ask on.`, {
      hint: 'Give --yes to confirm in advance.',
    });
  }
  return /^y(es)?$/i.test(await terminal.ask(`${question} [y/N] `));
}
