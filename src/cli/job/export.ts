import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AbpError } from '../../domain/error.ts';
import { writeResults } from '../../orchestrator/export-results.ts';
import type { InputOf } from '../../orchestrator/index.ts';
import type { Exit } from '../exit-codes.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { exportLine } from './export-text.ts';

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
