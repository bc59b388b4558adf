import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { etag } from 'hono/etag';
import { getMimeType } from 'hono/utils/mime';
import { packageRoot } from '../package-root.ts';
import type { HttpEnv } from './caller.ts';
import { HttpRefusal } from './problem.ts';

/** Files of the built page by URL path, in memory: no path of a request reaches the disk. */
export type PageFiles = ReadonlyMap<string, { readonly body: Uint8Array<ArrayBuffer>; readonly type: string }>;

/** Returns the folder that `npm run build` writes the page to. */
export function builtPage(): string {
  return join(packageRoot(), 'dist', 'dashboard');
}

/** Reads the built page; empty if it has not been built. */
export function readPage(folder: string): PageFiles {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  const files = names.flatMap((name) => {
    const type = getMimeType(name);
    // Folders have no type.
    return type ? [[`/${name}`, { body: new Uint8Array(readFileSync(join(folder, name))), type }] as const] : [];
  });
  return new Map(files);
}

/** Paths of the views of the page, which routes them itself. */
const VIEWS = /^\/(jobs(\/.*)?|approvals|system|api\/docs)?$/;

/** Serves the page at the paths of its views, and its files. A browser at an unknown path gets the page too, with 404. */
export function addPage(app: Hono<HttpEnv>, files: PageFiles): void {
  app.get('*', etag(), (c) => {
    const { path } = c.req;
    const isView = VIEWS.test(path);
    const isLost =
      !isView && !files.has(path) && !path.startsWith('/api/') && c.req.header('Accept')?.includes('text/html');
    const file = files.get(isView || isLost ? '/index.html' : path);
    if (!file) {
      if (isView) throw new HttpRefusal('unavailable', 'The page has not been built.', 'npm run build');
      throw new HttpRefusal('no_such_path', `There is nothing at ${path}.`);
    }
    // Names of assets contain a hash of their content; the page itself is revalidated on each visit.
    const cache = path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-cache';
    return c.body(file.body, isLost ? 404 : 200, { 'Content-Type': file.type, 'Cache-Control': cache });
  });
}
