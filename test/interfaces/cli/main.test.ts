import { cpSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../../src/cli/index.ts';
import { packageRoot, packageVersion } from '../../../src/package-root.ts';
import { PATIENCE } from '../../helpers/patience.ts';
import { isAlive } from '../../helpers/processes.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';
import { MAIN, runNode, type Workspace, workspace } from './abp.ts';

/** Makes this Node say that it is another one, to the program that it runs and to no other. */
function pretending(property: 'versions' | 'platform', value: string): readonly string[] {
  const code = `Object.defineProperty(process, '${property}', { value: ${value} });`;
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`];
}

const OLD = pretending('versions', "{ ...process.versions, node: '20.19.5' }");
/** Behind npm run demo. */
const HIDDEN = ['demo'];

const WINDOWS = pretending('platform', "'win32'");

const run = (space: Workspace, node: readonly string[], main: string, ...args: readonly string[]) =>
  runNode(space, [...node, main, ...args]);

describe('the bin', () => {
  test('prints its version, and help without arguments', async () => {
    const space = workspace();
    expect(await space.program('--version')).toMatchObject({ exitCode: 0, stdout: packageVersion() });
    expect(await space.program()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/run .*<batch\.yaml>[\s\S]*Exit codes:/),
    });
  });

  test('runs from its sources too', async () => {
    const space = workspace();
    expect(await run(space, [], join(packageRoot(), 'src/main.ts'), 'status')).toMatchObject({ exitCode: 0 });
  });

  test('every command has a help with an example', () => {
    const act = () => () => Promise.resolve();
    const program = createProgram('0', act);
    const commands = program.commands.flatMap((command) => [command, ...command.commands]);
    const shown = commands.filter((command) => command.commands.length === 0 && !HIDDEN.includes(command.name()));
    expect(shown.length).toBeGreaterThan(28);
    for (const command of shown) {
      let help = '';
      command.configureOutput({
        writeOut: (text) => {
          help += text;
        },
      });
      command.outputHelp();
      expect(help, command.name()).toMatch(/\n {2}\$ (abp|claude) .+/);
    }
  });

  test('on an older Node continues with the pinned one, with arguments, streams and exit code', async () => {
    const space = workspace();
    const doctor = await run(space, OLD, MAIN, 'doctor');
    expect(doctor.stdout).toMatch(/pass {2}Platform .*Node (2[2-9]|[3-9]\d)\./);
    expect(await run(space, OLD, MAIN, 'status', 'nosuch')).toMatchObject({ exitCode: 4, stderr: /No job nosuch/ });
  });

  test('on an older Node without a pinned one prints one line', async () => {
    const space = workspace();
    const elsewhere = temporaryDirectory('bin');
    cpSync(dirname(MAIN), join(elsewhere, 'dist'), { recursive: true });
    writeFileSync(join(elsewhere, 'package.json'), '{ "type": "module" }');
    expect(await run(space, OLD, join(elsewhere, 'dist/main.js'), 'status')).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: `abp needs Node 22.18.0 or newer, found 20.19.5 at ${process.execPath}.`,
    });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('on an older Node forwards %s and leaves no process', async (signal) => {
    const space = workspace();
    const serving = execa(process.execPath, [...OLD, MAIN, 'serve', '--port', '0', '--json'], {
      cwd: space.folder,
      env: space.environment,
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
    });
    let said = '';
    serving.stdout.on('data', (text) => {
      said += text;
    });
    await expect.poll(() => said, PATIENCE).toMatch(/"pid": \d+\n}/);
    const { pid } = JSON.parse(said);
    expect(pid).not.toBe(serving.pid);
    serving.kill(signal);
    await serving;
    await expect.poll(() => isAlive(pid), PATIENCE).toBe(false);
  });

  test('on Windows rejects every command except doctor with one line that names WSL', async () => {
    const space = workspace();
    expect(await run(space, WINDOWS, MAIN, 'status')).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^.*WSL.*$/),
    });
    expect(await run(space, WINDOWS, MAIN, 'doctor')).toMatchObject({
      exitCode: 3,
      stdout: expect.stringMatching(/^fail {2}Platform .*win32[\s\S]*WSL/),
    });
  });
});

describe('abp mcp', () => {
  test('answers on stdout and ends with its stdin', async () => {
    const space = workspace();
    const hello = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    };
    const ran = await execa(process.execPath, [MAIN, 'mcp'], {
      cwd: space.folder,
      env: space.environment,
      extendEnv: false,
      input: `${JSON.stringify(hello)}\n`,
    });
    expect(JSON.parse(ran.stdout)).toMatchObject({ id: 1, result: { serverInfo: { name: expect.any(String) } } });
  });
});

describe('abp serve', () => {
  test('serves until serve --stop', async () => {
    const space = workspace();
    const json = async (...args: readonly string[]) => JSON.parse((await space.program(...args, '--json')).stdout);
    expect(await json('serve', '--status')).toEqual({ running: false });
    const serving = space.program('serve', '--port', '0');
    await expect.poll(async () => (await json('serve', '--status')).running, PATIENCE).toBe(true);
    const served = await json('serve', '--status');
    expect((await fetch(served.url)).status).toBeLessThan(500);
    expect(await space.program('serve', '--port', '0')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining(served.url),
    });
    expect(await json('serve', '--stop')).toEqual({ stopped: true });
    const { exitCode, stdout } = await serving;
    // No link where nobody sits at a terminal, only how to get one.
    const [first, second, ...more] = stdout.split('\n');
    expect({ exitCode, first, more }).toEqual({
      exitCode: 0,
      first: `Serving ${served.url}; Ctrl-C stops it.`,
      more: [],
    });
    expect(second).toMatch(/abp serve --link .* prints a link/);
    expect(stdout).not.toContain('#');
    expect(await json('serve', '--stop')).toEqual({ stopped: false });
  });

  test('listens on other addresses only with a token', async () => {
    const space = workspace();
    expect(await space.program('serve', '--host', '0.0.0.0')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/needs a token/),
    });
    expect(await space.program('serve', '--token-file', 'nosuch')).toMatchObject({ exitCode: 2 });
    space.write('token', 'x'.repeat(31));
    expect(await space.program('serve', '--token-file', 'token')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/at least 32 [\s\S]*found 31/),
    });
  });

  test('--link starts a server if none runs, and prints a sign-in link with or without a terminal', async () => {
    const space = workspace();
    const serving = space.program('serve', '--port', '0', '--link');
    const served = () => space.program('serve', '--status', '--json').then(({ stdout }) => JSON.parse(stdout));
    await expect.poll(async () => (await served()).running, PATIENCE).toBe(true);
    const { url } = await served();
    const { stdout: link } = await space.program('serve', '--link');
    expect(link).toMatch(new RegExp(`^${url}/auth#[\\w-]{43}$`));
    const document = JSON.parse((await space.program('serve', '--link', '--json')).stdout);
    expect(document).toMatchObject({ url, link: expect.stringContaining(`${url}/auth#`) });
    await space.program('serve', '--stop');
    const { stdout } = await serving;
    expect(stdout).toMatch(new RegExp(`^Serving ${url}; Ctrl-C stops it\\.\nSign in: ${url}/auth#[\\w-]{43}\n`));
    expect(link).not.toBe(document.link);
  });
});
