import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AbpError } from '../../domain/error.ts';
import type { InputOf } from '../../orchestrator/index.ts';
import { writeResults } from '../../orchestrator/operations/export-results.ts';
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
  const { deps } = (await session.abp()).orchestrator;
  const { format = 'csv', job_id, status, fields, raw } = input;
  // A temporary file, since the columns are known only at the end; it is unlinked before it is read.
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
