import { type FormatNotes, MOST_CHARACTERS } from '../../domain/export-format.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import { count } from '../format.ts';

/** The report of an export, without the notes of its format. */
type Exported = Pick<OutputOf<'export_results'>, 'path' | 'rows'> & Record<string, unknown>;

/** Describes a finished export in one line. */
export function exportLine(report: Exported): string {
  const {
    guarded = 0,
    nul_left_out: withoutNul = 0,
    halves_replaced: halves = 0,
    long_cells: long,
  } = report as Exported & Partial<FormatNotes>;
  const invalid = Number(report.skipped_invalid ?? 0);
  return [
    `${count(report.rows, 'row')} written to ${report.path}`,
    ...(report.partial === true ? ['partial: the job has not ended'] : []),
    ...(invalid > 0 ? [`${count(invalid, 'invalid record')} of the source skipped (abp status lists them)`] : []),
    ...(guarded > 0
      ? [
          `${count(guarded, 'cell')} escaped so that a spreadsheet does not run them as formulas (--raw keeps them unchanged)`,
        ]
      : []),
    ...(withoutNul > 0 ? [`NUL characters removed from ${count(withoutNul, 'cell')}`] : []),
    ...(halves > 0 ? [`incomplete characters of ${count(halves, 'row')} replaced by U+FFFD`] : []),
    ...(long ? [longLine(long)] : []),
  ].join('; ');
}

function longLine({ count: cells, first }: NonNullable<FormatNotes['long_cells']>): string {
  const places = first.map(({ unit, column, characters }) => {
    const where = unit === null ? 'header' : `unit ${unit}, ${column}`;
    return `${where}: ${characters.toLocaleString('en')}`;
  });
  const more = cells > first.length ? '; …' : '';
  const most = MOST_CHARACTERS.toLocaleString('en');
  return `${count(cells, 'cell')} over ${most} characters, the limit of Excel (${places.join('; ')}${more})`;
}
