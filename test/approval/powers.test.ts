import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { boundsOf, homeOf, isPlainOutput, isTooWide, refuseSpecial } from '../../src/approval/bounds.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import type { PowerKind } from '../../src/domain/power.ts';
import { getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { parseWorker } from '../../src/workers/index.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** A home with a source beside it, an output below it and a link that leads out; a store of ABP. */
function world() {
  const root = temporaryDirectory('powers', afterAll);
  const at = (...names: string[]) => join(root, ...names);
  for (const name of ['home/src', 'home/out', 'source', 'elsewhere', 'store/runs', 'home/.git/hooks']) {
    mkdirSync(at(name), { recursive: true });
  }
  symlinkSync(at('elsewhere'), at('home', 'link'));
  writeFileSync(at('store', 'batch.db'), '');
  const bounds = boundsOf({
    home: at('home'),
    roots: [at('source')],
    outputDirectory: at('home', 'out'),
    base: at('home'),
    storePath: at('store', 'batch.db'),
  });
  return { at, bounds };
}

const { at, bounds } = world();

async function workerPowers(choice: JsonObject & { readonly type: string }): Promise<readonly PowerKind[]> {
  const { worker, config } = await parseWorker(choice);
  return worker.powers(config, bounds).map(({ kind }) => kind);
}

async function sourcePowers(type: string, given: JsonObject): Promise<readonly PowerKind[]> {
  const enumerator = await getEnumerator(type);
  const config = enumerator.resolve(parseConfig(enumerator, given), { workingDirectory: at('home') });
  return enumerator.powers(config, bounds).map(({ kind }) => kind);
}

describe('a claude worker', () => {
  test.each<readonly [string, JsonObject]>([
    ['by default', {}],
    ['that chooses reading and writing tools', { tools: ['Read', 'Glob', 'Grep', 'Write', 'Edit', 'NotebookEdit'] }],
    ['that edits its home', { permission: 'edit_in_place', working_directory: 'src' }],
    ['that works in a directory of its item, below its home', { working_directory: 'src/{name}' }],
    ['that works in its source', { working_directory: at('source') }],
    ['with a rule below its home', { tools: ['Read(docs/**)'] }],
    [
      'with harmless variables',
      { env: { LANG: 'C.UTF-8', LC_ALL: 'C', NO_COLOR: '1', TZ: 'Europe/Berlin'.slice(0, 3) } },
    ],
    ['with a model, bounds and a system prompt', { model: 'haiku', max_turns: 3, append_system_prompt: 'Be brief.' }],
    ['that passes on its language', { pass_env: ['LANG'] }],
  ])('%s has no powers', async (_what, config) => {
    expect(await workerPowers({ type: 'claude', ...config })).toEqual(
      config.permission === 'edit_in_place' ? ['writes'] : [],
    );
  });

  test('that edits in place writes its source only where that lies in its home', async () => {
    const { worker, config } = await parseWorker({ type: 'claude', permission: 'edit_in_place' });
    const inside = boundsOf({
      home: at('home'),
      roots: [at('home', 'src')],
      outputDirectory: at('home', 'out'),
      base: at('home'),
      storePath: at('store', 'batch.db'),
    });
    expect(worker.powers(config, inside)).toEqual([]);
    expect(worker.powers(config, bounds)).toEqual([{ kind: 'writes', what: at('source') }]);
  });

  test.each<readonly [string, JsonObject, PowerKind]>([
    ['permission full', { permission: 'full' }, 'full'],
    ['Bash', { permission: 'edit_in_place', tools: ['Bash'], working_directory: 'src' }, 'programs'],
    ['one command', { permission: 'edit_in_place', tools: ['Bash(git log *)'] }, 'programs'],
    ['Monitor', { permission: 'full', tools: ['Monitor'] }, 'programs'],
    ['agents of its own', { tools: ['Task'] }, 'programs'],
    ['skills', { tools: ['Skill'] }, 'programs'],
    ['a tool that nobody knows', { tools: ['Teleport'] }, 'programs'],
    ['a tool of an MCP server', { tools: ['mcp__x__y'] }, 'programs'],
    [
      'MCP servers that are programs',
      { mcp_config: { mcpServers: { x: { command: 'sh', args: ['-c', 'id'] } } } },
      'programs',
    ],
    [
      'what an MCP server of the net runs for its headers',
      { mcp_config: { mcpServers: { x: { type: 'http', url: 'http://x', headersHelper: 'sh -c id' } } } },
      'programs',
    ],
    ['MCP servers of the net', { mcp_config: { mcpServers: { x: { type: 'http', url: 'http://evil' } } } }, 'network'],
    ['MCP servers of a file', { mcp_config: 'mcp.json' }, 'programs'],
    ['hooks of the project', { context: 'project' }, 'programs'],
    ['WebFetch', { tools: ['WebFetch'] }, 'network'],
    ['one domain', { tools: ['WebFetch(domain:example.org)'] }, 'network'],
    ['WebSearch', { tools: ['WebSearch'] }, 'network'],
    ['a rule that reads elsewhere', { tools: ['Read(//etc/**)'] }, 'reads'],
    ['a rule that reads a home', { tools: ['Read(~/**)'] }, 'reads'],
    ['a rule that climbs', { tools: ['Grep(../**)'] }, 'reads'],
    ['a rule that is the whole tool for the CLI', { tools: ['Read(*)'] }, 'reads'],
    ['the same of another tool', { tools: ['Grep(*)'] }, 'reads'],
    ['a rule of wildcards alone', { tools: ['Glob(**/*)'] }, 'reads'],
    ['one of any character', { tools: ['LS(?)'] }, 'reads'],
    ['a rule that writes elsewhere', { tools: ['Edit(//etc/**)'] }, 'writes'],
    ['a working directory elsewhere', { working_directory: at('elsewhere') }, 'reads'],
    ['a working directory above', { working_directory: '..' }, 'reads'],
    ['a working directory behind a link', { working_directory: 'link' }, 'reads'],
    ['a working directory of its item, from the root', { working_directory: '/{name}' }, 'credentials'],
    ['the root', { add_dirs: ['/'] }, 'credentials'],
    ['a directory elsewhere', { add_dirs: [at('elsewhere')] }, 'reads'],
    ['a directory of credentials', { add_dirs: ['~/.ssh'] }, 'credentials'],
    ['the runs of ABP', { add_dirs: [at('store', 'runs')] }, 'credentials'],
    ['NODE_OPTIONS', { env: { NODE_OPTIONS: '--require /tmp/x.js' } }, 'environment'],
    ['LD_PRELOAD', { env: { LD_PRELOAD: '/tmp/x.so' } }, 'environment'],
    ['PATH', { env: { PATH: '/tmp' } }, 'environment'],
    ['HOME', { env: { HOME: '/tmp' } }, 'environment'],
    ['another host for the key', { env: { ANTHROPIC_BASE_URL: 'http://evil.example' } }, 'environment'],
    ['a proxy', { env: { https_proxy: 'http://evil.example' } }, 'environment'],
    ['a word for a container', { env: { IS_SANDBOX: '1' } }, 'environment'],
    ['a variable that nobody knows', { env: { ANYTHING: '1' } }, 'environment'],
    ['a harmless name with a path', { env: { TZ: '/tmp/zone' } }, 'environment'],
    ['a secret of whoever starts it', { pass_env: ['GITHUB_TOKEN'] }, 'environment'],
  ])('with %s has a power', async (_what, config, kind) => {
    expect(await workerPowers({ type: 'claude', ...config })).toContain(kind);
  });
});

describe('a command worker', () => {
  test.each<readonly [string, JsonObject, readonly PowerKind[]]>([
    ['any program', { command: ['true'] }, ['programs']],
    [
      'variables',
      { command: ['true'], env: { PATH: '/x' }, pass_env: ['KEY'] },
      ['programs', 'environment', 'environment'],
    ],
  ])('that runs %s has powers', async (_what, config, kinds) => {
    expect(await workerPowers({ type: 'command', ...config })).toEqual(kinds);
  });

  test('names its whole command, each argument apart', async () => {
    const { worker, config } = await parseWorker({ type: 'command', command: ['sh', '-c', 'rm -rf ~; true'] });
    expect(worker.powers(config, bounds)).toEqual([{ kind: 'programs', what: 'sh -c "rm -rf ~; true"' }]);
  });

  test('is defined by the files below its cwd or home that its arguments name', async () => {
    for (const name of ['work.mjs', 'src/lib.mjs', 'config.json']) writeFileSync(at('home', name), '');
    writeFileSync(at('elsewhere', 'other.mjs'), '');
    const command = [
      'node',
      'work.mjs',
      '--config=config.json',
      at('elsewhere', 'other.mjs'),
      'src',
      'missing.mjs',
      '\0',
    ];
    const { worker, config } = await parseWorker({ type: 'command', command });
    const files = worker.definingFiles(config, at('home'), at('home'));
    expect(files).toEqual([at('home', 'work.mjs'), at('home', 'config.json')]);
    const inSrc = await parseWorker({ type: 'command', command: ['./lib.mjs', '../work.mjs'], cwd: 'src' });
    expect(worker.definingFiles(inSrc.config, at('home'), at('home'))).toEqual([
      at('home', 'src', 'lib.mjs'),
      at('home', 'work.mjs'),
    ]);
  });

  test.each([
    ['an arrow of JavaScript', 'work.mjs', ['node', '-e', "[0].map(()=>require('./work.mjs'))"]],
    ['a comparison', 'work.mjs', ['node', '-e', "if (1>0) import('./work.mjs')"]],
    ['what else may stand in a name', 'a,b@work.mjs', ['node', '--require=./a,b@work.mjs', '-e', '1']],
    ['an owner of a package', 'packages/@acme/work.mjs', ['node', '--import=./packages/@acme/work.mjs']],
    ['a blank in its name', 'my work.mjs', ['sh', '-c', 'node "./my work.mjs"']],
    ['an option of one letter', 'work.mjs', ['node', '-r./work.mjs']],
    ['a redirection', 'work.mjs', ['sh', '-c', 'sh <>work.mjs']],
    ['brackets', 'work.mjs', ['python3', '-c', "[exec(open(f).read()) for f in ['work.mjs']]"]],
    ['a folder that is gone into', 'sub/work.mjs', ['sh', '-c', 'cd sub && node ./work.mjs']],
    ['a folder that is given to a program', 'sub/work.mjs', ['make', '-C', 'sub', '-f', 'work.mjs']],
    ['many other parts', 'work.mjs', ['node', '-e', 'go', `${'x=1,'.repeat(40)}./work.mjs`]],
    ['many other words', 'work.mjs', ['sh', '-c', `${'echo a; '.repeat(3000)}sh ./work.mjs`]],
    ['a list', 'work.mjs', ['env', 'NODE_OPTIONS=--no-warnings --import=./work.mjs', 'node', '-v']],
  ])('is defined by a file that is named after %s', async (_what, name, command) => {
    mkdirSync(dirname(at('home', name)), { recursive: true });
    writeFileSync(at('home', name), '');
    const { worker, config } = await parseWorker({ type: 'command', command });
    expect(worker.definingFiles(config, at('home'), at('home'))).toContain(at('home', name));
  });

  test('is read in no time, however long an argument is, and refused where it names too much', async () => {
    const named = async (text: string) => {
      const { worker, config } = await parseWorker({ type: 'command', command: ['node', '-e', text] });
      return worker.definingFiles(config, at('home'), at('home'));
    };
    expect(await named('a=b:c,d@e '.repeat(100_000))).toEqual([]);
    expect(await named('x='.repeat(100_000))).toEqual([]);
    const many = Array.from({ length: 3000 }, (_, n) => `name${n}`).join(' ');
    await expect(named(`${many} ./work.mjs`)).rejects.toMatchObject({ code: 'invalid_input', message: /at most 2000/ });
  });
});

describe('a source', () => {
  test.each<readonly [string, string, JsonObject]>([
    ['files of any directory', 'file', { base_directory: at('source') }],
    ['files of the home', 'file', { base_directory: '.' }],
    ['any CSV file', 'csv', { file_path: at('elsewhere', 'x.csv') }],
    ['any JSON file', 'json', { file_path: '/tmp/x.json' }],
    ['a SQLite file', 'sql', { connection_string: at('elsewhere', 'x.db'), query: 'SELECT 1' }],
  ])('of %s has no powers', async (_what, type, config) => {
    expect(await sourcePowers(type, config)).toEqual([]);
  });

  test.each<readonly [string, string, JsonObject, PowerKind]>([
    ['the root', 'file', { base_directory: '/' }, 'reads'],
    ['the home directory', 'file', { base_directory: '~' }, 'reads'],
    ['a folder above the home directory', 'file', { base_directory: join(homedir(), '..') }, 'reads'],
    ['keys', 'file', { base_directory: '~/.ssh' }, 'credentials'],
    ['a folder with folders of credentials in it', 'file', { base_directory: '~/.config' }, 'credentials'],
    ['the homes of all users', 'file', { base_directory: '/home' }, 'credentials'],
    ['the home of another user', 'file', { base_directory: '/home/somebody' }, 'credentials'],
    ['tokens of containers', 'json', { file_path: '/run/user/0/containers/auth.json' }, 'credentials'],
    ['secrets of a service', 'file', { base_directory: '/var/lib/jenkins/secrets' }, 'credentials'],
    ['a ticket of Kerberos', 'csv', { file_path: '/tmp/krb5cc_0' }, 'credentials'],
    ['a folder of secrets of a program', 'file', { base_directory: '/opt/app/.secrets' }, 'credentials'],
    ['the system’s settings', 'file', { base_directory: '/etc' }, 'credentials'],
    ['whatever links lead to', 'file', { base_directory: at('home'), follow_symlinks: true }, 'reads'],
    ['passwords', 'csv', { file_path: '/etc/shadow', delimiter: ':' }, 'credentials'],
    ['a key', 'csv', { file_path: '~/.ssh/id_rsa' }, 'credentials'],
    ['keys of a cloud', 'csv', { file_path: '~/.aws/credentials' }, 'credentials'],
    ['a login of Claude Code', 'json', { file_path: '~/.claude/.credentials.json' }, 'credentials'],
    ['a key that lies anywhere', 'json', { file_path: at('source', 'id_ed25519') }, 'credentials'],
    ['variables of a project', 'csv', { file_path: at('home', '.env') }, 'credentials'],
    ['the store of ABP', 'sql', { connection_string: at('store', 'batch.db'), query: 'SELECT 1' }, 'credentials'],
    [
      'the store as a URL',
      'sql',
      { connection_string: `sqlite://${at('store', 'batch.db')}`, query: 'SELECT 1' },
      'credentials',
    ],
    ['the token of the server', 'json', { file_path: at('store', 'batch.db.server.json') }, 'credentials'],
    ['what other agents wrote', 'file', { base_directory: at('store', 'runs') }, 'credentials'],
    ['a server', 'sql', { connection_string: 'postgres://me:pw@host/db', query: 'SELECT 1' }, 'network'],
    ['another server', 'sql', { connection_string: 'mysql://host/db', query: 'SELECT 1' }, 'network'],
    ['code', 'dynamic', { code: 'export const enumerate = () => [];' }, 'programs'],
    ['code that sees a variable', 'dynamic', { code: 'x', env: ['HOME'] }, 'environment'],
    ['code that reads a file', 'dynamic', { code: 'x', read_paths: ['/etc/passwd'] }, 'reads'],
  ])('of %s has a power', async (_what, type, config, kind) => {
    expect(await sourcePowers(type, config)).toContain(kind);
  });

  test.each([
    '~/.config/containers/auth.json',
    '~/.m2/settings.xml',
    '~/.gradle/gradle.properties',
    '~/.cache/huggingface/token',
    '~/.kaggle/kaggle.json',
    '~/.config/Slack/Cookies',
    '~/.local/share/fish/fish_history',
    '~/.sqlite_history',
    '~/.terraformrc',
    '~/.dbt/profiles.yml',
    '~/.cursor/mcp.json',
    '~/.something-new/state.json',
    '~/Library/Application Support/x/y.json',
    '/home/somebody/.x/y.json',
    '/Users/somebody/.x.json',
    '/root/.bashrc',
    '/etc/kubernetes/admin.conf',
    '/etc/wireguard/wg0.conf',
    '/etc/passwd',
  ])('of %s has the power to read credentials', async (file_path) => {
    expect(await sourcePowers('csv', { file_path })).toEqual(['credentials']);
  });

  test.each([
    ['a file of the home directory', '~/rows.csv'],
    ['one deeper in it', '~/projects/x/data/rows.csv'],
    ['a hidden folder of a project', '~/projects/x/.data/rows.csv'],
    ['a file of another user', '/home/somebody/rows.csv'],
    ['what agents made, wherever the store lies', join(homedir(), '.agentic-batch', 'outputs', 'job-1', 'x.csv')],
  ])('that is %s has none', async (_what, file_path) => {
    const enumerator = await getEnumerator('csv');
    const storePath = join(homedir(), '.agentic-batch', 'batch.db');
    const here = boundsOf({ home: at('home'), roots: [], outputDirectory: null, base: at('home'), storePath });
    const config = enumerator.resolve(parseConfig(enumerator, { file_path }), { workingDirectory: at('home') });
    expect(enumerator.powers(config, here)).toEqual([]);
  });

  test('behind a link is judged by where the link leads', async () => {
    symlinkSync(join(homedir(), '.ssh', 'id_rsa'), at('home', 'harmless.csv'));
    expect(await sourcePowers('csv', { file_path: at('home', 'harmless.csv') })).toEqual(['credentials']);
    symlinkSync('/', at('home', 'all'));
    expect(await sourcePowers('file', { base_directory: at('home', 'all') })).toContain('reads');
  });

  test('of a server names it without its password', async () => {
    const enumerator = await getEnumerator('sql');
    const config = { connection_string: 'postgres://me:secret@host/db', query: 'SELECT 1' };
    expect(JSON.stringify(enumerator.powers(parseConfig(enumerator, config), bounds))).not.toContain('secret');
  });
});

describe('the home of a job', () => {
  test.each([
    ['a project', at('home'), at('home')],
    ['nothing', null, null],
    ['the root', '/', null],
    ['the home directory', homedir(), null],
    ['a folder above the home directory', join(homedir(), '..'), null],
    ['a folder of credentials', join(homedir(), '.ssh'), null],
    ['any hidden folder of a user', join(homedir(), '.x'), null],
    ['the homes of all users', '/home', null],
    ['a directory of the system', '/opt', null],
    ['settings of the system', '/etc/x', null],
    ['a folder that holds secrets', '/var', null],
    ['the directory of everybody', '/tmp', null],
    ['a project of a container', '/app', '/app'],
  ])('of %s', (_what, directory, home) => {
    expect(homeOf(directory)).toBe(home);
  });

  test('is none behind a link to a directory that is none', () => {
    symlinkSync(homedir(), at('to-home'));
    expect(homeOf(at('to-home'))).toBeNull();
    expect(isTooWide(at('to-home'))).toBe(true);
  });
});

test.each([
  ['a folder of the home', at('home', 'out'), true],
  ['one that is not there yet', at('home', 'new', 'deeper'), true],
  ['the home itself', at('home'), false],
  ['hooks of git', at('home', '.git', 'hooks'), false],
  ['settings of Claude Code', at('home', '.claude'), false],
  ['a folder elsewhere', at('elsewhere'), false],
  ['a folder behind a link', at('home', 'link'), false],
  ['a folder below a link', at('home', 'link', 'new'), false],
  ['a folder that climbs', at('home', 'out', '..', '..', 'elsewhere'), false],
  ['the root', '/', false],
])('an output directory that is %s needs nobody: %s, %s', (_what, directory, plain) => {
  expect(isPlainOutput(directory, at('home'))).toBe(plain);
  expect(isPlainOutput(directory, null)).toBe(false);
});

test.each(['/proc/self/environ', '/dev/zero', '/sys/kernel', '/proc'])('%s is no file of anybody', (path) => {
  expect(() => refuseSpecial(path)).toThrow(/expected a file or directory of data/);
});

test('a link to what is no file of anybody is none either', () => {
  symlinkSync('/proc/self', at('me'));
  expect(() => refuseSpecial(at('me', 'environ'))).toThrow(/expected a file or directory of data/);
  expect(() => refuseSpecial(at('home'))).not.toThrow();
});
