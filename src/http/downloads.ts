import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { Context, Hono } from 'hono';
import { getMimeType } from 'hono/utils/mime';
import { exportExtension, exportMediaType } from '../domain/export-format.ts';
import type { Orchestrator } from '../orchestrator/index.ts';
import type { HttpEnv } from './caller.ts';
import { routerPath } from './endpoints.ts';
import { resourceReader } from './input.ts';
import { artifact, results } from './resources.ts';
import { serverCall } from './server-call.ts';

/** Adds the downloads: artifacts of an attempt, and results as a file. */
export function addDownloads(app: Hono<HttpEnv>, orchestrator: Orchestrator): void {
  const readArtifact = resourceReader(artifact);
  app.get(routerPath(artifact.path), async (c) => {
    const input = await readArtifact(c);
    const { file } = await orchestrator.call('open_artifact', input, serverCall(c));
    const type = getMimeType(input.path);
    // The dashboard shows images in <img>; anything else is bytes to save.
    const shown = type?.startsWith('image/') ? type : undefined;
    return attachment(c, basename(input.path), file, shown);
  });

  const readResults = resourceReader(results);
  app.get(routerPath(results.path), async (c) => {
    const input = await readResults(c);
    const { file } = await orchestrator.call('open_results', input, serverCall(c));
    return attachment(c, `${input.job_id}${exportExtension(input.format)}`, file, exportMediaType(input.format));
  });
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
