import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { boundsOf, refuseSpecial } from '../../src/approval/bounds.ts';
import { type Definable, defineJob, defineSource } from '../../src/approval/definition.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { systemPromptFile } from '../../src/workers/claude/run-files.ts';
import { parseWorker, WORKER_TYPES } from '../../src/workers/index.ts';
import { STEP } from '../helpers/store.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

const WORKERS = { types: WORKER_TYPES, parse: parseWorker };

/** A home with a script in it, and a store beside. */
function world() {
  const root = temporaryDirectory('holes');
  const home = join(root, 'home');
  for (const name of ['bin', 'docs']) mkdirSync(join(home, name), { recursive: true });
  writeFileSync(join(home, 'x.mjs'), 'one');
  writeFileSync(join(home, 'bin', 'tool'), '#!/bin/sh\n');
  chmodSync(join(home, 'bin', 'tool'), 0o755);
  const storePath = join(root, 'store', 'batch.db');
  const store = { path: storePath, outputs: (jobId: string) => join(root, 'store', 'outputs', jobId) };
  return { root, home, store };
}

type World = ReturnType<typeof world>;

/** The definition of a job over a file of its home, as it is now. */
async function define(place: World, parts: Parameters<typeof definable>[1]) {
  return (await definable(place, parts)).now();
}

/** The same, to be looked at more than once. */
function definable(
  { home, store }: World,
  {
    jobId = 'job-a',
    template = 'Do {name}.',
    worker = { type: 'command', command: ['true'] } as JsonObject & { readonly type: string },
    more = {} as Partial<Definable>,
  },
) {
  const outputDirectory = store.outputs(jobId);
  const job = {
    jobId,
    enumeratorType: 'json',
    enumeratorConfig: { file_path: join(home, 'items.json') },
    home,
    workingDirectory: home,
    outputDirectory,
    ...more,
  };
  return defineJob(job, { steps: [{ ...STEP, template, worker }] }, WORKERS, store);
}

describe('two definitions are never the same', () => {
  test('because an argument of one is what stands for the own output directory of the other', async () => {
    const place = world();
    const command = (path: string) => ({ type: 'command', command: ['sh', path] });
    const shown = await define(place, { worker: command('/<output>/x.sh') });
    for (const path of [`/${place.store.outputs('job-b')}/x.sh`, `${place.store.outputs('job-b')}/x.sh`]) {
      expect((await define(place, { jobId: 'job-b', worker: command(path) })).id).not.toBe(shown.id);
    }
    const own = (jobId: string) => define(place, { jobId, worker: command(`${place.store.outputs(jobId)}/x.sh`) });
    expect((await own('job-a')).id).not.toBe((await own('job-b')).id);
  });

  test('because a prompt says what stands for an output directory', async () => {
    const place = world();
    const own = await define(place, { template: `Write to ${place.store.outputs('job-a')}.` });
    expect((await define(place, { template: 'Write to <output>.' })).id).not.toBe(own.id);
    const again = await define(place, { jobId: 'job-b', template: `Write to ${place.store.outputs('job-b')}.` });
    expect(again.id).toBe(own.id);
  });

  test('when a link of it leads elsewhere', async () => {
    const place = world();
    const link = join(place.home, 'link');
    const worker = { type: 'claude', add_dirs: ['link'], tools: ['Bash'], permission: 'edit_in_place' };
    symlinkSync(join(place.home, 'docs'), link);
    const before = await define(place, { worker });
    rmSync(link);
    symlinkSync(join(place.root, 'store'), link);
    expect((await define(place, { worker })).id).not.toBe(before.id);
  });

  test('when a link leads elsewhere while a job runs, to a place of the same kind', async () => {
    const place = world();
    for (const name of ['one', 'other']) mkdirSync(join(place.root, name));
    const link = join(place.home, 'link');
    symlinkSync(join(place.root, 'one'), link);
    const definition = await definable(place, { worker: { type: 'claude', add_dirs: ['link'] } });
    const before = await definition.now();
    expect(before.powers).toMatchObject([{ kind: 'reads', what: /link → .*one$/ }]);
    rmSync(link);
    symlinkSync(join(place.root, 'other'), link);
    expect((await definition.now()).id).not.toBe(before.id);
    rmSync(link);
    symlinkSync(join(place.root, 'one'), link);
    expect((await definition.now()).id).toBe(before.id);
  });

  test('of a source, when its link leads elsewhere', async () => {
    const place = world();
    const link = join(place.root, 'link');
    const enumerator = await getEnumerator('file');
    const config = parseConfig(enumerator, { base_directory: link, follow_symlinks: true });
    const ids = ['bin', 'docs'].map((name) => {
      rmSync(link, { force: true });
      symlinkSync(join(place.home, name), link);
      return defineSource(enumerator, config, place.home, place.store).id;
    });
    expect(new Set(ids).size).toBe(2);
  });

  test('from one home to another', async () => {
    const place = world();
    const elsewhere = await define(place, { more: { home: place.root } });
    expect((await define(place, {})).id).not.toBe(elsewhere.id);
  });
});

describe('the bytes of a script are part of a definition', () => {
  const script = (home: string) => join(home, 'x.mjs');
  test.each<readonly [string, (home: string) => JsonObject]>([
    ['as an argument', () => ({ command: ['node', 'x.mjs'] })],
    ['with the flag before it', () => ({ command: ['node', '--import=./x.mjs', '-e', '1'] })],
    ['with a short flag before it', () => ({ command: ['node', '-r./x.mjs', '-e', '1'] })],
    ['with a flag and a place before it', () => ({ command: ['prog', '--hook=start:./x.mjs'] })],
    ['as one of a list', () => ({ command: ['prog', '--files=a.mjs,x.mjs'] })],
    ['as a curl-like reference', () => ({ command: ['prog', '-d@x.mjs'] })],
    ['as a URL', (home) => ({ command: ['node', '--import', pathToFileURL(script(home)).href] })],
    ['inside a line of the shell', () => ({ command: ['sh', '-c', 'cd . && exec node "x.mjs">/dev/null'] })],
    ['from a cwd', () => ({ command: ['node', '../x.mjs'], cwd: 'docs' })],
    ['behind a link that lies elsewhere', (home) => ({ command: ['node', join(home, '..', 'link.mjs')] })],
  ])('%s', async (_what, config) => {
    const place = world();
    symlinkSync(script(place.home), join(place.root, 'link.mjs'));
    const worker = { type: 'command', ...config(place.home) };
    const before = await define(place, { worker });
    writeFileSync(script(place.home), 'two');
    const after = await define(place, { worker });
    expect(Object.values(before.files)).toHaveLength(1);
    expect(after.id).not.toBe(before.id);
  });

  test('also of a program that is found through the PATH that a job sets', async () => {
    const place = world();
    const worker = { type: 'command', command: ['tool'], env: { PATH: 'bin:/usr/bin' } };
    const { files } = await define(place, { worker });
    expect(Object.keys(files)).toEqual([join(place.home, 'bin', 'tool')]);
  });

  test('and a long text among the arguments costs little', async () => {
    const worker = { type: 'command', command: ['prog', 'x '.repeat(60_000), 'x.mjs'] };
    const { files } = await define(world(), { worker });
    expect(Object.keys(files)).toHaveLength(1);
  });
});

describe('a rule for a tool of files', () => {
  test.each([
    'Read( //etc/**)',
    'Read(\\/etc/**)',
    'Read($HOME/**)',
    'Read(!src)',
    'Read(src/**),Bash(*)',
    'Read(src)Bash(id)',
    'Read(src\\..\\..)',
    'Read(a/../../**)',
    'Read(..)',
  ])('%s has a power: it may mean more than it says', async (tool) => {
    const { root, home, store } = world();
    const { worker, config } = await parseWorker({ type: 'claude', tools: [tool] });
    const bounds = boundsOf({ home, roots: [], outputDirectory: join(root, 'out'), base: home, storePath: store.path });
    expect(worker.powers(config, bounds)).toHaveLength(1);
  });

  test.each(['Read(docs/**)', 'Grep(*.md)', 'Glob(a b/ö?.txt)', 'Read(./x)', 'Read(@scope/..name/x)'])(
    '%s has none',
    async (tool) => {
      const { home, store } = world();
      const { worker, config } = await parseWorker({ type: 'claude', tools: [tool] });
      const bounds = boundsOf({ home, roots: [], outputDirectory: null, base: home, storePath: store.path });
      expect(worker.powers(config, bounds)).toEqual([]);
    },
  );
});

describe('nothing of a config reaches the command line as a flag', () => {
  test.each(['--dangerously-skip-permissions', '-p', '--mcp-config={}', 'haiku --add-dir /', ' haiku', ''])(
    'a model %j is refused',
    async (name) => {
      for (const field of ['model', 'fallback_model']) {
        await expect(parseWorker({ type: 'claude', [field]: name })).rejects.toMatchObject({ code: 'invalid_input' });
      }
    },
  );

  test.each(['haiku', 'claude-opus-5-5', 'opus[1m]', 'arn:aws:bedrock:eu-1:1:profile/x.y-v1:0', 'a@20260101'])(
    'a model %s is taken',
    async (model) => {
      expect((await parseWorker({ type: 'claude', model })).config).toMatchObject({ model });
    },
  );

  test('a system prompt that begins like one goes by a file', () => {
    const file = systemPromptFile('--dangerously-skip-permissions', temporaryDirectory('prompt'));
    expect(readFileSync(file ?? '', 'utf8')).toBe('--dangerously-skip-permissions');
  });
});

test.each([
  '/proc/self/root/etc/hostname',
  '/proc/self/cwd/package.json',
  '/dev/fd/0',
  '/dev/stdin',
  '/proc/self/fd/0',
  '/sys/../proc/self/environ',
])('%s is no file of anybody, wherever it leads', (path) => {
  expect(() => refuseSpecial(path)).toThrow(/expected a file or directory of data/);
});

test.each(['credentials.json', 'credentials.toml', '.s3cfg', '.config/hub', '.subversion/auth/x'])(
  '%s is a place of credentials',
  (name) => {
    const { home, store } = world();
    const bounds = boundsOf({ home, roots: [], outputDirectory: null, base: home, storePath: store.path });
    expect(bounds.isSensitive(join(tmpdir(), 'somebody', name))).toBe(true);
  },
);

test('the folder of the store is as sensitive as what lies in it, its outputs are not', () => {
  const { home, store, root } = world();
  const bounds = boundsOf({ home, roots: [], outputDirectory: null, base: home, storePath: store.path });
  expect(bounds.isSensitive(join(root, 'store'))).toBe(true);
  expect(bounds.isSensitive(store.outputs('job-a'))).toBe(false);
});
