import { basename, dirname } from 'node:path';
import { homeOf, isPlainOutput, isWithin, realPath } from '../approval/bounds.ts';
import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import { fileTarget } from '../executor/write-target.ts';
import { type ExportFormatName, exportFormatOf } from '../export/index.ts';
import type { Call, OrchestratorDeps } from './operation.ts';

/** Formats that nothing reads by itself, whatever the name of the file: no assistant, no editor, no package manager. */
const DATA: readonly ExportFormatName[] = ['csv', 'tsv', 'jsonl'];

/**
 * Where an export really lies: absolute, without links. Its content comes from items and agents, so that a file which a
 * shell, an editor or an assistant reads by itself would be a program: without a person it is a file of its format, below the
 * job's own outputs, or data below its output directory or home, nowhere hidden. Throws `approval_required` for any other
 * place, `invalid_input` for one that nothing may be written to.
 */
export function exportPlace(
  { places }: OrchestratorDeps,
  job: Job,
  { path: target, format }: { readonly path: string; readonly format: ExportFormatName },
  call: Call,
): string {
  const { jobId, outputDirectory, postProcessing, workingDirectory } = job;
  const own = places.outputs(jobId);
  const outputs = [outputDirectory, own, ...(postProcessing ? [postProcessing.outputDirectory] : [])];
  // Folders in which agents, or others who were here before, may have laid links.
  const place = fileTarget(places, target, [call.workingDirectory, workingDirectory, ...outputs]);
  const name = basename(place);
  const isBelow = (directory: string) => isWithin(dirname(place), realPath(directory));
  const isPlain =
    outputs.some(isBelow) || [job.home, homeOf(call.home ?? null)].some((home) => isPlainOutput(place, home));
  const isNamedSo = exportFormatOf(name) === format && !name.startsWith('.');
  if (call.human || (isNamedSo && (isBelow(own) || (isPlain && DATA.includes(format))))) return place;
  throw new AbpError('approval_required', `${target}: only a person can have results written there as ${format}.`, {
    hint: `Give the name of a table (results.csv, results.jsonl) below ${outputDirectory}${job.home ? ` or ${job.home}` : ''}; anything else they write themselves: abp export ${jobId} <file>`,
    details: { path: target },
  });
}
