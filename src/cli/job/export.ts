import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AbpError } from '../../domain/error.ts';
import type { FormatNotes } from '../../export/format.ts';
import { writeResults } from '../../orchestrator/export-results.ts';
import type { InputOf, OutputOf } from '../../orchestrator/index.ts';
import type { Exit } from '../exit-codes.ts';
import { count } from '../format.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';

export type ExportReport = OutputOf<'export_results'>;

/** Writes results to stdout, and nothing else there; what was written is told on stderr. A reader that leaves is no error. */
export async function exportToStdout(session: Session, input: InputOf<'export_results'>): Promise<Exit> {
  if (session.json) {
    throw new AbpError('invalid_input', '--json and -: stdout is for one of them.', {
      hint: 'Leave --json out, or give a file; --format json makes the results JSON.',
    });
  }
  const { deps } = (await session.abp()).orchestrator;
  const { format = 'csv', job_id, status, fields, raw } = input;
  // A file in between, since the columns are only known at the end; its place is gone before it is read.
  const folder = await mkdtemp(join(tmpdir(), 'abp-export-'));
  try {
    const path = join(folder, 'results');
    const report = await session.interruptible((signal) =>
      writeResults(deps, format, { job_id, status }, path, {
        signal,
        ...(fields ? { fields } : {}),
        ...(raw === undefined ? {} : { raw }),
      }),
    );
    const file = await open(path);
    await rm(folder, { recursive: true });
    await pipeline(file.createReadStream(), process.stdout, { end: false });
    process.stderr.write(`${printable(exportLine({ job_id, ...report, path: 'stdout' }))}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return 'done';
}

/** What is told about an export, beside the notes of its format. */
type Exported = Pick<ExportReport, 'path' | 'rows'> & Record<string, unknown>;

/** What an export wrote, in one line. */
export function exportLine(report: Exported): string {
  const { guarded = 0, nul_left_out: withoutNul = 0, long_cells: long } = report as Exported & Partial<FormatNotes>;
  const invalid = Number(report.skipped_invalid ?? 0);
  return [
    `${count(report.rows, 'row')} in ${report.path}`,
    ...(report.partial === true ? ['partial: the job has not ended'] : []),
    ...(invalid > 0 ? [`${count(invalid, 'invalid record')} of the source left out (abp status lists them)`] : []),
    ...(guarded > 0 ? [`${count(guarded, 'cell')} guarded against being run as a formula (--raw leaves them)`] : []),
    ...(withoutNul > 0 ? [`NUL characters left out of ${count(withoutNul, 'cell')}`] : []),
    ...(long ? [longLine(long)] : []),
  ].join('; ');
}

function longLine({ count: cells, first }: NonNullable<FormatNotes['long_cells']>): string {
  const places = first.map(({ unit, column, characters }) => {
    const where = unit === null ? 'header' : `unit ${unit}, ${column}`;
    return `${where}: ${characters.toLocaleString('en')}`;
  });
  const more = cells > first.length ? '; …' : '';
  return `${count(cells, 'cell')} over 32,767 characters, which Excel does not hold (${places.join('; ')}${more})`;
}
