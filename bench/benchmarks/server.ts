import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { abpEnvironment } from '../harness/caller.ts';
import { usedBy } from '../harness/process.ts';

const RUNS = 20;
const IDLE_MS = 1500;
/** Bytes per token of English and JSON; the real number differs by model. */
const BYTES_PER_TOKEN = 4;

const INITIALIZE = {
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
};

/** Cost of an MCP server that a host starts for every conversation. */
export const server: Benchmark = {
  name: 'server',
  what: 'the MCP server over stdio: start to the first answer, memory idle, size of its tool list',
  async run(bench) {
    const first: number[] = [];
    const listed: number[] = [];
    const memory: number[] = [];
    let bytes = 0;
    // The first start fills the compile cache, as an installation's first start does.
    for (let run = 0; run <= RUNS; run++) {
      const seen = await visit(bench, run === RUNS);
      if (run === 0) continue;
      first.push(seen.firstMs);
      listed.push(seen.listMs);
      bytes = seen.bytes;
      if (seen.idleMb !== null) memory.push(seen.idleMb);
    }
    bench.record({
      id: 'server.first_answer_ms',
      what: 'start of `abp mcp` to its first answer',
      measure: 'ms',
      runs: first,
    });
    bench.record({
      id: 'server.tools_listed_ms',
      what: 'start of `abp mcp` to its tool list',
      measure: 'ms',
      runs: listed,
    });
    bench.record({ id: 'server.idle_mb', what: 'memory of an idle MCP server', measure: 'MB', runs: memory });
    bench.record({ id: 'server.tool_list_kb', what: 'size of the tool list', measure: 'kB', runs: [bytes / 1024] });
    bench.record({
      id: 'server.tool_list_tokens',
      what: `size of the tool list, at ${BYTES_PER_TOKEN} bytes a token`,
      measure: 'tokens',
      runs: [Math.round(bytes / BYTES_PER_TOKEN)],
    });
  },
};

/** Runs a server from its start to the end of its stdin. */
async function visit(bench: Bench, idle: boolean) {
  const storage = join(bench.directory, 'store', 'batch.db');
  mkdirSync(join(bench.directory, 'tmp'), { recursive: true });
  const started = performance.now();
  const child = spawn(process.execPath, [bench.installation.program('main'), 'mcp'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // The compile cache is in TMPDIR: a separate one, filled by these starts only.
    env: abpEnvironment(storage, { TMPDIR: join(bench.directory, 'tmp') }),
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  send({ id: 1, ...INITIALIZE });
  await lines.next();
  const firstMs = performance.now() - started;
  send({ method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/list' });
  const answer = String((await lines.next()).value);
  const listMs = performance.now() - started;
  const { tools } = (JSON.parse(answer) as { result: { tools: readonly unknown[] } }).result;
  if (idle) await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const idleMb = idle ? (usedBy(child.pid ?? 0)?.nowMb ?? null) : null;
  child.stdin.end();
  await gone;
  return { firstMs, listMs, idleMb, bytes: Buffer.byteLength(JSON.stringify(tools)) };
}
