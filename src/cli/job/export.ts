import { pipeline } from 'node:stream/promises';
import { AbpError } from '../../domain/error.ts';
import type { InputOf } from '../../orchestrator/index.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { exportLine } from './export-text.ts';

/** Writes results to stdout and the report to stderr. A reader that closes the pipe is no error. */
export async function exportToStdout(session: Session, input: InputOf<'export_results'>): Promise<Exit> {
  if (session.json) {
    throw new AbpError('invalid_input', '--json and - cannot be combined: both write to stdout.', {
      hint: 'Omit --json, or give a file; --format json writes the results as JSON.',
    });
  }
  const { job_id, format = 'csv', status, fields, raw } = input;
  const { file, ...report } = await session.interruptible((signal) =>
    session.call('open_results', { job_id, format, status, fields, raw }, { signal }),
  );
  try {
    await pipeline(file.createReadStream(), process.stdout, { end: false });
    process.stderr.write(`${printable(exportLine({ job_id, ...report, path: 'stdout' }))}\n`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  } finally {
    await file.close();
  }
  return 'done';
}
