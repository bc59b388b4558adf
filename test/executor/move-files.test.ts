import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Outcome } from '../../src/domain/attempt.ts';
import type { Assignment } from '../../src/domain/worker.ts';
import { handOver } from '../../src/executor/move-files.ts';
import { placesOf } from '../../src/executor/places.ts';
import { makeOwnOutput, wroteFiles } from '../../src/workers/process/own-output.ts';
import { world } from '../helpers/processes.ts';
import { MAY_MOUNT, smallDisk } from '../helpers/small-disk.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { assignmentFor } from '../helpers/worker.ts';

const DONE: Outcome = { ok: true, usage: { costUsd: 2 }, result: { text: 'done' } };

/** Units of one job, each of which has written files into a directory of its own. */
function job() {
  const root = temporaryDirectory('move-files');
  const places = placesOf(path.join(root, 'batch.db'));
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
      handOver(places, wrote(files, parts), outcome),
    over: (assignment: Assignment) => handOver(places, assignment, DONE),
    found: () => contents(outputDirectory),
  };
}

function contents(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const named = files.map(({ parentPath, name }) => path.join(parentPath, name));
  return Object.fromEntries(named.sort().map((file) => [path.relative(directory, file), readFileSync(file, 'utf8')]));
}

describe('the files of a program', () => {
  test('are moved to the output directory of its job, also from folders', async () => {
    const { gives, found } = job();
    expect(await gives({ 'a.txt': 'a', 'deep/er/b.txt': 'b' })).toBe(DONE);
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
  ])('of two units that write %s are both there', async (name, second) => {
    const { gives, found } = job();
    await gives({ [name]: 'of 1' }, { index: 1 });
    await gives({ [name]: 'of 2' }, { index: 2 });
    expect(found()).toEqual({ [name]: 'of 1', [second]: 'of 2' });
    await gives({ [name]: 'of 2 again' }, { index: 2, attempt: 2 });
    await gives({ [name]: 'of 1 again' }, { index: 1, attempt: 2 });
    expect(found()).toEqual({ [name]: 'of 1 again', [second]: 'of 2 again' });
  });

  test('of twenty units that write one name at once are all there', async () => {
    const { gives, found } = job();
    await Promise.all(Array.from({ length: 20 }, (_, index) => gives({ 'r.txt': `of ${index}` }, { index })));
    expect(Object.values(found()).sort()).toEqual(Array.from({ length: 20 }, (_, index) => `of ${index}`).sort());
  });

  test('replace what another job wrote there', async () => {
    const { gives, found, outputDirectory } = job();
    writeFileSync(path.join(outputDirectory, 'a.txt'), 'of last month');
    await gives({ 'a.txt': 'new' });
    expect(found()).toEqual({ 'a.txt': 'new' });
  });

  test('are counted as written also by whoever judges after a kill between the moves', async () => {
    const { wrote, over, found } = job();
    const assignment = wrote({ 'a.txt': 'a', 'b.txt': 'b' });
    await over(assignment);
    expect(await wroteFiles(assignment.runDirectory)).toBe(true);
    writeFileSync(path.join(assignment.runDirectory, 'output', 'c.txt'), 'not moved yet');
    await over(assignment);
    expect(found()).toEqual({ 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'not moved yet' });
  });

  test('that cannot be put there make the attempt a failure that says why, and keep its cost', async () => {
    const { gives, outputDirectory } = job();
    mkdirSync(path.join(outputDirectory, 'a.txt'));
    expect(await gives({ 'a.txt': 'a' })).toEqual({
      ok: false,
      failureClass: 'bad_input',
      message: expect.stringMatching(/^its files could not be put into the output directory: .*EISDIR/),
      usage: { costUsd: 2 },
    });
  });

  test.skipIf(!MAY_MOUNT)('wait for room on a full disk, and are whole when there is some', async () => {
    const disk = smallDisk(1);
    const { wrote, over } = job();
    const assignment = wrote({ 'a.txt': 'a'.repeat(2_000_000) }, { outputDirectory: disk.folder });
    await expect(over(assignment)).rejects.toMatchObject({ code: 'ENOSPC', usage: DONE.usage });
    expect(contents(disk.folder)).toEqual({});
    expect(await over({ ...assignment, outputDirectory: temporaryDirectory('roomy') })).toBe(DONE);
  });

  test.runIf(existsSync('/dev/shm'))('reach another file system', async () => {
    const elsewhere = mkdtempSync('/dev/shm/abp-');
    onTestFinished(() => rmSync(elsewhere, { recursive: true }));
    const { gives } = job();
    await gives({ 'd/a.txt': 'a' }, { outputDirectory: elsewhere });
    expect(contents(elsewhere)).toEqual({ 'd/a.txt': 'a' });
  });
});

test('a unit that prints and writes nothing is incomplete, whatever others write at the same time', async () => {
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
  expect(w.units(jobId).map(({ status, failureClass }) => failureClass ?? status)).toEqual([
    'completed',
    'incomplete',
    'completed',
  ]);
  expect(Object.keys(contents(w.job(jobId).outputDirectory)).sort()).toHaveLength(2);
});
