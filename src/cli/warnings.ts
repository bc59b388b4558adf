import { type Colors, printable } from './terminal.ts';

/** A warning of a source as answers hold it. */
interface Warning {
  readonly message: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** What of a source was left out or renamed: how much of it, and the first of it by name, so that a person can find it. */
export function warningLines(colors: Colors, warnings: unknown): string[] {
  return ((warnings ?? []) as readonly Warning[]).flatMap(({ message, count, examples }) => [
    colors.yellow(`${count} × ${printable(message)}`),
    ...examples.map((example) => printable(example, true).replace(/^/gm, '  ')),
    ...(count > examples.length ? [`  and ${count - examples.length} more`] : []),
  ]);
}
