import { MOST_CHARACTERS } from '../../export/csv.ts';
import type { FormatNotes } from '../../export/format.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import { count } from '../format.ts';

/** What an export reports, beside the notes of its format. */
type Exported = Pick<OutputOf<'export_results'>, 'path' | 'rows'> & Record<string, unknown>;

/** What an export wrote, in one line. */
export function exportLine(report: Exported): string {
  const {
    guarded = 0,
    nul_left_out: withoutNul = 0,
    halves_replaced: halves = 0,
    long_cells: long,
  } = report as Exported & Partial<FormatNotes>;
  const invalid = Number(report.skipped_invalid ?? 0);
  return [
    `${count(report.rows, 'row')} in ${report.path}`,
    ...(report.partial === true ? ['partial: the job has not ended'] : []),
    ...(invalid > 0 ? [`${count(invalid, 'invalid record')} of the source left out (abp status lists them)`] : []),
    ...(guarded > 0 ? [`${count(guarded, 'cell')} guarded against being run as a formula (--raw leaves them)`] : []),
    ...(withoutNul > 0 ? [`NUL characters left out of ${count(withoutNul, 'cell')}`] : []),
    ...(halves > 0 ? [`half characters of ${count(halves, 'row')} replaced by U+FFFD`] : []),
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
  return `${count(cells, 'cell')} over ${most} characters, which Excel does not hold (${places.join('; ')}${more})`;
}
