import type { OutputOf } from '../../orchestrator/index.ts';
import { inCommands } from '../hint-words.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';

/** Warns of each chosen column of the export that no row will have: it would be refused at the end, after all units ran. */
export function warnOfMissingFields(
  { say, terminal }: Session,
  missing: OutputOf<'find_missing_columns'>['missing_columns'],
): void {
  for (const { column, hint } of missing) {
    const text = `output.fields: no row will have ${JSON.stringify(column)}, by the first item and the output schema.`;
    say(terminal.colors.yellow(printable(`${text} ${inCommands(hint)}`)));
  }
}
