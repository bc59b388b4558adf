import { AbpError } from '../../domain/error.ts';
import { exportFormatOf } from '../../domain/export-format.ts';
import { errorDocument, type Session } from '../session.ts';
import { type Colors, printable } from '../terminal.ts';
import { exportLine } from './export-text.ts';
import type { Status } from './status-text.ts';

/** One or two lines about the results file of a job; none for a job without one. */
export function outputLines({ job_id, output }: Pick<Status, 'job_id' | 'output'>, colors: Colors): string[] {
  if (output.path === undefined) return [];
  const path = printable(output.path);
  switch (output.state) {
    case 'at_the_end':
      return [`results will be written to ${path} when the job ends`];
    case 'writing':
      return [`results are being written to ${path}`];
    case 'written':
      return [exportLine({ ...output, path, rows: output.rows ?? 0 })];
    case 'not_written':
      return [`no results were written to ${path}`];
    case 'failed':
      return [
        colors.red(`The results could not be written: ${printable(output.error?.message ?? '')}`),
        `The results are safe. Export again with: ${exportAgain(job_id, output)}`,
      ];
    case undefined:
      return [];
  }
}

/** Prints what happened to the results at the end of `abp run`. */
export function printOutput(session: Session, status: Status): void {
  const { job_id, output } = status;
  const ended = status.status === 'completed' || status.status === 'failed';
  if (output.path === undefined && ended) session.say(`Export the results with: abp export ${job_id} results.csv`);
  // For a job that was followed to its end or pause, the summary has printed the other states.
  if (output.state === 'at_the_end' && status.status !== 'paused')
    for (const line of outputLines(status, session.terminal.colors)) session.say(line);
  const error = outputError(status);
  if (error) session.reportError(error);
}

/** Describes the same for programs. */
export function outputDocument(status: Status): { readonly export: object | null; readonly export_error?: object } {
  const { output } = status;
  const error = outputError(status);
  if (error) return { export: null, export_error: errorDocument(error) };
  if (output.state !== 'written') return { export: null };
  const { directory: _, state: __, at: ___, error: ____, ...report } = output;
  return { export: { ...report, partial: false } };
}

/** The error that kept the results from being written; null = none so far. */
export function outputError({ output }: Pick<Status, 'output'>): AbpError | null {
  if (!output.error) return null;
  const { code, message, hint, field } = output.error;
  return new AbpError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(field === undefined ? {} : { details: { field } }),
  });
}

/** The command that exports results after an error, chosen so that it is not refused for the same reason. */
export function exportAgain(
  jobId: string,
  { path = '', format = '', error }: Pick<Status['output'], 'path' | 'format' | 'error'>,
): string {
  const command = ['abp', 'export', jobId];
  if (error?.code === 'already_exists' || error?.code === 'conflict') command.push('--force');
  else if (error?.field !== undefined) {
    // The same fields would be refused again: a column that no row has.
    command.push(path, ...(exportFormatOf(path) === format ? [] : ['--format', format]));
  } else if (error?.code !== 'environment') command.push('results.csv');
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
