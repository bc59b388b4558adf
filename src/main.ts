#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';
import type { Abp, Making } from './wire.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The bin. It imports nothing but Node's own modules before it knows that this Node can run the rest: better-sqlite3
 * crashes an older one instead of refusing.
 */
const MINIMUM_NODE = '22.18.0';
const args = process.argv.slice(2);
const here = fileURLToPath(import.meta.url);

if (isOlder(process.versions.node, MINIMUM_NODE)) runWithPinnedNode();
else if (process.platform === 'win32' && args[0] !== 'doctor') {
  fail('abp runs on Linux and macOS; on Windows use it inside WSL (https://aka.ms/wsl).');
} else {
  const { directory } = module.enableCompileCache();
  // Executors and servers start twice as fast when they find themselves compiled, too.
  if (directory) process.env.NODE_COMPILE_CACHE ??= directory;
  // Keeps the young generation small (docs/decisions/0010-memory-tuning.md); this process was started without options.
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  quietWhenNobodyReads();
  const { runCli } = await import('./cli/index.ts');
  process.exitCode = await runCli(args, {
    version: manifest().version,
    environment: process.env,
    open,
    interfaces: { mcp, serve, dashboard },
  });
}

/** `abp … | head`: whoever read us has seen enough. What is at its end already keeps its own exit code. */
function quietWhenNobodyReads(): void {
  const command = args.find((arg) => !arg.startsWith('-')) ?? '';
  // What has more to do than to tell.
  const goesOn = ['run', 'start', 'demo'].includes(command);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') {
        fail(`abp cannot write what it has to say (${error.code}).`);
        process.exit();
      }
      if (!goesOn) setImmediate(() => process.exit());
    });
  }
}

async function open(environment: Environment, making?: Making): Promise<Abp> {
  return (await import('./wire.ts')).wireInTurn(environment, making);
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

/** The store's server as a process of its own. */
async function dashboard(environment: Environment) {
  const [{ createDashboardProcess }, { readConfig }] = await Promise.all([
    import('./http/dashboard-process.ts'),
    import('./config.ts'),
  ]);
  const { storagePath } = readConfig(environment);
  return createDashboardProcess({ storagePath, command: [process.execPath, here, 'serve'], environment });
}

/** Runs the same command with the `node` package that is installed beside, in the place of this process. */
function runWithPinnedNode(): void {
  const pinned = findPinnedNode();
  if (pinned === null) {
    fail(`abp needs Node ${MINIMUM_NODE} or newer, found ${process.versions.node} at ${process.execPath}.`);
    return;
  }
  const child = spawn(pinned, [here, ...args], { stdio: 'inherit' });
  // The child decides what a signal means. A terminal sends its own to both of us; a host, which has our stdin, only to us.
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

/** The `node` package's program in the nearest node_modules that has one new enough. */
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

/** This package's manifest, from the sources and from the bundle alike: both lie one folder below it. */
function manifest(): { readonly version: string } {
  return JSON.parse(readFileSync(join(dirname(here), '..', 'package.json'), 'utf8')) as { version: string };
}

function isOlder(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = minimum.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** What a person must fix before anything works, with the exit code that `abp --help` has for it. */
function fail(message: string): void {
  process.stderr.write(`${message}\n`);
  process.exitCode = 3;
}
