import type { Session } from '../session.ts';

/** One line of the doctor's report; `fix` says what to do unless it is a pass. */
export interface Finding {
  readonly about: string;
  readonly state: 'pass' | 'warn' | 'fail';
  readonly message: string;
  readonly fix?: string;
}

/** Checks one thing; an error that it throws becomes a failed finding. */
export interface Check {
  readonly about: string;
  readonly look: (session: Session) => Promise<readonly Finding[]> | readonly Finding[];
}
