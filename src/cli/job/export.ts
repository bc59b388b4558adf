import { type AbpError, toAbpError } from '../../domain/error.ts';
import { exportFormatOf } from '../../export/index.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import type { BatchExport } from '../batch-file/read.ts';
import { count } from '../format.ts';
import type { Session } from '../session.ts';

export type ExportReport = OutputOf<'export_results'>;

/** How the export at the end of a job went: one of the two is there. */
export interface Exported {
  readonly report?: ExportReport;
  readonly error?: AbpError;
}

/**
 * Writes the results of an ended job to the file that its batch names. An export that cannot be made does not undo the
 * job: it is complained about, with how to repeat it.
 */
export async function exportAtEnd(session: Session, jobId: string, target: BatchExport): Promise<Exported> {
  const { path, format, force, fields } = target;
  const write = (signal: AbortSignal) =>
    session.call(
      'export_results',
      { job_id: jobId, path, format, force, ...(fields ? { fields: [...fields] } : {}) },
      { signal },
    );
  try {
    const report = await session.interruptible(write);
    session.say(exportLine(report));
    return { report };
  } catch (thrown) {
    const error = toAbpError(thrown);
    session.complain(error);
    // A column that no row has would be refused again.
    const { fields: _, ...all } = target;
    const next = error.details?.field === undefined ? target : all;
    session.say(`The results are safe. Export again with: ${exportCommand(jobId, next)}`);
    return { error };
  }
}

/** The command that makes an export by hand. */
export function exportCommand(jobId: string, { path, format, force, fields }: BatchExport): string {
  const words = [
    ...['abp', 'export', jobId, path],
    ...(exportFormatOf(path) === format ? [] : ['--format', format]),
    ...(fields ? ['--fields', fields.join(',')] : []),
    ...(force ? ['--force'] : []),
  ];
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

/** What an export wrote, in one line. */
export function exportLine(report: ExportReport): string {
  const guarded = Number(report.guarded ?? 0);
  const invalid = Number(report.skipped_invalid ?? 0);
  return [
    `${count(report.rows, 'row')} in ${report.path}`,
    ...(report.partial ? ['partial: the job has not ended'] : []),
    ...(invalid > 0 ? [`${count(invalid, 'invalid record')} of the source left out (abp status lists them)`] : []),
    ...(guarded > 0 ? [`${count(guarded, 'cell')} guarded against being run as a formula (--raw leaves them)`] : []),
  ].join('; ');
}
