import { commandOf } from '../../domain/commands.ts';
import { type AbpError, decisionIn, jobIn } from '../../domain/error.ts';
import { hintText } from '../../domain/hint.ts';

/** Words the hint of an error for a model. One that waits for a person says where they decide: the model cannot. */
export function errorHint(error: Pick<AbpError, 'code' | 'hint' | 'details'>): string | undefined {
  const decision = decisionIn(error);
  if (decision === null) return error.hint === undefined ? undefined : hintText(error.hint);
  return `Show the user what it would do. They decide in the dialog of this host, on the dashboard, or on a terminal: ${commandOf(decision, jobIn(error))}`;
}
