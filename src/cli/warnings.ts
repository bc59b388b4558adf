import { count } from './format.ts';
import { type Colors, printable } from './terminal.ts';

/** A warning about a source, as in answers. */
interface Warning {
  readonly message: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** A record that became no unit, as in answers. */
interface SkippedRecord {
  readonly place: string;
  readonly reason: string;
}

/** An answer with notes about a source. */
type Notes = Readonly<Record<string, unknown>>;

/** Lines about the source of an answer: what was skipped, left out or renamed. */
export function sourceLines(colors: Colors, notes: Notes): string[] {
  return [...skippedLines(colors, notes), ...warningLines(colors, notes.warnings)];
}

/** Lines with the number of skipped records, and the first of them with their places. */
export function skippedLines(colors: Colors, notes: Notes): string[] {
  const duplicates = Number(notes.skipped_duplicates ?? 0);
  const invalid = Number(notes.skipped_invalid ?? 0);
  if (duplicates + invalid === 0) return [];
  const records = (notes.skipped_records ?? []) as readonly SkippedRecord[];
  const kinds = [
    ...(invalid > 0 ? [count(invalid, 'invalid record')] : []),
    ...(duplicates > 0 ? [count(duplicates, 'duplicate')] : []),
  ];
  return [
    colors.yellow(`skipped: ${kinds.join(', ')}`),
    ...records.map(({ place, reason }) => `  ${printable(`${place}: ${reason}`)}`),
    ...moreLine(records.length, duplicates + invalid),
  ];
}

/** Lines with the warnings of a source: their number and the first examples. */
function warningLines(colors: Colors, warnings: unknown): string[] {
  return ((warnings ?? []) as readonly Warning[]).flatMap(({ message, count: all, examples }) => [
    colors.yellow(`${all} × ${printable(message)}`),
    ...examples.map((example) => printable(example, true).replace(/^/gm, '  ')),
    ...moreLine(examples.length, all),
  ]);
}

function moreLine(shown: number, all: number): string[] {
  return all > shown ? [`  and ${all - shown} more`] : [];
}
