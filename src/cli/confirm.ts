import { AbpError } from '../domain/error.ts';
import type { Session } from './session.ts';

/**
 * Whether a person agrees to what cannot be undone: by an option, or asked on a terminal. Throws AbpError `invalid_input`
 * where nobody can be asked.
 */
export async function confirm({ terminal }: Session, question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!terminal.interactive) {
    throw new AbpError('invalid_input', `${question} There is no terminal to ask on.`, {
      hint: 'Give --yes to say so beforehand.',
    });
  }
  return /^y(es)?$/i.test(await terminal.ask(`${question} [y/N] `));
}
