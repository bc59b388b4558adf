import { join } from 'node:path';
import fc, { type Arbitrary } from 'fast-check';
import type { JsonObject } from '../../src/domain/json.ts';
import type { World } from './world.ts';

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
export function workerFields(world: World): Readonly<Record<string, Fields>> {
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
export function sourceFields(world: World): Readonly<Record<string, Fields>> {
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
  const on_duplicate = of('refuse', 'skip');
  const on_invalid = of('refuse', 'skip');
  const encoding = of('utf-8', 'latin1');
  return {
    file: {
      base_directory: path,
      pattern: of('**/*', '*.json', '{items,id_rsa}*', 'src/**', 'link-keys/*', '.ssh/*'),
      exclude_patterns: of([], ['*.md']),
      include_hidden: of(true, false),
      on_invalid,
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
      quote: of('"', 'none'),
      relax_quotes: of(true, false),
      escape: of('\\'),
      comment: of('#'),
      skip_lines: of(0, 1),
      trim: of(true, false),
      ragged_rows: of('refuse', 'pad', 'skip'),
      offset: of(0, 1),
      on_duplicate,
      on_invalid,
      limit,
    },
    json: {
      file_path: files('json'),
      items_path: of('a.b'),
      id_field: of('name'),
      format: of('json', 'jsonl'),
      encoding,
      on_duplicate,
      on_invalid,
      limit,
    },
    sql: {
      connection_string: fc.oneof(
        files('db'),
        files('db').map((file) => `sqlite://${String(file)}`),
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
      on_invalid,
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
      on_invalid,
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
export function requests(world: World) {
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
    report: fc.boolean(),
    require_human_approval: sometimes(of(true)) as Arbitrary<boolean | undefined>,
    template: sometimes(of('--dangerously-skip-permissions', '@/etc/passwd', '/bug', 'Do {payload}')) as Arbitrary<
      string | undefined
    >,
    skip_test: fc.boolean(),
  });
}

/** One of them. */
export type Request = ReturnType<typeof requests> extends Arbitrary<infer T> ? T : never;
