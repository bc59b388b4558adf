import type { OutputOf } from '../../orchestrator/index.ts';
import { count } from '../format.ts';

/** What an export wrote, in one line. */
export function exportLine(report: OutputOf<'export_results'>): string {
  const guarded = Number(report.guarded ?? 0);
  return [
    `${count(report.rows, 'row')} in ${report.path}`,
    ...(report.partial ? ['partial: the job has not ended'] : []),
    ...(guarded > 0 ? [`${count(guarded, 'cell')} guarded against being run as a formula (--raw leaves them)`] : []),
  ].join('; ');
}
