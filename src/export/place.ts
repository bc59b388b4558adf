import { basename, dirname } from 'node:path';
import { homeOf, isPlainOutput, isWithin, realPath } from '../approval/bounds.ts';
import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import type { JobOutput } from '../domain/job-output.ts';
import type { StorePaths } from '../supervision/store-paths.ts';
import { exportFormatOf } from './index.ts';
import { fileTarget } from './write-target.ts';

/** Formats that nothing reads by itself, whatever the name of the file: no assistant, no editor, no package manager. */
const DATA: readonly string[] = ['csv', 'tsv', 'jsonl'];

/** Who names a place: whether it is a person, and where they work. All absolute. */
export interface Naming {
  readonly byPerson: boolean;
  readonly workingDirectory: string;
  /** Beside the home of the job; absent = not known. */
  readonly home?: string | null;
}

/** What of a job decides where its results may go. */
export type Exported = Pick<Job, 'jobId' | 'outputDirectory' | 'postProcessing' | 'workingDirectory' | 'home'>;

/**
 * Where an export really lies: absolute, without links. Its content comes from items and agents, so that a file which a
 * shell, an editor or an assistant reads by itself would be a program: without a person it is a file of its format, below the
 * job's own outputs, or data below its output directory or home, nowhere hidden. Throws `approval_required` for any other
 * place, `invalid_input` for one that nothing may be written to.
 */
export function exportPlace(
  places: StorePaths,
  job: Exported,
  { path: target, format }: Pick<JobOutput, 'path' | 'format'>,
  by: Naming,
): string {
  const { jobId, outputDirectory, postProcessing, workingDirectory } = job;
  const own = places.outputs(jobId);
  const outputs = [outputDirectory, own, ...(postProcessing ? [postProcessing.outputDirectory] : [])];
  // Folders in which agents, or others who were here before, may have laid links.
  const place = fileTarget(places, target, [by.workingDirectory, workingDirectory, ...outputs]);
  const name = basename(place);
  const isBelow = (directory: string) => isWithin(dirname(place), realPath(directory));
  const isPlain =
    outputs.some(isBelow) || [job.home, homeOf(by.home ?? null)].some((home) => isPlainOutput(place, home));
  const isNamedSo = exportFormatOf(name) === format && !name.startsWith('.');
  if (by.byPerson || (isNamedSo && (isBelow(own) || (isPlain && DATA.includes(format))))) return place;
  throw new AbpError('approval_required', `${target}: only a person can have results written there as ${format}.`, {
    hint: `Give the name of a table (results.csv, results.jsonl) below ${outputDirectory}${job.home ? ` or ${job.home}` : ''}; anything else a person has written: \`abp export <job> <file>\`, or output.path in a batch file that they run.`,
    details: { path: target },
  });
}

/**
 * The place of a job's own output, looked at again: it is where it was when it was given. Throws `invalid_input` where a
 * link has come between, else as `exportPlace`.
 */
export function outputPlace(places: StorePaths, job: Exported, { path, format, byPerson }: JobOutput): string {
  const place = exportPlace(places, job, { path, format }, { byPerson, workingDirectory: job.workingDirectory });
  if (place === path) return place;
  throw new AbpError(
    'invalid_input',
    `${path} lies behind a link that leads to ${place}, and links are not followed.`,
    {
      hint: 'Put a folder in the place of the link, or export to another path.',
    },
  );
}
