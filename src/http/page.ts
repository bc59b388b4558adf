import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import type { Hono } from 'hono';
import { packageRoot } from '../package-root.ts';
import type { HttpEnv } from './caller.ts';
import { HttpRefusal } from './problem.ts';

/** The built page, in memory: a request can name only what was read, so that no path leads out of the folder. */
export type PageFiles = ReadonlyMap<
  string,
  { readonly body: Uint8Array<ArrayBuffer>; readonly type: string; readonly etag: string }
>;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Where `npm run build` puts the page. */
export function builtPage(): string {
  return join(packageRoot(), 'dist', 'dashboard');
}

/** Reads the built page; empty when it has not been built. */
export function readPage(folder: string): PageFiles {
  const files = new Map<string, { body: Uint8Array<ArrayBuffer>; type: string; etag: string }>();
  for (const name of listed(folder)) {
    const type = TYPES[extname(name)];
    if (!type) continue;
    const body = new Uint8Array(readFileSync(join(folder, name)));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    files.set(`/${name.split(sep).join('/')}`, { body, type, etag });
  }
  return files;
}

function listed(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Addresses at which the page is; which view that is, the page finds out itself. */
const VIEWS = /^\/(jobs(\/.*)?|approvals|system|api\/docs)?$/;

/** Serves the page at the addresses of its views, and its files. A person who lost the way gets it, too: it says so. */
export function addPage(app: Hono<HttpEnv>, files: PageFiles): void {
  app.get('*', (c) => {
    const { path } = c.req;
    const isView = VIEWS.test(path);
    const isLost =
      !isView && !files.has(path) && !path.startsWith('/api/') && c.req.header('Accept')?.includes('text/html');
    const file = files.get(isView || isLost ? '/index.html' : path);
    if (!file) {
      if (isView) throw new HttpRefusal('unavailable', 'The page has not been built.', 'npm run build');
      throw new HttpRefusal('no_such_path', `There is nothing at ${path}.`);
    }
    // Names of assets hold a hash of their content; the page itself is looked at again each time.
    const cache = path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-cache';
    const headers = { 'Content-Type': file.type, 'Cache-Control': cache, ETag: file.etag };
    if (c.req.header('If-None-Match') === file.etag) return c.body(null, 304, headers);
    return c.body(file.body, isLost ? 404 : 200, headers);
  });
}
