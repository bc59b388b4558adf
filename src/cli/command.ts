import type { Command } from 'commander';
import type { Exit } from './exit-codes.ts';
import type { Session } from './session.ts';

/** Makes a commander action of a function that gets the session first and says how the command ended. */
export type Act = <Args extends unknown[]>(
  action: (session: Session, ...args: Args) => Promise<Exit>,
) => (...args: Args) => Promise<void>;

/** One command: adds itself to the program. Heavy modules are imported inside its action. */
export type DefineCommand = (program: Command, act: Act) => void;
