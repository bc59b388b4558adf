import { basename, dirname } from 'node:path';
import { homeOf, isPlainOutput, isWithin, realPath } from '../approval/bounds.ts';
import { AbpError } from '../domain/error.ts';
import type { Job } from '../domain/job.ts';
import { fileTarget } from '../executor/write-target.ts';
import { exportFormatOf } from '../export/index.ts';
import type { Call, OrchestratorDeps } from './operation.ts';

/** Files that assistants read as instructions, wherever they lie. */
const INSTRUCTIONS = /^(claude|agents|gemini)(\..*)?\.md$/i;

/**
 * Where an export really lies: absolute, without links. Its content comes from items and agents, so that a file which a
 * shell, an editor or an assistant reads by itself would be a program: without a person it goes below the job's outputs or
 * its home, nowhere hidden, under the name of a table. Throws `approval_required` for any other place, `invalid_input` for
 * one that nothing may be written to.
 */
export function exportPlace({ places }: OrchestratorDeps, job: Job, target: string, call: Call): string {
  const { jobId, outputDirectory, postProcessing, workingDirectory } = job;
  const outputs = [outputDirectory, places.outputs(jobId), ...(postProcessing ? [postProcessing.outputDirectory] : [])];
  // Folders in which agents, or others who were here before, may have laid links.
  const place = fileTarget(places, target, [call.workingDirectory, workingDirectory, ...outputs]);
  const name = basename(place);
  const isTable = exportFormatOf(name) !== null && !INSTRUCTIONS.test(name);
  const isOutput = outputs.some((directory) => isWithin(dirname(place), realPath(directory)) && !name.startsWith('.'));
  const isAtHome = [job.home, homeOf(call.home ?? null)].some((home) => isPlainOutput(place, home));
  if (call.human || (isTable && (isOutput || isAtHome))) return place;
  throw new AbpError('approval_required', `${target}: only a person can have results written there.`, {
    hint: `Give the name of a table (results.csv) below ${outputDirectory}${job.home ? ` or ${job.home}` : ''}; elsewhere they write it themselves: abp export ${jobId} <file>`,
    details: { path: target },
  });
}
