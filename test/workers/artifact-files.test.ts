import { execFileSync } from 'node:child_process';
import { appendFileSync, linkSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { artifactStats, openArtifact } from '../../src/workers/artifact-files.ts';
import { runFile } from '../../src/workers/process/run-directory.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { judgeFiles, workerWith } from '../helpers/worker.ts';

/** Entries that an agent may leave in its output directory, next to a file of another owner. */
function outputs(root = temporaryDirectory('artifacts'), directory = join(root, 'out')): string {
  mkdirSync(join(directory, 'sub/deep'), { recursive: true });
  mkdirSync(join(root, 'outside'));
  writeFileSync(join(root, 'outside/secret'), 'a secret of 20 bytes');
  writeFileSync(join(directory, 'a.txt'), 'abc');
  writeFileSync(join(directory, 'sub/deep/ü b.txt'), 'abcd');
  writeFileSync(join(directory, 'twin'), 'made by the agent');
  linkSync(join(directory, 'twin'), join(directory, 'sub/twin'));
  linkSync(join(root, 'outside/secret'), join(directory, 'hard'));
  symlinkSync(join(root, 'outside/secret'), join(directory, 'soft'));
  symlinkSync(join(root, 'outside'), join(directory, 'soft-folder'));
  symlinkSync('a.txt', join(directory, 'soft-inside'));
  symlinkSync('sub', join(directory, 'sub-inside'));
  symlinkSync(join(root, 'nothing'), join(directory, 'dangling'));
  symlinkSync('/dev/zero', join(directory, 'endless'));
  execFileSync('sh', ['-c', 'mkfifo "$0"', join(directory, 'pipe')]);
  return directory;
}

const REFUSED: readonly (readonly [path: string, why: 'gone' | 'linked'])[] = [
  ['hard', 'linked'],
  ['twin', 'linked'],
  ['sub/twin', 'linked'],
  ['soft', 'linked'],
  ['soft-folder/secret', 'linked'],
  ['soft-inside', 'linked'],
  ['sub-inside/deep/ü b.txt', 'linked'],
  ['dangling', 'linked'],
  ['endless', 'linked'],
  ['pipe', 'gone'],
  ['sub', 'gone'],
  ['.', 'gone'],
  ['', 'gone'],
  ['none.txt', 'gone'],
  ['a.txt/x', 'gone'],
  ['a.txt/', 'gone'],
  ['../outside/secret', 'gone'],
  ['sub/../../outside/secret', 'gone'],
  ['/etc/hostname', 'gone'],
  ['a.txt\0', 'gone'],
  ['x'.repeat(300), 'gone'],
];

describe('an artifact file', () => {
  test.each([
    ['a.txt', 3],
    ['sub/deep/ü b.txt', 4],
    ['sub/../a.txt', 3],
  ])('accepts and opens %s', async (path, size) => {
    const directory = outputs();
    expect(artifactStats(directory, path)).toMatchObject({ size });
    const handle = await openArtifact(directory, path);
    if (typeof handle === 'string') throw new Error(handle);
    expect(await text(handle.createReadStream())).toHaveLength(size);
  });

  test.each(REFUSED)('rejects %j: %s', async (path, why) => {
    const directory = outputs();
    expect(artifactStats(directory, path)).toBe(why);
    expect(await openArtifact(directory, path)).toBe(why);
  });

  test('is rejected once its directory is replaced by a link', async () => {
    const directory = outputs();
    renameSync(directory, `${directory}-before`);
    symlinkSync(`${directory}-before`, directory);
    expect(artifactStats(directory, 'a.txt')).toBe('linked');
    expect(await openArtifact(directory, 'a.txt')).toBe('linked');
  });
});

test('a worker lists created files, but no links or sizes of their targets', async () => {
  const { worker, assignment } = await workerWith({ type: 'claude' });
  const { runDirectory, outputDirectory } = assignment;
  outputs(temporaryDirectory('artifacts'), outputDirectory);
  const paths = ['a.txt', 'sub/deep/ü b.txt', ...REFUSED.map(([path]) => path).filter((path) => path !== 'a.txt/')];
  const said = (line: object) => appendFileSync(runFile(runDirectory, 'stdout'), `${JSON.stringify(line)}\n`);
  for (const [id, path] of paths.entries()) {
    const input = { file_path: path.startsWith('/') ? path : `${outputDirectory}/${path}` };
    const message = { id: `m${id}`, model: 'm', content: [{ type: 'tool_use', id: `t${id}`, name: 'Write', input }] };
    said({ type: 'assistant', message });
    said({ type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: `t${id}`, content: 'ok' }] } });
  }
  said({ type: 'result', subtype: 'success', is_error: false, result: 'done', stop_reason: 'end_turn' });
  writeFileSync(runFile(runDirectory, 'exit'), '0\n');
  const outcome = await judgeFiles(worker, assignment);
  expect(outcome).toMatchObject({ ok: true });
  expect(outcome?.ok && outcome.result.artifacts).toEqual([
    { path: 'a.txt', bytes: 3 },
    { path: 'sub/deep/ü b.txt', bytes: 4 },
  ]);
});
