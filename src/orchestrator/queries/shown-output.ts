import type { z } from 'zod';
import type { ExportFormatName } from '../../domain/export-format.ts';
import type { Job } from '../../domain/job.ts';
import type { JobOutput, OutputError, OutputState } from '../../domain/job-output.ts';
import { iso, type JobStatusOutput, type outputInput } from '../shapes.ts';

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
