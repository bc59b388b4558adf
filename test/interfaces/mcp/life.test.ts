import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../../helpers/patience.ts';
import { ABP, connect, jobOver, makePlace, observe, type Place } from './clients.ts';

/** A server as a host starts it: in its own process group, with pipes and plain JSON-RPC. */
function startServer(place: Place) {
  const child = spawn(process.execPath, [ABP, 'mcp'], { env: place.environment, cwd: place.root, detached: true });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  place.onEnd(() => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  });
  let id = 0;
  const send = (method: string, params: object): number => {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params })}\n`);
    return id;
  };
  const answer = (to: number) =>
    vi.waitFor(() => {
      const found = lines.map((line) => JSON.parse(line)).find((message) => message.id === to);
      expect(found, stderr).toBeDefined();
      return found;
    }, PATIENCE);
  return {
    child,
    lines,
    stderr: () => stderr,
    send,
    async open() {
      const capabilities = {};
      const clientInfo = { name: 'host', version: '1' };
      await answer(send('initialize', { protocolVersion: '2025-06-18', capabilities, clientInfo }));
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    },
    async call(name: string, args: object) {
      const { result } = await answer(send('tools/call', { name, arguments: args }));
      if (result.isError === true) throw new Error(result.content[0].text);
      return result.structuredContent;
    },
  };
}

type Server = ReturnType<typeof startServer>;

/** Waits for the end of the process; returns its exit code or signal. */
function ended(child: ChildProcessWithoutNullStreams): Promise<{ code: number | null; signal: string | null }> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

/** Ways in which hosts end a server. */
const ENDINGS: readonly (readonly [string, (server: Server) => void])[] = [
  ['SIGKILL to its group', ({ child }) => process.kill(-(child.pid ?? 0), 'SIGKILL')],
  ['SIGTERM to its group', ({ child }) => process.kill(-(child.pid ?? 0), 'SIGTERM')],
  ['closed stdin', ({ child }) => child.stdin.end()],
];

describe.each(ENDINGS)('a host that ends its server with %s', (how, end) => {
  it('during a test and during a run changes nothing: a new server shows the progress', async () => {
    const place = makePlace();
    const first = startServer(place);
    await first.open();
    const { job_id } = await first.call('create_job', jobOver(place));
    // During the test, which is held: a call waits for it.
    place.write('hold', '');
    first.send('tools/call', { name: 'start_job', arguments: { job_id, wait_seconds: 45 } });
    const observer = observe(place);
    const status = () => observer.ok('get_job_status', { job_id });
    const atWork = { status: 'testing', executor: { state: 'alive' }, units: { running: 1 } };
    await vi.waitFor(async () => expect(await status()).toMatchObject(atWork), PATIENCE);
    end(first);
    await ended(first.child);
    rmSync(join(place.root, 'hold'));
    await vi.waitFor(async () => expect(await status()).toMatchObject({ test: { state: 'passed' } }), PATIENCE);

    const second = startServer(place);
    await second.open();
    place.write('hold', '');
    await second.call('start_job', { job_id, approve: true, wait_seconds: 0 });
    await vi.waitFor(async () => expect(await status()).toMatchObject({ units: { running: 2 } }), PATIENCE);
    end(second);
    await ended(second.child);
    rmSync(join(place.root, 'hold'));

    await vi.waitFor(async () => {
      expect(await status()).toMatchObject({
        status: 'completed',
        units: { completed: 4 },
        executor: { state: 'none' },
      });
    }, PATIENCE);
    for (const unit of [0, 1, 2, 3]) {
      const { attempts } = await observer.ok('get_unit', { job_id, unit });
      expect(attempts.map((attempt: { status: string }) => attempt.status)).toEqual(['succeeded']);
    }
    for (const line of [...first.lines, ...second.lines]) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
    if (!how.startsWith('SIGKILL')) expect([first.child.exitCode, second.child.exitCode]).toEqual([0, 0]);
  });
});

describe('a server', () => {
  it.each<[string, (server: Server) => void]>([
    ['its stdin', ({ child }) => child.stdin.end()],
    ['SIGINT', ({ child }) => child.kill('SIGINT')],
  ])('ends with %s, also while calls wait for 45 s', async (_, end) => {
    const place = makePlace();
    const server = startServer(place);
    await server.open();
    const { job_id } = await server.call('create_job', jobOver(place));
    server.send('tools/call', { name: 'get_job_status', arguments: { job_id, wait_seconds: 45 } });
    place.write('hold', '');
    server.send('tools/call', { name: 'start_job', arguments: { job_id, skip_test: true, wait_seconds: 45 } });
    const observer = observe(place);
    const status = () => observer.ok('get_job_status', { job_id });
    await vi.waitFor(async () => expect(await status()).toMatchObject({ units: { running: 2 } }), PATIENCE);
    const from = performance.now();
    end(server);
    expect(await ended(server.child)).toEqual({ code: 0, signal: null });
    expect(performance.now() - from).toBeLessThan(30_000);
    rmSync(join(place.root, 'hold'));
    await vi.waitFor(async () => {
      expect(await status()).toMatchObject({ status: 'completed', executor: { state: 'none' } });
    }, PATIENCE);
  });

  it('resolves relative paths from the project that the host names, else from its working directory', async () => {
    const place = makePlace();
    const preview = { source: { type: 'file', base_directory: 'source' } };
    const named = await connect('v2 legacy', place, { environment: { CLAUDE_PROJECT_DIR: place.root } });
    expect(await named.ok('preview_items', preview)).toMatchObject({ total: 4 });
    const elsewhere = await connect('v2 legacy', place, { environment: { CLAUDE_PROJECT_DIR: '/' } });
    expect(await elsewhere.call('preview_items', preview)).toMatchObject({ isError: true });
    const unnamed = await connect('v2 legacy', place, { environment: { CLAUDE_PROJECT_DIR: '' } });
    expect(await unnamed.ok('preview_items', preview)).toMatchObject({ total: 4 });
  });

  it('makes Claude Code ask at every start_job when that is configured', async () => {
    const place = makePlace();
    const asks = async (environment: Record<string, string>) => {
      const { tools } = await (await connect('v2 legacy', place, { environment })).client.listTools();
      return tools.filter(({ _meta }) => _meta?.['anthropic/requiresUserInteraction'] === true).map(({ name }) => name);
    };
    expect(await asks({})).toEqual([]);
    expect(await asks({ ABP_CONFIRM_START: '1' })).toEqual(['start_job']);
  });

  it('starts and ends the dashboard, gives its address without a token, and runs without it', async () => {
    const place = makePlace();
    const { ok } = await connect('v2 legacy', place, { environment: { ABP_DASHBOARD_PORT: '0' } });
    place.onEnd(() => ok('dashboard', { action: 'stop' }));
    const { url, ...dashboard } = await ok('dashboard');
    expect({ url, ...dashboard }).toMatchObject({
      running: true,
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    expect((await fetch(`${url}/api/jobs`)).status).toBe(401);
    expect(await ok('dashboard', { action: 'status' })).toMatchObject({ running: true, url });
    expect(await ok('dashboard', { action: 'stop' })).toMatchObject({ running: false });
    expect(await ok('dashboard', { action: 'status' })).toEqual({ running: false });
    expect(await ok('list_jobs')).toMatchObject({ total: 0 });
  });

  it('shares a database with others: all see what one does', async () => {
    const place = makePlace();
    const servers = await Promise.all([connect('v2 auto', place), connect('v2 legacy', place), connect('v1', place)]);
    const made = await Promise.all(servers.map(({ ok }) => ok('create_job', jobOver(place))));
    for (const { ok } of servers) {
      const { jobs } = await ok('list_jobs');
      const ids = (list: readonly { job_id: string }[]) => list.map(({ job_id }) => job_id).sort();
      expect(ids(jobs)).toEqual(ids(made));
    }
  });

  it('ignores lines that are no messages, and writes only messages to stdout', async () => {
    const place = makePlace();
    const server = startServer(place);
    server.child.stdin.write('this is no JSON\n');
    await server.open();
    expect((await server.call('list_jobs', {})).total).toBe(0);
    server.child.stdin.end();
    await ended(server.child);
    expect(server.lines.length).toBeGreaterThan(0);
    for (const line of server.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
  });

  it('recovers jobs that lost their executor, unless that is switched off', async () => {
    const place = makePlace();
    const observer = await connect('v1', place, { environment: { ABP_AUTO_RECOVER: '0' } });
    const { job_id } = await observer.ok('create_job', jobOver(place));
    place.write('hold', '');
    await observer.ok('start_job', { job_id, skip_test: true, wait_seconds: 0 });
    const { executor } = await observer.ok('get_job_status', { job_id });
    process.kill(executor.pid, 'SIGKILL');
    const state = async () => (await observer.ok('get_job_status', { job_id })).executor.state;
    await vi.waitFor(async () => expect(await state()).toBe('lost'), PATIENCE);
    await connect('v2 auto', place);
    await vi.waitFor(async () => expect(await state()).toBe('alive'), PATIENCE);
    rmSync(join(place.root, 'hold'));
    await vi.waitFor(async () => {
      expect(await observer.ok('get_job_status', { job_id })).toMatchObject({
        status: 'completed',
        executor: { state: 'none' },
      });
    }, PATIENCE);
  });
});
