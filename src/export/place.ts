import { basename, dirname } from 'node:path';
import { homeOf, isPlainOutput } from '../approval/bounds.ts';
import { realPath } from '../approval/real-path.ts';
import { AbpError } from '../domain/error.ts';
import { exportFormatOf } from '../domain/export-format.ts';
import type { Job } from '../domain/job.ts';
import type { JobOutput } from '../domain/job-output.ts';
import { isWithin } from '../domain/paths.ts';
import type { StorePaths } from '../supervision/store-paths.ts';
import { fileTarget } from './write-target.ts';

/** Formats that no program runs or loads by itself, whatever the file name: no assistant, editor or package manager. */
const DATA: readonly string[] = ['csv', 'tsv', 'jsonl'];

/** Origin of a path: whether a person named it, and where they work. All absolute. */
export interface PathOrigin {
  readonly byPerson: boolean;
  readonly workingDirectory: string;
  /** Home of the caller, in addition to that of the job; absent = unknown. */
  readonly home?: string | null;
}

/** Fields of a job that decide where its results may go. */
export type ExportedJob = Pick<Job, 'jobId' | 'outputDirectory' | 'workingDirectory' | 'home'>;

/**
 * Resolves the path of an export: absolute, without links. Its content comes from items and agents, so a file that a
 * shell, an editor or an assistant loads by itself would be a program. Without a person only these are allowed: a file
 * of its format below the job's own outputs, or a data format below its output directory or home, in no hidden folder.
 * Throws AbpError `approval_required` for any other place, `invalid_input` for one that cannot be written.
 */
export function exportPlace(
  places: StorePaths,
  job: ExportedJob,
  { path: target, format }: Pick<JobOutput, 'path' | 'format'>,
  by: PathOrigin,
): string {
  const { jobId, outputDirectory, workingDirectory } = job;
  const own = places.outputs(jobId);
  const outputs = [outputDirectory, own];
  // Folders in which agents or earlier users may have put links.
  const place = fileTarget(places, target, [by.workingDirectory, workingDirectory, ...outputs]);
  const name = basename(place);
  const isBelow = (directory: string) => isWithin(dirname(place), realPath(directory));
  const isPlain =
    outputs.some(isBelow) || [job.home, homeOf(by.home ?? null)].some((home) => isPlainOutput(place, home));
  const isNamedSo = exportFormatOf(name) === format && !name.startsWith('.');
  if (by.byPerson || (isNamedSo && (isBelow(own) || (isPlain && DATA.includes(format))))) return place;
  throw new AbpError('approval_required', `${target}: only a person may write results there as ${format}.`, {
    hint: `Give the name of a table (results.csv, results.jsonl) below ${outputDirectory}${job.home ? ` or ${job.home}` : ''}; for any other path a person runs \`abp export <job> <file>\`, or sets output.path in a batch file that they run.`,
    details: { path: target },
  });
}

/**
 * Resolves the path of a job's output again: it must not have changed. Throws AbpError `invalid_input` when a link now
 * leads elsewhere, else as `exportPlace`.
 */
export function outputPlace(places: StorePaths, job: ExportedJob, { path, format, byPerson }: JobOutput): string {
  const place = exportPlace(places, job, { path, format }, { byPerson, workingDirectory: job.workingDirectory });
  if (place === path) return place;
  throw new AbpError('invalid_input', `${path} is behind a link that leads to ${place}, and links are not followed.`, {
    hint: 'Put a folder in the place of the link, or export to another path.',
  });
}
