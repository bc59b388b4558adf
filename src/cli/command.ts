import type { Command } from 'commander';
import type { Exit } from './exit-codes.ts';
import type { Session } from './session.ts';

/** Wraps a function that gets the session first and returns the exit as an action of commander. */
export type Act = <Args extends unknown[]>(
  action: (session: Session, ...args: Args) => Promise<Exit>,
) => (...args: Args) => Promise<void>;

/** Adds one command to the program. Heavy modules are imported inside its action. */
export type DefineCommand = (program: Command, act: Act) => void;
