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

/** A job whose unit 0 made these files, as it says. */
function withArtifacts(server: TestServer, paths: readonly string[]): { jobId: string; folder: string } {
  const { store } = server.abp;
  const folder = join(server.root, 'made');
  mkdirSync(join(folder, 'sub'), { recursive: true });
  const { jobId } = seedJob(store, { units: 1, job: { outputDirectory: folder } });
  const [claim] = claimUnits(store, holdLease(store, jobId));
  if (!claim) throw new Error('nothing was claimed');
  store.repository.transaction((tx) =>
    store.dispatcher.settle(tx, claim, {
      attemptStatus: 'succeeded',
      outcome: { ok: true, usage: {}, result: { text: '', artifacts: paths.map((path) => ({ path, bytes: 4 })) } },
      decision: {
        status: 'completed',
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

describe('files that agents made', () => {
  test('come as attachments that no page can run', async () => {
    const server = await serveTest();
    const { jobId, folder } = withArtifacts(server, ['a.html', 'sub/ü b.png', 'x.svg']);
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
    ['what the attempt did not make', 'other.txt'],
    ['a way out', '../../../../etc/passwd'],
    ['a hidden way out', '..%2f..%2f..%2fetc%2fpasswd'],
    ['a doubly hidden way out', '%252e%252e%252fetc%252fpasswd'],
    ['an absolute path', '%2fetc%2fpasswd'],
    ['a path with a zero byte', 'a.txt%00.png'],
    ['a way out that the worker itself reported', 'up'],
    ['a link out of the folder', 'link.txt'],
    ['a second name of a file outside', 'hard.txt'],
    ['a file behind a linked folder', 'linked/secret.txt'],
    ['a folder', 'sub'],
    ['a file that is gone', 'gone.txt'],
    ['a file in what is no folder', 'other.txt/x'],
  ])('%s is not given', async (_what, path) => {
    const server = await serveTest();
    writeFileSync(join(server.root, 'secret.txt'), 'secret');
    const { jobId, folder } = withArtifacts(server, [
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

  test('are not given from where a link leads that took the place of their folder', async () => {
    const server = await serveTest();
    const { jobId, folder } = withArtifacts(server, ['secret.txt']);
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
  ])('no address of the page leads out of it: %s', async (path) => {
    const server = await serveTest();
    expect((await server.raw({}, 'GET', path)).text).not.toMatch(/"name"|root:/);
  });
});

test('results come as a file, whole; no way to ask for it leaves anything behind', async () => {
  const server = await serveTest();
  const { jobId, folder } = withArtifacts(server, ['a.txt']);
  writeFileSync(join(folder, 'a.txt'), 'abc');
  const path = `/api/jobs/${jobId}/results?format=csv`;
  const before = leftovers();
  const { repository } = server.abp.store;
  const events = repository.events.lastSeq(jobId);
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
  expect(repository.events.lastSeq(jobId)).toBe(events);
});

test.each(['batch.db', 'batch.db-wal', 'batch.db.server.json', 'logs/server.log', 'runs/x'])(
  'no request exports into the store, with force or without: %s',
  async (name) => {
    const server = await serveTest();
    const { jobId } = withArtifacts(server, []);
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

test('a job whose units are still being stored has no results to send', async () => {
  const server = await serveTest();
  const { jobId } = seedJob(server.abp.store, { status: 'enumerating', units: 2 });
  const answer = await server.ask(`/api/jobs/${jobId}/results?format=csv`);
  expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'conflict' }]);
});

/** Exports in the folder for temporary files, and files of this test that are open. */
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
