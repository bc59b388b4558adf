import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import fc, { type Arbitrary } from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { JsonObject } from '../../src/domain/json.ts';
import { listEnumerators } from '../../src/enumerators/index.ts';
import { getWorker, parseWorker, WORKER_TYPES } from '../../src/workers/index.ts';
import { type Flow, flow } from '../helpers/flow.ts';
import { PATIENCE } from '../helpers/patience.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/**
 * Whatever fields of sources and workers a caller without a person combines: either nothing leaves the bounds, judged
 * here by what a fake CLI was really started with, or a person was asked before the first process.
 */

const CANARY = 'CANARY-4711';

/** A machine: a home directory with credentials, a project, a source, a place elsewhere, a store, a fake CLI. */
interface World {
  readonly root: string;
  readonly home: string;
  readonly project: string;
  readonly source: string;
  readonly elsewhere: string;
  readonly store: string;
  /** Where the fake CLI tells how it was started. */
  readonly reports: string;
  /** What other programs make. */
  readonly marker: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A port on which nobody may come. */
  readonly port: number;
  readonly connections: () => number;
}

async function makeWorld(): Promise<World> {
  const root = temporaryDirectory('property');
  const at = (...names: string[]) => join(root, ...names);
  const home = at('home');
  for (const name of ['.ssh', '.aws', '.config/gh', 'project/src/a', 'project/.git/hooks', 'project/out', 'source/a']) {
    mkdirSync(join(home, name), { recursive: true });
  }
  for (const name of ['elsewhere/a', 'store/runs', 'bin', 'reports']) mkdirSync(at(name), { recursive: true });
  const [project, source, elsewhere, store] = [at('home/project'), at('home/source'), at('elsewhere'), at('store')];
  const items = JSON.stringify([{ name: 'a', kind: CANARY }]);
  for (const file of ['.ssh/id_rsa', '.aws/credentials', '.config/gh/hosts.json'])
    writeFileSync(join(home, file), items);
  const harmless = JSON.stringify([{ name: 'a' }, { name: '../..' }]);
  for (const folder of [project, source, elsewhere]) {
    writeFileSync(join(folder, 'items.json'), harmless);
    writeFileSync(join(folder, 'items.csv'), 'name,n\na,1\n../..,2\n');
    new Database(join(folder, 'items.db'))
      .exec("CREATE TABLE t (name TEXT); INSERT INTO t VALUES ('a'), ('..')")
      .close();
  }
  symlinkSync(elsewhere, join(project, 'link-out'));
  symlinkSync(join(home, '.ssh'), join(project, 'link-keys'));
  symlinkSync(join(home, '.ssh/id_rsa'), join(project, 'link-key.json'));
  symlinkSync(join(project, 'src'), join(project, 'link-in'));
  const [reports, marker] = [at('reports'), at('marker')];
  writeFileSync(at('bin/claude'), fakeCli(reports), { mode: 0o755 });
  writeFileSync(join(project, 'evil.sh'), `#!/bin/sh\necho "$0" >>'${marker}'\n`, { mode: 0o755 });
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const environment = {
    PATH: `${at('bin')}:/usr/bin:/bin`,
    HOME: home,
    ANTHROPIC_API_KEY: 'sk-dummy',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:9',
    GITHUB_TOKEN: CANARY,
    LANG: 'C.UTF-8',
  };
  // What the enumerators and the bounds take for the user's.
  const before = process.env.HOME;
  process.env.HOME = home;
  onTestFinished(() => void (process.env.HOME = before));
  const { port } = server.address() as { port: number };
  return {
    root,
    home,
    project,
    source,
    elsewhere,
    store,
    reports,
    marker,
    environment,
    port,
    connections: () => connections,
  };
}

/** A `claude` that writes down how it was started, and succeeds. */
const fakeCli = (reports: string) => `#!/bin/sh
case "$1" in
  --version) echo '9.9.9 (Claude Code)'; exit;;
  --help) printf '  %s x\\n' --add-dir --append-system-prompt --effort --json-schema --max-budget-usd --output-format \\
    --permission-mode --print --resume --safe-mode --session-id --setting-sources --settings --strict-mcp-config \\
    --system-prompt --tools --disable-slash-commands; exit;;
esac
report='${reports}'/"$ABP_JOB_ID.$$"
printf '%s\\0' "$@" >"$report.argv"
env -0 >"$report.env"
pwd -P >"$report.cwd"
cat >/dev/null
echo '{"type":"system","subtype":"init","model":"m","tools":[]}'
echo '{"type":"result","subtype":"success","is_error":false,"terminal_reason":"completed","num_turns":1,"total_cost_usd":0,"usage":{},"permission_denials":[],"result":"done","structured_output":{}}'
`;

type Fields = Readonly<Record<string, Arbitrary<unknown>>>;

const of = (...values: readonly unknown[]) => fc.constantFrom(...values);
const some = (...values: readonly unknown[]) => fc.subarray([...values], { minLength: 1, maxLength: 3 });
const sometimes = (arbitrary: Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** Paths of every kind: in the bounds, out of them, through links, of credentials, of ABP. */
function paths(world: World): Arbitrary<string> {
  const { home, project, source, elsewhere, store } = world;
  const inside = ['.', 'src', 'src/a', './src/../src', 'link-in', project, join(project, 'src'), 'out', source];
  const outside = ['..', '../..', '~', '~/', '/', 'link-out', 'link-keys', 'src/../../..', elsewhere, home, '~/.ssh'];
  const more = [join(home, '.aws'), join(home, '.config'), store, join(store, 'runs'), '/etc', '/proc/self', '/dev/fd'];
  return fc.oneof(fc.constantFrom(...inside), fc.constantFrom(...outside, ...more));
}

const ENV = of(
  {},
  { LANG: 'C' },
  { TZ: 'UTC', LC_ALL: 'C' },
  { PATH: '/tmp' },
  { path: '/tmp' },
  { HOME: '/tmp' },
  { LD_PRELOAD: '/tmp/x.so' },
  { ld_preload: '/tmp/x.so' },
  { NODE_OPTIONS: '--require /tmp/x.js' },
  { ANTHROPIC_BASE_URL: 'http://evil.example' },
  { https_proxy: 'http://evil.example' },
  { CLAUDE_CONFIG_DIR: '/tmp/config' },
  { LC_ALL: '/tmp/locale' },
  { TZ: ':/etc/shadow' },
  { LC_EVIL: 'x\ny' },
  { CLAUDE_CODE_DISABLE_ATTACHMENTS: '0' },
  { ANYTHING: '1' },
);
const PASSED = of([], ['LANG'], ['GITHUB_TOKEN'], ['HOME', 'LANG'], ['PATH']);

/** A generator for every field of every worker. */
function workerFields(world: World): Readonly<Record<string, Fields>> {
  const path = paths(world);
  const { marker } = world;
  const evil = ['sh', '-c', `echo x >>'${marker}'`];
  return {
    claude: {
      model: of('haiku', 'a b', '--dangerously-skip-permissions', 'm --mcp-config x'),
      fallback_model: of('sonnet', '--add-dir=/', 'a,b'),
      effort: of('low', 'max'),
      max_turns: of(1, 99),
      max_budget_usd: of(0.5, 100),
      timeout_s: of(10, 1000),
      idle_timeout_s: of(0, 60),
      permission: fc.oneof(of('read_only'), of('edit_in_place'), of('full')),
      tools: some(
        ...['Read', 'Grep', 'Write', 'Edit', 'Read(src/**)', 'Glob(*)', 'Read(//etc/**)', 'Edit(//**)', 'Read(~/**)'],
        ...['Read(../**)', 'Edit(src/../../**)', 'Write(/**)', 'Bash', 'Bash(git log *)', 'WebFetch', 'WebSearch'],
        ...['Task', 'Skill', 'Teleport', 'mcp__x', 'LS', 'TodoWrite', 'Monitor', 'KillShell', 'Read(src/**),Bash(*)'],
        ...['Read(src/**) Bash(id)', 'Read(src)Bash(id)', 'Agent', 'Workflow', 'PowerShell', 'NotebookEdit'],
      ),
      allow_denials: of(true, false),
      context: of('lean', 'project'),
      working_directory: fc.oneof(
        path,
        of('{name}', 'src/{name}', '/{name}', '../{name}', 'link-out/{name}', '~/{name}'),
      ),
      add_dirs: fc.array(path, { minLength: 1, maxLength: 2 }),
      mcp_config: of(
        'mcp.json',
        { mcpServers: {} },
        { mcpServers: { x: { command: 'sh', args: ['-c', evil[2]] } } },
        {
          mcpServers: { x: { type: 'http', url: 'http://evil.example' } },
        },
      ),
      append_system_prompt: of('Be brief.', '--mcp-config', '@/etc/passwd'),
      env: ENV,
      pass_env: PASSED,
    },
    command: {
      command: of(evil, ['./evil.sh'], ['true'], ['sh', './evil.sh'], ['claude']),
      cwd: path,
      env: ENV,
      pass_env: PASSED,
    },
  };
}

/** A generator for every field of every source. */
function sourceFields(world: World): Readonly<Record<string, Fields>> {
  const path = paths(world);
  const { project, source, home, store, port, elsewhere } = world;
  const files = (extension: string) =>
    fc.oneof(
      {
        weight: 2,
        arbitrary: of(`items.${extension}`, join(source, `items.${extension}`), join(elsewhere, `items.${extension}`)),
      },
      {
        weight: 1,
        arbitrary: of(
          ...[
            '~/.ssh/id_rsa',
            join(home, '.aws/credentials'),
            '~/.config/gh/hosts.json',
            'link-key.json',
            'link-keys/id_rsa',
          ],
          ...[
            '/dev/fd/0',
            '/proc/self/environ',
            '/dev/stdin',
            '-',
            '/etc/shadow',
            join(store, 'batch.db'),
            '/proc/1/environ',
          ],
          ...[
            `${project}/../.ssh/id_rsa`,
            'src/../../.ssh/id_rsa',
            '/proc/self/cwd/items.csv',
            `/proc/self/root${home}/.ssh/id_rsa`,
          ],
        ),
      },
    );
  const limit = of(1, 2);
  const on_duplicate = of('error', 'skip');
  const encoding = of('utf-8', 'latin1');
  return {
    file: {
      base_directory: path,
      pattern: of('**/*', '*.json', '{items,id_rsa}*', 'src/**', 'link-keys/*', '.ssh/*'),
      exclude_patterns: of([], ['*.md']),
      include_hidden: of(true, false),
      follow_symlinks: of(true, false),
      sort: of('path', 'none'),
      limit,
    },
    csv: {
      file_path: files('csv'),
      delimiter: of(',', ':'),
      has_header: of(true, false),
      columns: of(['name', 'n'], ['name']),
      encoding,
      id_column: of('name'),
      on_duplicate,
      limit,
    },
    json: {
      file_path: files('json'),
      items_path: of('a.b'),
      id_field: of('name'),
      format: of('json', 'jsonl'),
      encoding,
      on_duplicate,
      limit,
    },
    sql: {
      connection_string: fc.oneof(
        files('db'),
        files('db').map((file) => `sqlite://${file}`),
        of(
          ...[`postgres://u:p@127.0.0.1:${port}/db`, `POSTGRES://127.0.0.1:${port}/db`, `mysql://127.0.0.1:${port}/db`],
          ...['postgres:///db?host=/tmp', `mariadb://127.0.0.1:${port}/db`, 'postgresql:', `file:${home}/.ssh/id_rsa`],
          ...[
            `sqlite:${home}/.ssh/id_rsa`,
            `sqlite:///${home}/.ssh/id_rsa`,
            'SQLITE://../.ssh/id_rsa',
            `sqlite:${store}/batch.db?mode=ro`,
          ],
        ),
      ),
      query: of('SELECT name FROM t', 'SELECT * FROM jobs', `ATTACH '${store}/batch.db' AS x`),
      params: of([], ['a']),
      id_column: of('name'),
      on_duplicate,
      limit,
    },
    dynamic: {
      code: of(`export async function* enumerate() { await fetch('http://127.0.0.1:${port}'); yield { name: 'a' }; }`),
      context: of({}, { a: 1 }),
      read_paths: of([], ['/etc'], [home]),
      env: of([], ['GITHUB_TOKEN']),
      timeout_s: of(5, 10),
      memory_mb: of(64, 512),
      max_output_mb: of(1, 10),
      limit,
    },
  };
}

/** Fields that a config cannot do without; all others are there sometimes. */
const REQUIRED = ['command', 'base_directory', 'file_path', 'connection_string', 'query', 'code'];

function configs(fields: Fields): Arbitrary<JsonObject> {
  const model = Object.entries(fields).map(
    ([name, arbitrary]) => [name, REQUIRED.includes(name) ? arbitrary : sometimes(arbitrary)] as const,
  );
  return fc.record(Object.fromEntries(model)).map((config) => JSON.parse(JSON.stringify(config)) as JsonObject);
}

/** What a caller asks for. */
function requests(world: World) {
  const workers = Object.entries(workerFields(world)).map(([type, fields]) =>
    configs(fields).map((config) => ({ type, ...config })),
  );
  const weights: Readonly<Record<string, number>> = { json: 6, file: 4, csv: 3, sql: 3, dynamic: 1 };
  const sources = Object.entries(sourceFields(world)).map(([type, fields]) => ({
    weight: weights[type] ?? 1,
    arbitrary: configs(fields).map((config) => ({ type, config })),
  }));
  const { project, home } = world;
  return fc.record({
    worker: fc.oneof(
      { weight: 6, arbitrary: workers[0] as Arbitrary<JsonObject & { type: string }> },
      { weight: 1, arbitrary: workers[1] as Arbitrary<JsonObject & { type: string }> },
    ),
    source: fc.oneof(...sources),
    home: fc.oneof(
      { weight: 3, arbitrary: of(project) },
      { weight: 1, arbitrary: of('/', home, null, join(home, '.ssh'), world.root) },
    ) as Arbitrary<string | null>,
    output_directory: sometimes(paths(world)) as Arbitrary<string | undefined>,
    post: sometimes(paths(world)) as Arbitrary<string | undefined>,
    require_human_approval: sometimes(of(true)) as Arbitrary<boolean | undefined>,
    template: sometimes(of('--dangerously-skip-permissions', '@/etc/passwd', '/bug', 'Do {payload}')) as Arbitrary<
      string | undefined
    >,
    skip_test: fc.boolean(),
  });
}

test('every field of every worker and every source is among what is tried', async () => {
  const world = await makeWorld();
  const [workers, sources] = [workerFields(world), sourceFields(world)];
  const namesOf = (schema: z.ZodType) => Object.keys(z.toJSONSchema(schema, { io: 'input' }).properties ?? {}).sort();
  expect(Object.keys(workers).sort()).toEqual([...WORKER_TYPES].sort());
  for (const type of WORKER_TYPES) {
    expect([type, ...Object.keys(workers[type] ?? {}).sort()]).toEqual([
      type,
      ...namesOf((await getWorker(type)).configSchema),
    ]);
  }
  const enumerators = await listEnumerators();
  expect(Object.keys(sources).sort()).toEqual(enumerators.map(({ type }) => type).sort());
  for (const { type, configSchema } of enumerators) {
    expect([type, ...Object.keys(sources[type] ?? {}).sort()]).toEqual([type, ...namesOf(configSchema)]);
  }
});

/** Tools that reach nothing beyond the directories of a run. */
const BOUNDED = [
  'Read',
  'Glob',
  'Grep',
  'LS',
  'NotebookRead',
  'TodoWrite',
  'Write',
  'Edit',
  'MultiEdit',
  'NotebookEdit',
];
const INHERITED =
  /^(PATH|HOME|LANG|ANTHROPIC_API_KEY|ANTHROPIC_BASE_URL|PWD|OLDPWD|_|SHLVL|ABP_(JOB_ID|UNIT|ATTEMPT|OUTPUT_DIR|ATTEMPT_ID))$/;
const OWN = /^(DISABLE_AUTOUPDATER|CLAUDE_CODE_(DISABLE_\w+|ATTRIBUTION_HEADER|MAX_RETRIES))$/;
const HARMLESS = /^(LANG|LANGUAGE|LC_\w+|TZ)$/;

/** Judges how the CLI was started, from what it saw itself. */
function judge(
  world: World,
  report: string,
  bounds: { readonly home: string | null; readonly root: string | null; readonly outputs: readonly string[] },
): void {
  const { environment } = world;
  const read = (what: string) => readFileSync(join(world.reports, `${report}.${what}`), 'utf8');
  const argv = read('argv').split('\0').slice(0, -1);
  const env = Object.fromEntries(
    read('env')
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  const argumentOf = (flag: string) => argv[argv.indexOf(flag) + 1] ?? '';
  const within = (file: string, ...places: readonly (string | null)[]) => {
    const real = existsSync(file) ? realpathSync(file) : file;
    return places.some((place) => place !== null && (real === place || real.startsWith(`${place}/`)));
  };
  const { home, root, outputs } = bounds;
  for (const flag of ['--dangerously-skip-permissions', '--mcp-config', '--allowedTools', '--plugin-dir', '--agents']) {
    expect(argv.filter((argument) => argument.startsWith(flag))).toEqual([]);
  }
  expect(argv).toContain('--strict-mcp-config');
  expect(argumentOf('--setting-sources')).toBe('');
  expect(
    argumentOf('--tools')
      .split(',')
      .filter((tool) => !BOUNDED.includes(tool)),
  ).toEqual([]);
  const mode = argumentOf('--permission-mode');
  expect(['dontAsk', 'acceptEdits']).toContain(mode);
  const edits = mode === 'acceptEdits' ? [home, ...outputs] : null;
  const { permissions, ...settings } = JSON.parse(argumentOf('--settings')) as { permissions: { allow: string[] } };
  expect(settings).toEqual({});
  for (const rule of permissions.allow) {
    const [, name = '', path = ''] = /^(\w+)(?:\((.*)\))?$/s.exec(rule) ?? [];
    expect(BOUNDED).toContain(name);
    if (path.startsWith('//')) expect(within(path.slice(1).replace(/\/\*\*$/, ''), ...outputs)).toBe(true);
    else expect(path).not.toMatch(/^[/~]|(^|\/)\.\.(\/|$)|[,)(]/);
  }
  const from = argv.indexOf('--add-dir') + 1;
  const end = argv.findIndex((argument, at) => at > from && argument.startsWith('--'));
  const directories = from === 0 ? [] : argv.slice(from, end < 0 ? undefined : end);
  for (const directory of [...directories, read('cwd').trim()]) {
    expect([directory, within(directory, home, root, ...outputs)]).toEqual([directory, true]);
    if (edits) expect([directory, within(directory, ...edits)]).toEqual([directory, true]);
  }
  for (const [name, value] of Object.entries(env)) {
    expect(name).toMatch(new RegExp([INHERITED, OWN, HARMLESS].map(({ source }) => source).join('|')));
    if (name in environment && !HARMLESS.test(name)) expect([name, value]).toEqual([name, environment[name as 'PATH']]);
    if (name.startsWith('CLAUDE_CODE_DISABLE')) expect([name, value]).toEqual([name, '1']);
    if (HARMLESS.test(name)) expect(value).not.toMatch(/[/\n]/);
    expect(value).not.toContain(CANARY);
  }
}

const seen = { free: 0, asked: 0, refused: 0 };

/** Whether nothing has happened that a person would have to allow: no program but the fake CLI, no connection. */
function expectQuiet(world: World): void {
  expect(existsSync(world.marker)).toBe(false);
  expect(world.connections()).toBe(0);
}

/** What a call came to: its answer, or the code of its refusal. Only a person's absence, or a fault of the input, refuses. */
async function outcomeOf<T>(call: Promise<T>): Promise<{ readonly answer?: T; readonly code?: string }> {
  try {
    return { answer: await call };
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    expect(['approval_required', 'invalid_input', 'worker_unavailable'], message).toContain(code);
    return { code: String(code) };
  }
}

async function tryOne(
  world: World,
  f: Flow,
  request: ReturnType<typeof requests> extends Arbitrary<infer T> ? T : never,
) {
  const { worker, source, home, skip_test, output_directory, post, require_human_approval } = request;
  const call = { home, workingDirectory: home ?? world.project, human: null };
  const from = { enumerator_type: source.type, enumerator_config: source.config };
  const preview = await outcomeOf(f.call('preview_items', from, call));
  expectQuiet(world);
  expect(JSON.stringify(preview.answer ?? '')).not.toContain(CANARY);
  const created = await outcomeOf(
    f.call(
      'create_job',
      {
        name: 'Property',
        user_intent: 'Look at it.',
        ...(request.template === undefined ? {} : { prompt_template: request.template }),
        ...from,
        worker,
        ...(output_directory === undefined ? {} : { output_directory }),
        ...(post === undefined ? {} : { post_processing_prompt: 'Sum up.', post_processing_output_directory: post }),
        ...(require_human_approval === undefined ? {} : { require_human_approval }),
      },
      call,
    ),
  );
  expectQuiet(world);
  if (preview.code === 'approval_required') expect(created.answer).toBeUndefined();
  if (!created.answer) {
    seen[created.code === 'approval_required' ? 'asked' : 'refused']++;
    return;
  }
  const jobId = created.answer.job_id;
  for (const { unit } of f.store.repository.units.list(jobId, {}, 100))
    expect(JSON.stringify(unit.payload)).not.toContain(CANARY);
  const started = await outcomeOf(
    f.call('start_job', { job_id: jobId, wait_seconds: 0, ...(skip_test ? { skip_test } : {}) }, call),
  );
  const done = () => {
    const { status, test } = f.job(jobId);
    return status === 'testing' ? test?.state !== 'running' : status !== 'running' && status !== 'post_processing';
  };
  for (const end = Date.now() + PATIENCE.timeout; started.answer && !done() && Date.now() < end; ) {
    await f.tick();
    await sleep(2);
  }
  expectQuiet(world);
  const reports = readdirSync(world.reports).filter((name) => name.startsWith(jobId) && name.endsWith('.cwd'));
  const job = f.job(jobId);
  if (!started.answer) {
    seen[started.code === 'approval_required' ? 'asked' : 'refused']++;
    expect(reports).toEqual([]);
    if (started.code === 'approval_required') expect(job.powers.length > 0 || job.requireHumanApproval).toBe(true);
    return;
  }
  seen.free++;
  expect(job.powers).toEqual([]);
  const root = source.type === 'file' ? realpathSync(String(job.enumeratorConfig.base_directory)) : null;
  expect(root === null || !world.home.startsWith(root)).toBe(true);
  const outputs = [job.outputDirectory, ...(job.postProcessing ? [job.postProcessing.outputDirectory] : [])];
  const places = [join(world.store, 'outputs'), ...(job.home === null ? [] : [job.home])];
  for (const output of outputs) {
    expect([output, places.some((place) => realpathSync(dirname(output)).startsWith(place))]).toEqual([output, true]);
    expect(output).not.toMatch(/\/\.git|\/\.ssh|runs/);
  }
  for (const report of reports) {
    judge(world, report.slice(0, -'.cwd'.length), { home: job.home, root, outputs });
  }
}

test('a job without powers stays within its bounds, and any other runs nothing before a person was asked', async () => {
  const world = await makeWorld();
  const f = flow({
    path: join(world.store, 'batch.db'),
    directory: world.store,
    environment: world.environment,
    workers: { types: WORKER_TYPES, parse: parseWorker },
  });
  await fc.assert(
    fc.asyncProperty(requests(world), (request) => tryOne(world, f, request)),
    { numRuns: Number(process.env.ABP_PROPERTY_RUNS ?? 200), endOnFailure: true },
  );
  // Of both kinds there were many: otherwise nothing has been tried.
  expect(seen.free).toBeGreaterThan(5);
  expect(seen.asked).toBeGreaterThan(20);
});
