import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';
import { type MessagesApi, type MessagesRequest, startMessagesApi } from '../../test/helpers/messages-api.ts';
import type { Bench, Benchmark } from '../harness/benchmark.ts';
import { openCaller } from '../harness/caller.ts';
import { runToEnd } from '../harness/job.ts';

const INTENT = 'Say what this document is about, in one sentence.';
/** Installed by `npm run test:e2e`. */
const CLI = join(packageRoot(), 'test/e2e/node_modules/@anthropic-ai/claude-code/bin/claude.exe');
const IDS = ['fixed_bytes', 'default_bytes', 'default_ratio', 'common_share'].map((name) => `worker-cost.${name}`);

/** Cost of a unit before its agent has read the item: paid again with every unit. */
export const workerCost: Benchmark = {
  name: 'worker-cost',
  what: "bytes of a Claude worker's first request, and how much of it two units share, against the CLI's defaults",
  async run(bench) {
    if (!existsSync(CLI)) {
      bench.skip(IDS, 'the real CLI is not installed (npm ci --prefix test/e2e)');
      return;
    }
    const api = await startMessagesApi(() => ({ say: 'It is about a colour.' }));
    const environment = prepare(bench, api);
    const ours = await throughJob(bench, api, environment);
    const plain = await throughDefaults(bench, api, environment);
    await api.close();
    const [first] = ours.requests;
    if (first === undefined) throw new Error('The unit asked for nothing.');
    const fixed = Buffer.byteLength(essence(first)) - jsonBytes(ours.prompt);
    const [one = '', two = ''] = ours.requests.map(({ body }) =>
      JSON.stringify([body.tools, body.system, body.messages[0]]),
    );
    let common = 0;
    while (common < one.length && one[common] === two[common]) common++;
    const share = common / (one.length - JSON.stringify(ours.prompt).length + 2);
    const plainFixed = Buffer.byteLength(essence(plain.request)) - jsonBytes(plain.prompt);
    const record = (at: number, what: string, measure: 'bytes' | '×' | '%', value: number) =>
      bench.record({ id: IDS[at] ?? '', what, measure, runs: [value] });
    record(0, 'first request of a unit (tools, system prompt, messages) without its own prompt', 'bytes', fixed);
    record(1, "the same with the CLI's default flags", 'bytes', plainFixed);
    record(2, 'first request, defaults against ours', '×', plainFixed / fixed);
    record(
      3,
      'of tools, system prompt and first message, what two units share from the start',
      '%',
      100 * Math.min(1, share),
    );
  },
};

/** A private home, a fake key, a service on loopback: nothing of the user who runs the benchmark. */
function prepare({ directory }: Bench, api: MessagesApi): Record<string, string> {
  const [home, bin] = [join(directory, 'home'), join(directory, 'bin')];
  for (const folder of [home, bin, join(directory, 'documents')]) mkdirSync(folder, { mode: 0o700 });
  symlinkSync(CLI, join(bin, 'claude'));
  for (const name of ['red', 'blue'])
    writeFileSync(join(directory, 'documents', `${name}.txt`), `${name} is a colour.\n`);
  return {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: home,
    ANTHROPIC_API_KEY: 'sk-ant-dummy',
    ANTHROPIC_BASE_URL: api.url,
  };
}

/** First requests of the two units of a job, and the prompt of the first unit. */
async function throughJob(bench: Bench, api: MessagesApi, environment: Record<string, string>) {
  const caller = openCaller(bench.installation, join(bench.directory, 'store', 'batch.db'), environment);
  const { output } = await caller.call('create_job', {
    name: 'bench',
    intent: INTENT,
    source: { type: 'file', base_directory: join(bench.directory, 'documents') },
    worker: { type: 'claude', tools: ['Read', 'Write'] },
    limits: { max_workers: 1 },
  });
  const before = api.requests.length;
  const jobId = String(output.job_id);
  await runToEnd(caller, jobId);
  const { output: unit } = await caller.call('get_unit', { job_id: jobId, unit: 0 });
  await caller.close();
  const [attempt] = unit.attempts as readonly { run_directory: string }[];
  return {
    requests: api.requests.slice(before),
    prompt: readFileSync(join(attempt?.run_directory ?? '', 'stdin'), 'utf8'),
  };
}

/** First request of `claude -p` when called plainly in a loop. */
async function throughDefaults(
  bench: Bench,
  api: MessagesApi,
  environment: Record<string, string>,
): Promise<{ readonly request: MessagesRequest; readonly prompt: string }> {
  const before = api.requests.length;
  const child = spawn(CLI, ['-p', '--output-format', 'stream-json', '--verbose'], {
    cwd: join(bench.directory, 'documents'),
    env: environment,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const prompt = `${INTENT}\n\n${join(bench.directory, 'documents', 'red.txt')}\n`;
  child.stdin.end(prompt);
  await new Promise((resolve) => child.once('exit', resolve));
  const [request] = api.requests.slice(before);
  if (request === undefined) throw new Error('The CLI asked for nothing.');
  return { request, prompt };
}

/** Length of a text inside a JSON string. */
function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** Parts of the request that are paid for, in the order in which a service caches them. */
function essence({ body }: MessagesRequest): string {
  return JSON.stringify([body.tools, body.system, body.messages]);
}
