import { resolve } from 'node:path';
import type { z } from 'zod';
import { AbpError } from '../../domain/error.ts';
import type { Job } from '../../domain/job.ts';
import type { JobOutput, OutputError, OutputState } from '../../domain/job-output.ts';
import { type ExportFormatName, requireFormatOf } from '../../export/index.ts';
import { type ExportedJob, exportPlace } from '../../export/place.ts';
import type { StorePaths } from '../../supervision/store-paths.ts';
import type { Call } from '../operation.ts';
import { iso, type JobStatusOutput, type outputInput } from '../shapes.ts';

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

/** Converts a stored output to the input that makes it. */
export function outputInputOf({
  path,
  format,
  fields,
  status,
  force,
  raw,
}: JobOutput): Omit<z.input<typeof outputInput>, 'directory'> {
  return {
    path,
    format: format as ExportFormatName,
    ...(fields && { fields: [...fields] }),
    ...(status && { status: [...status] }),
    ...(force && { force }),
    ...(raw && { raw }),
  };
}

/** Converts a stored output for the settings of a job; `named_by` says who chose the path. */
export function outputSettings(output: JobOutput) {
  return { ...outputInputOf(output), named_by: output.byPerson ? 'a person' : 'a program' };
}

/** Shows the directory of a job's agents, and where its results are or will be, if it has a file for them. */
export function outputShown(job: Job): Pick<JobStatusOutput, 'output'> {
  const { output, outputState, outputDirectory: directory, status } = job;
  if (output === null) return { output: { directory } };
  const file = { directory, path: output.path, format: output.format };
  if (status === 'cancelled') return { output: { ...file, state: 'not_written' } };
  if ((status !== 'completed' && status !== 'failed') || outputState === null) {
    return { output: { ...file, state: 'at_the_end' } };
  }
  switch (outputState.state) {
    case 'due':
      return { output: { ...file, state: 'writing' } };
    case 'written':
      return { output: { ...file, state: 'written', ...writtenShown(outputState) } };
    case 'failed':
      return { output: { ...file, state: 'failed', at: iso(outputState.at), error: errorShown(outputState.error) } };
  }
}

function writtenShown({ rows, notes, at }: Extract<OutputState, { state: 'written' }>) {
  return { rows, ...notes, at: iso(at) };
}

function errorShown({ code, message, hint, field }: OutputError) {
  return {
    code,
    message,
    ...(hint === null ? {} : { hint }),
    ...(field === null ? {} : { field }),
  };
}
