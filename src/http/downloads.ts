import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import type { Context, Hono } from 'hono';
import { getMimeType } from 'hono/utils/mime';
import { realPath } from '../approval/real-path.ts';
import { AbpError } from '../domain/error.ts';
import { exportExtension, exportMediaType } from '../export/index.ts';
import type { Orchestrator } from '../orchestrator/index.ts';
import { requireJob } from '../orchestrator/operation.ts';
import { writeResults } from '../orchestrator/operations/export-results.ts';
import { openArtifact } from '../workers/artifact-files.ts';
import type { HttpEnv } from './caller.ts';
import { routerPath } from './endpoints.ts';
import { resourceReader } from './input.ts';
import { artifact, results } from './resources.ts';

/** Adds the downloads: artifacts of an attempt, and results as a file. */
export function addDownloads(app: Hono<HttpEnv>, orchestrator: Orchestrator): void {
  const { repository } = orchestrator.deps;

  const readArtifact = resourceReader(artifact);
  app.get(routerPath(artifact.path), async (c) => {
    const { job_id: jobId, unit, attempt: number, path, stage = 'main' } = await readArtifact(c);
    const job = await requireJob(orchestrator.deps, jobId);
    const attempt = await repository.attempts.get({ jobId, stage, index: unit, attempt: number });
    const made = attempt?.result?.artifacts?.find((one) => one.path === path);
    if (!made) throw new AbpError('not_found', `This attempt made no file ${JSON.stringify(path)}.`);
    const folder =
      stage === 'post' ? (job.postProcessing?.outputDirectory ?? job.outputDirectory) : job.outputDirectory;
    const type = getMimeType(path);
    // The dashboard shows images in <img>; anything else is bytes to save.
    const shown = type?.startsWith('image/') ? type : undefined;
    return attachment(c, basename(path), await openMade(folder, made.path), shown);
  });

  const readResults = resourceReader(results);
  app.get(routerPath(results.path), async (c) => {
    const { format, job_id, status } = await readResults(c);
    const name = `${(await requireJob(orchestrator.deps, job_id)).jobId}${exportExtension(format)}`;
    const folder = await mkdtemp(join(tmpdir(), 'abp-export-'));
    try {
      const path = join(folder, name);
      // Not the operation export_results: that records the path of the export, and this file is deleted below.
      await writeResults(orchestrator.deps, format, { job_id, status }, path, { signal: c.req.raw.signal });
      return await attachment(c, name, await open(path), exportMediaType(format));
    } finally {
      // An open file stays readable until it has been sent, and none remains if sending fails.
      await rm(folder, { recursive: true, force: true });
    }
  });
}

/** Opens an artifact; follows no link. Throws AbpError `not_found`. */
async function openMade(folder: string, path: string): Promise<FileHandle> {
  const file = realPath(folder) === folder ? await openArtifact(folder, path) : 'linked';
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

/** Sends a file as an attachment that a page cannot run, and closes it. */
async function attachment(c: Context, file: string, handle: FileHandle, type = 'application/octet-stream') {
  const { size } = await handle.stat();
  const headers = {
    'Content-Type': type,
    'Content-Length': String(size),
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file).replaceAll("'", '%27')}`,
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'private, no-cache',
  };
  if (size === 0 || c.req.method === 'HEAD') {
    await handle.close();
    return c.body(null, 200, headers);
  }
  // The announced length, even if the file grows.
  const stream = handle.createReadStream({ end: size - 1 });
  return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array>, 200, headers);
}
