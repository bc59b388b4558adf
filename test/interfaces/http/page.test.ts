import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { serveTest, type TestServer } from './server.ts';

/** Starts a server with a page of two files. */
function withPage(): Promise<TestServer> {
  const assets = temporaryDirectory('page');
  mkdirSync(join(assets, 'assets'));
  writeFileSync(join(assets, 'index.html'), '<p>page</p>');
  writeFileSync(join(assets, 'assets', 'a.js'), 'run()');
  return serveTest({ assets });
}

test.each([
  ['/', 'text/html; charset=utf-8', 'no-cache', '<p>page</p>'],
  ['/jobs/job-a/units/3', 'text/html; charset=utf-8', 'no-cache', '<p>page</p>'],
  ['/assets/a.js', 'text/javascript; charset=utf-8', 'private, max-age=31536000, immutable', 'run()'],
])('%s is served as %s with Cache-Control %s', async (path, type, cache, body) => {
  const answer = await (await withPage()).ask(path);
  expect([answer.status, await answer.text()]).toEqual([200, body]);
  expect([answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([type, cache]);
});

test('a page that did not change gets 304, also for one tag of a list', async () => {
  const server = await withPage();
  const tag = (await server.ask('/')).headers.get('etag') ?? '';
  expect(tag).toMatch(/^"\w+"$/);
  for (const given of [tag, `"other", W/${tag}`]) {
    const answer = await server.ask('/jobs', { headers: { 'If-None-Match': given } });
    expect([given, answer.status, await answer.text()]).toEqual([given, 304, '']);
    expect([answer.headers.get('etag'), answer.headers.get('cache-control')]).toEqual([tag, 'no-cache']);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  }
  expect((await server.ask('/', { headers: { 'If-None-Match': '"other"' } })).status).toBe(200);
});

test('a browser at an unknown path gets the page with 404, a program a problem document', async () => {
  const server = await withPage();
  const lost = await server.ask('/nowhere', { headers: { Accept: 'text/html' } });
  expect([lost.status, await lost.text()]).toEqual([404, '<p>page</p>']);
  for (const path of ['/nowhere', '/assets', '/assets/b.js']) {
    const answer = await server.ask(path);
    expect([path, answer.status, await answer.json()]).toMatchObject([path, 404, { code: 'no_such_path' }]);
  }
});
