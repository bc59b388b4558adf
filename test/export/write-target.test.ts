import { linkSync, mkdirSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { realPath } from '../../src/approval/real-path.ts';
import { AbpError } from '../../src/domain/error.ts';
import { directoryTarget, fileTarget, makeOutputDirectory } from '../../src/export/write-target.ts';
import { type StorePaths, storePaths } from '../../src/supervision/store-paths.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { umask } from '../helpers/umask.ts';

/** A store as it lies in a folder after some time. */
function storeIn(folder: string): StorePaths {
  mkdirSync(join(folder, 'runs/job-a/main/0/0.1'), { recursive: true });
  for (const name of ['logs', 'outputs']) mkdirSync(join(folder, name));
  for (const name of ['batch.db', 'batch.db-wal', 'batch.db-shm', 'batch.db.server.json', 'logs/job-a.log']) {
    writeFileSync(join(folder, name), 'the store');
  }
  return storePaths(join(folder, 'batch.db'));
}

/** A store in a folder of its own, and links to it from a folder beside it. */
function world() {
  const root = temporaryDirectory('targets');
  const store = join(root, 'store');
  const work = join(root, 'work');
  for (const folder of [store, work]) mkdirSync(folder);
  const places = storeIn(store);
  symlinkSync(store, join(work, 'to-store'));
  symlinkSync('../store', join(work, 'relative'));
  symlinkSync(join(work, 'to-store'), join(work, 'twice'));
  symlinkSync(join(store, 'runs'), join(work, 'to-runs'));
  symlinkSync(join(store, 'logs/new'), join(work, 'to-nothing-yet'));
  linkSync(join(store, 'batch.db'), join(work, 'second-name'));
  return { root, store, work, places };
}

const refusalOf = (run: () => unknown): AbpError | string => {
  try {
    return String(run());
  } catch (error) {
    if (error instanceof AbpError) return error;
    throw error;
  }
};

const OF_THE_STORE: readonly string[] = [
  'store/batch.db',
  'store/batch.db-wal',
  'store/batch.db-shm',
  'store/batch.db-journal',
  'store/batch.db.server.json',
  'store/batch.db.server.json.123',
  'store/BATCH.DB-journal',
  'store/batch.db/x.csv',
  'store/runs/job-a/main/0/0.1/stdout',
  'store/runs/new',
  'store/logs/job-a.log',
  'store/logs/server.log',
  'store/new.csv',
  'store/new/deeper.csv',
  'work/../store/batch.db',
  'store/outputs/../batch.db',
  'store/outputs/../runs/x',
  'work/to-store/batch.db',
  'work/to-store/new.csv',
  'work/relative/batch.db-wal',
  'work/twice/logs/x',
  'work/to-runs/x/y/z.csv',
  'work/to-nothing-yet/x.csv',
  'work/to-store/outputs/../batch.db',
];

describe('a file', () => {
  test.each(OF_THE_STORE)('is not written to %s', (path) => {
    const { root, places } = world();
    expect(refusalOf(() => fileTarget(places, join(root, path), []))).toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/belongs to ABP's store/),
      hint: expect.stringContaining(join(root, 'store/outputs')),
    });
  });

  test('is not written to a hard link of the database', () => {
    const { work, places } = world();
    expect(refusalOf(() => fileTarget(places, join(work, 'second-name'), []))).toMatchObject({ code: 'invalid_input' });
  });

  test.each([
    'store/outputs/x.csv',
    'store/outputs/job-a/x.csv',
    'work/x.csv',
    'work/new/x.csv',
    'storey/batch.db',
    'x.csv',
  ])('may be written to %s', (path) => {
    const { root, places } = world();
    expect(fileTarget(places, join(root, path), [])).toBe(join(root, path));
  });

  test('may be written beside a store in a shared folder, but not over it', () => {
    const project = temporaryDirectory('project');
    const places = storeIn(project);
    writeFileSync(join(project, 'README.md'), 'a project');
    for (const path of ['x.csv', 'results/x.csv', 'README.md', 'batch.dbx', 'batch.csv', 'outputs/x.csv']) {
      expect(fileTarget(places, join(project, path), [])).toBe(join(project, path));
    }
    for (const path of ['batch.db', 'batch.db-wal', 'batch.db-journal', 'batch.db.server.json', 'runs/x', 'logs/x']) {
      expect(refusalOf(() => fileTarget(places, join(project, path), []))).toMatchObject({ code: 'invalid_input' });
    }
  });

  test('is not written to a store whose database is a link', () => {
    const { root, store } = world();
    symlinkSync(join(store, 'batch.db'), join(root, 'linked.db'));
    const places = storePaths(join(root, 'linked.db'));
    for (const path of ['linked.db', 'linked.db.server.json', 'store/batch.db', 'store/batch.db-wal', 'store/runs/x']) {
      expect(refusalOf(() => fileTarget(places, join(root, path), []))).toMatchObject({ code: 'invalid_input' });
    }
  });
});

describe('a link on the way', () => {
  test.each([
    ['to a folder elsewhere', 'out/x.csv'],
    ['to nothing yet', 'dangling/x.csv'],
    ['by way of another link', 'chain/x.csv'],
    ['to the folder above', 'above/x.csv'],
    ['deep below', 'deep/er/out/x.csv'],
  ])('%s is not followed out of the named folder', (_what, path) => {
    const { root, work, places } = world();
    mkdirSync(join(root, 'elsewhere'));
    mkdirSync(join(work, 'deep/er'), { recursive: true });
    symlinkSync(join(root, 'elsewhere'), join(work, 'out'));
    symlinkSync(join(root, 'elsewhere'), join(work, 'deep/er/out'));
    symlinkSync(join(root, 'nowhere'), join(work, 'dangling'));
    symlinkSync('out', join(work, 'chain'));
    symlinkSync('..', join(work, 'above'));
    const error = refusalOf(() => fileTarget(places, join(work, path), [join(root, 'other'), work]));
    expect(error).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(`leads out of ${work} by a link`),
    });
    expect(refusalOf(() => directoryTarget(places, dirname(join(work, path)), [work]))).toMatchObject({
      code: 'invalid_input',
      hint: expect.stringContaining(root),
    });
  });

  test('inside the folder, or above it, is followed', () => {
    const { root, work, places } = world();
    mkdirSync(join(work, 'real'));
    symlinkSync('real', join(work, 'inside'));
    symlinkSync(work, join(root, 'home'));
    expect(fileTarget(places, join(work, 'inside/x.csv'), [work])).toBe(join(work, 'real/x.csv'));
    expect(fileTarget(places, join(root, 'home/x.csv'), [join(root, 'home')])).toBe(join(work, 'x.csv'));
  });

  test('that leads to itself is rejected', () => {
    const { work, places } = world();
    symlinkSync('loop', join(work, 'loop'));
    expect(refusalOf(() => fileTarget(places, join(work, 'loop/x.csv'), []))).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('leads to itself'),
    });
  });

  test.each(['a\0b', 'x'.repeat(300), `${'d/'.repeat(3000)}x`])(
    'leaves an impossible path to the caller that opens it',
    (name) => {
      const { work } = world();
      expect(realPath(join(work, name))).toBe(join(work, name));
    },
  );
});

describe('an output directory', () => {
  test.each([...OF_THE_STORE, 'store', 'work/to-store', 'work/to-runs', 'work/to-nothing-yet'])('is not %s', (path) => {
    const { root, places } = world();
    expect(refusalOf(() => directoryTarget(places, join(root, path), []))).toMatchObject({ code: 'invalid_input' });
  });

  test.each([['/'], ['..'], ['.']])('must not contain the store: %s', (way) => {
    const { root, places } = world();
    expect(refusalOf(() => directoryTarget(places, way === '/' ? way : join(root, way), []))).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining("it contains ABP's store"),
    });
  });

  test('among the outputs is private, also beside a public database', () => {
    const project = temporaryDirectory('project');
    mkdirSync(join(project, 'open'), { mode: 0o755 });
    const places = storePaths(join(project, 'open/batch.db'));
    writeFileSync(places.database, '');
    writeFileSync(join(project, 'open/README.md'), '');
    makeOutputDirectory(places, places.outputs('job-a'));
    makeOutputDirectory(places, join(project, 'open/elsewhere'));
    const bits = (path: string) => statSync(path).mode & 0o777;
    expect([bits(places.allOutputs), bits(places.outputs('job-a'))]).toEqual([0o700, 0o700]);
    expect(bits(join(project, 'open/elsewhere'))).toBe(0o777 & ~umask());
  });

  test('is not created where a link replaced it', () => {
    const { root, work, places } = world();
    mkdirSync(join(root, 'elsewhere'));
    const directory = directoryTarget(places, join(work, 'made/out'), [work]);
    symlinkSync(join(root, 'elsewhere'), join(work, 'made'));
    expect(refusalOf(() => makeOutputDirectory(places, directory))).toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining(join(root, 'elsewhere/out')),
    });
    expect(realpathSync(join(work, 'made'))).toBe(join(root, 'elsewhere'));
  });
});
