import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Outcome } from '../../src/domain/attempt.ts';
import { moveFiles } from '../../src/executor/move-files.ts';
import { pruneStore } from '../../src/orchestrator/operations/prune-store.ts';
import { storePaths } from '../../src/supervision/store-paths.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { makeOwnOutput, wroteFiles } from '../../src/workers/process/own-output.ts';
import { PERSON } from '../helpers/approvals.ts';
import { world } from '../helpers/processes.ts';
import { MAY_MOUNT, smallDisk } from '../helpers/small-disk.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { assignmentFor } from '../helpers/worker.ts';

const DONE: Outcome = { ok: true, usage: { costUsd: 2 }, result: { text: 'done' } };

/** Units of one job, each of which has written files into a directory of its own. */
function job() {
  const root = temporaryDirectory('move-files');
  const places = storePaths(path.join(root, 'batch.db'));
  const outputDirectory = path.join(root, 'out');
  mkdirSync(outputDirectory);
  const wrote = (files: Readonly<Record<string, string>>, parts: Partial<Assignment> = {}) => {
    const assignment = assignmentFor({ outputDirectory, ...parts });
    const own = makeOwnOutput(assignment.runDirectory);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(own, name)), { recursive: true });
      writeFileSync(path.join(own, name), text);
    }
    return assignment;
  };
  return {
    outputDirectory,
    wrote,
    gives: (files: Readonly<Record<string, string>>, parts: Partial<Assignment> = {}, outcome: Outcome = DONE) =>
      moveFiles(places, wrote(files, parts), outcome),
    over: (assignment: Assignment) => moveFiles(places, assignment, DONE),
    found: () => contents(outputDirectory),
  };
}

function contents(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const named = files.map(({ parentPath, name }) => path.join(parentPath, name));
  return Object.fromEntries(named.sort().map((file) => [path.relative(directory, file), readFileSync(file, 'utf8')]));
}

describe('the files of a program', () => {
  test("are moved to the job's output directory, also from folders", async () => {
    const { gives, found } = job();
    const artifacts = [
      { path: 'a.txt', bytes: 1 },
      { path: 'deep/er/b.txt', bytes: 1 },
    ];
    expect(await gives({ 'a.txt': 'a', 'deep/er/b.txt': 'b' })).toMatchObject({
      ok: true,
      result: { text: 'done', artifacts },
    });
    expect(found()).toEqual({ 'a.txt': 'a', 'deep/er/b.txt': 'b' });
  });

  test('of a failed attempt stay where they are', async () => {
    const { gives, found } = job();
    const failed: Outcome = { ok: false, failureClass: 'agent_error', message: 'no', usage: {} };
    expect(await gives({ 'a.txt': 'half' }, {}, failed)).toBe(failed);
    expect(found()).toEqual({});
  });

  test.each([
    ['report.md', 'report.unit-2.md'],
    ['a.b/report', 'a.b/report.unit-2'],
    ['.hidden', '.hidden.unit-2'],
    ['x.tar.gz', 'x.tar.unit-2.gz'],
  ])('of two units that write %s are both kept', async (name, second) => {
    const { gives, found } = job();
    await gives({ [name]: 'of 1' }, { index: 1 });
    await gives({ [name]: 'of 2' }, { index: 2 });
    expect(found()).toEqual({ [name]: 'of 1', [second]: 'of 2' });
    await gives({ [name]: 'of 2 again' }, { index: 2, attempt: 2 });
    await gives({ [name]: 'of 1 again' }, { index: 1, attempt: 2 });
    expect(found()).toEqual({ [name]: 'of 1 again', [second]: 'of 2 again' });
  });

  test('of twenty units that write one name at once are all kept', async () => {
    const { gives, found } = job();
    await Promise.all(Array.from({ length: 20 }, (_, index) => gives({ 'r.txt': `of ${index}` }, { index })));
    expect(Object.values(found()).sort()).toEqual(Array.from({ length: 20 }, (_, index) => `of ${index}`).sort());
  });

  test('replace those of another job', async () => {
    const { gives, found, outputDirectory } = job();
    writeFileSync(path.join(outputDirectory, 'a.txt'), 'of last month');
    await gives({ 'a.txt': 'new' });
    expect(found()).toEqual({ 'a.txt': 'new' });
  });

  test('are all listed by the executor that judges after a kill between moves', async () => {
    const { wrote, over, found } = job();
    const assignment = wrote({ 'a.txt': 'a', 'b.txt': 'b' });
    await over(assignment);
    expect(await wroteFiles(assignment.runDirectory)).toBe(true);
    writeFileSync(path.join(assignment.runDirectory, 'output', 'c.txt'), 'not moved yet');
    appendFileSync(path.join(assignment.runDirectory, 'moved'), '\n["c.txt","c.t');
    expect((await over(assignment)) as object).toMatchObject({
      result: { artifacts: [{ path: 'a.txt' }, { path: 'b.txt' }, { path: 'c.txt' }] },
    });
    expect(found()).toEqual({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'not moved yet' });
  });

  test.each<[string, readonly Readonly<Record<string, string>>[], Readonly<Record<string, string>>]>([
    [
      'a name that another unit gets for its own',
      [{ 'r.md': '0' }, { 'r.md': '1', 'r.unit-1.md': '1b', 'r.unit-2.md': '1c' }, { 'r.md': '2' }],
      { 'r.md': '0', 'r.unit-1.md': '1', 'r.unit-1.unit-1.md': '1b', 'r.unit-2.md': '1c', 'unit-2/r.md': '2' },
    ],
    ['a folder where another unit has a file', [{ x: '0' }, { 'x/y': '1' }], { x: '0', 'unit-1/x/y': '1' }],
    ['a file where another unit has a folder', [{ 'x/y': '0' }, { x: '1' }], { 'x/y': '0', 'x.unit-1': '1' }],
    [
      'a name that is too long for an addition',
      [{ ['n'.repeat(253)]: '0' }, { ['n'.repeat(253)]: '1' }],
      { ['n'.repeat(253)]: '0', [`unit-1/${'n'.repeat(253)}`]: '1' },
    ],
  ])('of several units are all kept: %s', async (_what, units, all) => {
    const { gives, found } = job();
    for (const [index, files] of units.entries()) expect(await gives(files, { index })).toMatchObject({ ok: true });
    expect(found()).toEqual(all);
    for (const [index, files] of units.entries()) await gives(files, { index, attempt: 2 });
    expect(found()).toEqual(all);
  });

  test('are all kept when two executors move them at once', async () => {
    const { wrote, over, found } = job();
    const all = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}.txt`, String(n)]));
    const assignment = wrote(all);
    const outcomes = await Promise.all([over(assignment), over(assignment), over(assignment)]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: true, result: { artifacts: { length: 100 } } });
    expect(found()).toEqual(all);
  });

  test('of post-processing do not replace those of a unit', async () => {
    const { gives, found } = job();
    await gives({ 'report.md': 'of a unit' }, { index: 0 });
    await gives({ 'report.md': 'of all' }, { index: 0, scope: 'job' });
    expect(found()).toEqual({ 'report.md': 'of a unit', 'report.job.md': 'of all' });
  });

  test.each([
    [
      'the directory itself',
      (own: string, precious: string) => {
        rmSync(own, { recursive: true });
        symlinkSync(precious, own);
      },
    ],
    ['a folder in it', (own: string, precious: string) => symlinkSync(precious, path.join(own, 'link'))],
    [
      'a file in it',
      (own: string, precious: string) => symlinkSync(path.join(precious, 'data.txt'), path.join(own, 'link')),
    ],
  ])('do not follow links: %s', async (_what, link) => {
    const precious = temporaryDirectory('precious');
    writeFileSync(path.join(precious, 'data.txt'), 'mine');
    const { wrote, over, found } = job();
    const assignment = wrote({});
    link(path.join(assignment.runDirectory, 'output'), precious);
    expect(await wroteFiles(assignment.runDirectory)).toBe(false);
    expect(await over(assignment)).toBe(DONE);
    expect([found(), contents(precious)]).toEqual([{}, { 'data.txt': 'mine' }]);
  });

  test('that cannot be moved fail the attempt with the reason and its cost', async () => {
    const { gives, outputDirectory } = job();
    rmSync(outputDirectory, { recursive: true });
    symlinkSync(outputDirectory, outputDirectory);
    expect(await gives({ 'a.txt': 'a' })).toEqual({
      ok: false,
      failureClass: 'bad_input',
      message: expect.stringMatching(/^its files could not be moved to the output directory: .*ELOOP/),
      usage: { costUsd: 2 },
    });
  });

  test.skipIf(!MAY_MOUNT)('wait for room on a full disk, and are whole when there is some', async () => {
    const disk = smallDisk(1);
    const { wrote, over } = job();
    const assignment = wrote({ 'a.txt': 'a'.repeat(2_000_000) }, { outputDirectory: disk.folder });
    await expect(over(assignment)).rejects.toMatchObject({ code: 'ENOSPC', usage: DONE.usage });
    expect(contents(disk.folder)).toEqual({});
    expect(await over({ ...assignment, outputDirectory: temporaryDirectory('roomy') })).toMatchObject({ ok: true });
  });

  test.runIf(existsSync('/dev/shm'))('reach another file system', async () => {
    const elsewhere = mkdtempSync('/dev/shm/abp-');
    onTestFinished(() => rmSync(elsewhere, { recursive: true }));
    const { gives } = job();
    const parts = { outputDirectory: elsewhere };
    await gives({ 'd/a.txt.part': 'of 0', 'd/b.txt': 'b' }, { ...parts, index: 0 });
    await gives({ 'd/a.txt': 'of 1' }, { ...parts, index: 1 });
    expect(contents(elsewhere)).toEqual({ 'd/a.txt.part': 'of 0', 'd/a.txt': 'of 1', 'd/b.txt': 'b' });
  });
});

test('a unit without output is incomplete, whatever others write at the same time', async () => {
  const w = world();
  const script =
    'touch "$DIR/began-$ABP_UNIT"; until [ -e "$DIR/go" ]; do sleep 0.05; done; [ $ABP_UNIT = 1 ] || echo x > "$ABP_OUTPUT_DIR/f"';
  const jobId = await w.begin([{}, {}, {}], {
    worker: { type: 'command', command: ['sh', '-c', script], env: { DIR: w.directory } },
    limits: { max_workers: 3, max_retries: 0 },
  });
  await vi.waitFor(() => expect([0, 1, 2].every((n) => existsSync(path.join(w.directory, `began-${n}`)))).toBe(true), {
    timeout: 60_000,
  });
  w.go();
  await w.ended(jobId);
  expect((await w.units(jobId)).map(({ status, failureClass }) => failureClass ?? status)).toEqual([
    'completed',
    'incomplete',
    'completed',
  ]);
  expect(Object.keys(contents((await w.job(jobId)).outputDirectory)).sort()).toHaveLength(2);
});

test('the prompt of a program names its own output directory, not the shared one', async () => {
  const w = world();
  const jobId = await w.begin([{}], { worker: { type: 'command', command: ['cat'] } });
  await w.ended(jobId);
  const { attempts } = await w.call('get_unit', { job_id: jobId, unit: 0 });
  const result = attempts.at(-1)?.result;
  expect(JSON.stringify(result)).toContain('$ABP_OUTPUT_DIR');
  expect(JSON.stringify(result)).not.toContain((await w.job(jobId)).outputDirectory);
});

test('a unit keeps its path when it runs again after a prune', async () => {
  const w = world();
  const script = 'echo "$ABP_UNIT.$ABP_ATTEMPT" > "$ABP_OUTPUT_DIR/r.md"';
  const jobId = await w.begin([{}, {}], { worker: { type: 'command', command: ['sh', '-c', script] } });
  await w.ended(jobId);
  const before = contents((await w.job(jobId)).outputDirectory);
  expect(Object.keys(before).sort()).toEqual(['r.md', expect.stringMatching(/^r\.unit-\d\.md$/)]);
  const { deps } = w.abp.orchestrator;
  const call = { ...PERSON, workingDirectory: w.directory, maxWaitMs: 60_000 };
  await pruneStore.run(deps, { older_than_s: 0, what: 'runs', dry_run: false }, call);
  await w.abp.orchestrator.call('manage_units', { job_id: jobId, action: 'reopen', units: [0, 1] }, call);
  await w.until(async () =>
    (await w.units(jobId)).every(({ status, attempt }) => status === 'completed' && attempt === 2),
  );
  await w.ended(jobId);
  const after = Object.entries(before).map(([name, text]) => [name, text.replace('.1', '.2')]);
  expect(contents((await w.job(jobId)).outputDirectory)).toEqual(Object.fromEntries(after));
});
