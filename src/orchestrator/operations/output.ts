import { resolve } from 'node:path';
import type { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import { requireFormatOf } from '../../domain/export-format.ts';
import type { JobOutput } from '../../domain/job-output.ts';
import { type ExportedJob, exportPlace } from '../../export/place.ts';
import type { StorePaths } from '../../supervision/store-paths.ts';
import type { Call } from '../operation.ts';
import type { outputInput } from '../shapes.ts';

type OutputInput = z.output<typeof outputInput>;

/** True when a person typed the path: on a terminal or the dashboard. A dialog shows a source or a test, never a path. */
export function isPathFromPerson({ human }: Pick<Call, 'human'>): boolean {
  return human === 'cli' || human === 'dashboard';
}

/**
 * Checks the file of an output and returns it as it is stored, with its real path; null = no file. Throws
 * `approval_required` for force, and as `exportPlace`.
 */
export function outputOf(
  places: StorePaths,
  job: ExportedJob,
  given: OutputInput | undefined,
  call: Call,
): JobOutput | null {
  if (given?.path === undefined) return null;
  const { workingDirectory } = call;
  const byPerson = isPathFromPerson(call);
  // create_job and update_job are not annotated as destructive: hosts do not ask about them as they do about
  // export_results.
  if (given.force && !byPerson) {
    throw new AbpError('approval_required', 'output.force: only a person can have a file replaced when a job ends.', {
      hint: 'Name a file that does not exist; a file that the job wrote itself is replaced without force.',
    });
  }
  const target = resolve(workingDirectory, given.path);
  const format = given.format ?? requireFormatOf(target);
  const path = exportPlace(places, job, { path: target, format }, { byPerson, workingDirectory });
  return {
    path,
    format,
    ...(given.fields && { fields: given.fields }),
    ...(given.status && { status: given.status }),
    force: given.force ?? false,
    raw: given.raw ?? false,
    byPerson,
  };
}
