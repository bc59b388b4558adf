#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import type { Abp, WhenMissing } from './wire.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The bin. Imports only Node's own modules until it knows that this Node can run the rest: better-sqlite3 crashes an
 * older one instead of reporting it.
 */
const MINIMUM_NODE = '22.18.0';
const args = process.argv.slice(2);
const here = fileURLToPath(import.meta.url);

if (isOlder(process.versions.node, MINIMUM_NODE)) runWithPinnedNode();
else if (process.platform === 'win32' && args[0] !== 'doctor') {
  fail('abp runs on Linux and macOS; on Windows use it inside WSL (https://aka.ms/wsl).');
} else {
  const { directory } = module.enableCompileCache();
  // Executors and servers also start twice as fast from the compile cache.
  if (directory) process.env.NODE_COMPILE_CACHE ??= directory;
  // Keeps the young generation small (docs/decisions/0010-memory-tuning.md); this process was started without options.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  ignoreClosedOutput();
  const { runCli } = await import('./cli/index.ts');
  process.exitCode = await runCli(args, {
    version: manifest().version,
    environment: process.env,
    open,
    interfaces: { mcp, serve, dashboard },
  });
}

/**
 * Ignores EPIPE (`abp … | head`): the reader has seen enough. Commands that only print exit; a command at its end keeps
 * its exit code.
 */
function ignoreClosedOutput(): void {
  const command = args.find((arg) => !arg.startsWith('-')) ?? '';
  // Commands whose work continues without a reader.
  const continues = ['run', 'start', 'demo'].includes(command);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') {
        fail(`abp cannot write to stdout or stderr (${error.code}).`);
        process.exit();
      }
      if (!continues) setImmediate(() => process.exit());
    });
  }
}

async function open(environment: Environment, whenMissing?: WhenMissing): Promise<Abp> {
  return (await import('./wire.ts')).wireInTurn(environment, whenMissing);
}

/** Serves MCP on this process's own stdin and stdout. */
async function mcp(): Promise<void> {
  const [abp, { serveMcpOverStdio }] = await Promise.all([open(process.env), import('./mcp/stdio.ts')]);
  const page = await dashboard(process.env);
  await serveMcpOverStdio(abp, { dashboard: page.act });
  abp.close();
}

/** Serves the dashboard, the HTTP API and MCP over HTTP; the store is closed when the server is. */
async function serve(options: { port?: number; host?: string; token?: string }) {
  const [abp, { serveHttp }, { createMcpHttpHandler }] = await Promise.all([
    open(process.env),
    import('./http/serve.ts'),
    import('./mcp/http.ts'),
  ]);
  const page = await dashboard(process.env);
  const mount = createMcpHttpHandler(abp, { dashboard: page.act });
  const server = await serveHttp(abp, { ...options, mcp: mount.fetch });
  void server.done.then(() => mount.close()).finally(() => abp.close());
  return server;
}

/** Returns the handle on the store's server process. */
async function dashboard(environment: Environment) {
  const [{ createDashboardProcess }, { createServerProcess }, { readConfig }, { systemClock: clock }] =
    await Promise.all([
      import('./http/dashboard-process.ts'),
      import('./supervision/server-process.ts'),
      import('./config.ts'),
      import('./clock.ts'),
    ]);
  const { storagePath } = readConfig(environment);
  const command = [process.execPath, here, 'serve'] as const;
  const server = createServerProcess({ storagePath, command, environment, clock });
  return createDashboardProcess(server, { storagePath, environment });
}

/** Runs the same command with the `node` package installed beside, instead of this process. */
function runWithPinnedNode(): void {
  const pinned = findPinnedNode();
  if (pinned === null) {
    fail(`abp needs Node ${MINIMUM_NODE} or newer, found ${process.versions.node} at ${process.execPath}.`);
    return;
  }
  const child = spawn(pinned, [here, ...args], { stdio: 'inherit' });
  // The child decides what a signal means. A terminal signals both processes; a host, which holds our stdin, only this
  // one.
  const passOn = (signal: NodeJS.Signals) => child.kill(signal);
  const fromKeys = process.stdin.isTTY ? () => undefined : passOn;
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, fromKeys);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, passOn);
  child.on('error', (error) => fail(`abp could not start ${pinned}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exitCode = code ?? 1;
  });
}

/** Returns the program of the nearest installed `node` package that is new enough; null = none. */
function findPinnedNode(): string | null {
  for (let folder = dirname(here); ; folder = dirname(folder)) {
    const installed = join(folder, 'node_modules', 'node');
    const program = join(installed, 'bin', 'node');
    if (existsSync(program)) {
      const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string };
      if (!isOlder(version, MINIMUM_NODE)) return program;
    }
    if (folder === dirname(folder)) return null;
  }
}

/** Reads this package's manifest; sources and bundle are both one folder below it. */
function manifest(): { readonly version: string } {
  return JSON.parse(readFileSync(join(dirname(here), '..', 'package.json'), 'utf8')) as { version: string };
}

function isOlder(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = minimum.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** Reports what a person must fix before anything works, with the exit code documented in `abp --help`. */
function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 3;
}
