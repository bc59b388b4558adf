import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { realPath } from '../../approval/real-path.ts';
import { AbpError } from '../../domain/error.ts';
import { stepAt, stepDirectory } from '../../domain/step.ts';
import { openArtifact as openFile } from '../../workers/artifact-files.ts';
import { IN_PROCESS, operation, requireJob } from '../operation.ts';
import { jobId, unitIndex } from '../shapes.ts';

/** Opens a file that an attempt made; follows no link. */
export const openArtifact = operation({
  name: 'open_artifact',
  title: 'A file that an attempt made, as an open file',
  interfaces: IN_PROCESS,
  description: 'One of the artifacts in the result of an attempt. The caller closes it.',
  input: z.strictObject({
    job_id: jobId,
    unit: unitIndex,
    attempt: z.int().min(1),
    path: z.string().describe('As in the result; slashes need no encoding'),
    scope: z.enum(['unit', 'job']).optional().describe('job: of a step of scope job'),
  }),
  output: z.object({ file: z.custom<FileHandle>() }),
  effect: 'read',
  async run(deps, { job_id, unit, attempt: number, path, scope = 'unit' }) {
    const job = await requireJob(deps, job_id);
    const attempt = await deps.repository.attempts.get({ jobId: job_id, scope, index: unit, attempt: number });
    const made = attempt?.result?.artifacts?.find((one) => one.path === path);
    if (!attempt || !made) throw new AbpError('not_found', `This attempt made no file ${JSON.stringify(path)}.`);
    const revision = await deps.repository.jobs.revision(job_id, attempt.revision);
    const folder = revision ? stepDirectory(job.outputDirectory, stepAt(revision, attempt)) : job.outputDirectory;
    return { file: await openMade(folder, made.path) };
  },
});

async function openMade(folder: string, path: string): Promise<FileHandle> {
  const file = realPath(folder) === folder ? await openFile(folder, path) : 'linked';
  if (file === 'gone') {
    throw new AbpError('not_found', `The file ${JSON.stringify(path)} was removed or cannot be read.`);
  }
  if (file === 'linked') {
    throw new AbpError('not_found', `Expected a file at ${JSON.stringify(path)}, found a link on its path.`, {
      hint: `A link may lead to another file; open it on this machine, in ${folder}.`,
    });
  }
  return file;
}
