import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { claimUnits, holdLease, seedJob } from '../../helpers/store.ts';
import { serveTest, type TestServer } from './server.ts';

/** Creates a job whose unit 0 reports these files as made. */
async function withArtifacts(server: TestServer, paths: readonly string[]): Promise<{ jobId: string; folder: string }> {
  const { store } = server.abp;
  const folder = join(server.root, 'made');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  const { jobId } = await seedJob(store, { units: 1, job: { outputDirectory: folder } });
  const [claim] = await claimUnits(store, await holdLease(store, jobId));
  if (!claim) throw new Error('nothing was claimed');
  await store.repository.transaction('store', async (tx) =>
    tx.dispatcher.settle(claim, {
      attemptStatus: 'succeeded',
      outcome: { ok: true, usage: {}, result: { text: '', artifacts: paths.map((path) => ({ path, bytes: 4 })) } },
      decision: {
        status: 'completed',
        step: 0,
        retriesUsed: 0,
        deferrals: 0,
        interruptions: 0,
        notBefore: 0,
        failureClass: null,
        failureMessage: null,
      },
    }),
  );
  return { jobId, folder };
}

const address = (jobId: string, path: string) => `/api/jobs/${jobId}/units/0/attempts/1/artifacts/${path}`;

describe('artifacts', () => {
  test('are attachments that no page can run', async () => {
    const server = await serveTest();
    const { jobId, folder } = await withArtifacts(server, ['a.html', 'sub/ü b.png', 'x.svg']);
    writeFileSync(join(folder, 'a.html'), '<script>alert(1)</script>');
    writeFileSync(join(folder, 'sub', 'ü b.png'), 'PNG!');
    writeFileSync(join(folder, 'x.svg'), '<svg/>');
    const page = await server.ask(address(jobId, 'a.html'));
    expect(page.headers.get('content-type')).toBe('application/octet-stream');
    expect(page.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''a.html");
    expect(page.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    const image = await server.ask(address(jobId, 'sub/%C3%BC%20b.png'));
    expect([image.headers.get('content-type'), await image.text()]).toEqual(['image/png', 'PNG!']);
    expect((await server.ask(address(jobId, 'x.svg'))).headers.get('content-disposition')).toMatch(/^attachment/);
  });

  test.each([
    ['a file that the attempt did not make', 'other.txt'],
    ['a path out of the folder', '../../../../etc/passwd'],
    ['an encoded path out of the folder', '..%2f..%2f..%2fetc%2fpasswd'],
    ['a doubly encoded path out of the folder', '%252e%252e%252fetc%252fpasswd'],
    ['an absolute path', '%2fetc%2fpasswd'],
    ['a path with a zero byte', 'a.txt%00.png'],
    ['a path out of the folder that the worker reported', 'up'],
    ['a link out of the folder', 'link.txt'],
    ['a hard link to a file outside', 'hard.txt'],
    ['a file in a linked folder', 'linked/secret.txt'],
    ['a folder', 'sub'],
    ['a removed file', 'gone.txt'],
    ['a file below a file', 'other.txt/x'],
  ])('%s gets 404', async (_what, path) => {
    const server = await serveTest();
    writeFileSync(join(server.root, 'secret.txt'), 'secret');
    const { jobId, folder } = await withArtifacts(server, [
      '../secret.txt',
      'link.txt',
      'hard.txt',
      'linked/secret.txt',
      'sub',
      'gone.txt',
      'other.txt/x',
    ]);
    writeFileSync(join(folder, 'other.txt'), 'there, but not made by it');
    symlinkSync(join(server.root, 'secret.txt'), join(folder, 'link.txt'));
    symlinkSync(server.root, join(folder, 'linked'));
    linkSync(join(server.root, 'secret.txt'), join(folder, 'hard.txt'));
    const answer = await server.raw({}, 'GET', address(jobId, path === 'up' ? '..%2fsecret.txt' : path));
    expect(answer.status).toBe(404);
    expect(answer.text).not.toMatch(/^secret$|root:/);
  });

  test('are not read through a link that replaced their folder', async () => {
    const server = await serveTest();
    const { jobId, folder } = await withArtifacts(server, ['secret.txt']);
    writeFileSync(join(server.root, 'secret.txt'), 'secret');
    renameSync(folder, `${folder}-before`);
    symlinkSync(server.root, folder);
    const answer = await server.ask(address(jobId, 'secret.txt'));
    expect([answer.status, await answer.json()]).toMatchObject([404, { hint: expect.stringContaining(folder) }]);
  });

  test.each([
    '/assets/../../package.json',
    '/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '//etc/passwd',
  ])('no path of the page leads out of its folder: %s', async (path) => {
    const server = await serveTest();
    expect((await server.raw({}, 'GET', path)).text).not.toMatch(/"name"|root:/);
  });
});

test('results are sent as a file, and no request leaves a temporary file or an open handle', async () => {
  const server = await serveTest();
  const { jobId, folder } = await withArtifacts(server, ['a.txt']);
  writeFileSync(join(folder, 'a.txt'), 'abc');
  const path = `/api/jobs/${jobId}/results?format=csv`;
  const before = leftovers();
  const { repository } = server.abp.store;
  const events = await repository.events.lastSeq(jobId);
  const answer = await server.ask(path);
  expect(answer.headers.get('content-disposition')).toContain(`${jobId}.csv`);
  expect(await answer.text()).toMatch(/^name,.*\r?\nitem 0,/);
  for (const asked of [path, address(jobId, 'a.txt')]) {
    const head = await server.ask(asked, { method: 'HEAD' });
    expect([head.status, Number(head.headers.get('content-length')) > 0, await head.text()]).toEqual([200, true, '']);
    const leaving = new AbortController();
    const left = server.ask(asked, { signal: leaving.signal }).catch(() => undefined);
    leaving.abort();
    await left;
  }
  const mine = () => leftovers().filter((one) => !before.includes(one));
  await vi.waitFor(() => expect(mine()).toEqual([]), PATIENCE);
  expect(await repository.events.lastSeq(jobId)).toBe(events);
});

test.each(['batch.db', 'batch.db-wal', 'batch.db.server.json', 'logs/server.log', 'runs/x'])(
  'no request can export over a file of the store: %s',
  async (name) => {
    const server = await serveTest();
    const { jobId } = await withArtifacts(server, []);
    const path = join(server.root, name);
    const before = existsSync(path) ? readFileSync(path) : null;
    for (const force of [true, false]) {
      const answer = await server.send('POST', `/api/jobs/${jobId}/export`, { format: 'csv', path, force });
      expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_input' }]);
    }
    expect(existsSync(path)).toBe(before !== null);
    expect((await server.json<{ job_id: string }>(`/api/jobs/${jobId}/status`)).job_id).toBe(jobId);
  },
);

test('results of a job that is still enumerating get 409', async () => {
  const server = await serveTest();
  const { jobId } = await seedJob(server.abp.store, { status: 'enumerating', units: 2 });
  const answer = await server.ask(`/api/jobs/${jobId}/results?format=csv`);
  expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'conflict' }]);
});

/** Lists temporary exports, and open files of this test. */
function leftovers(): readonly string[] {
  const made = readdirSync(tmpdir()).filter((name) => name.startsWith('abp-export-'));
  const open = existsSync('/proc/self/fd')
    ? readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)];
        } catch {
          return [];
        }
      })
    : [];
  return [...made, ...open.filter((file) => /abp-export-|a\.txt/.test(file))];
}
