/**
 * Run by hand: `node test/e2e/soak.ts [minutes] [older]`. 16 units at a time with the real CLI on one home directory, for
 * 5 minutes; fails when a unit does, or when the configuration that they share is ever found broken.
 */
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Run } from '../../src/ports/worker.ts';
import { parseWorker } from '../../src/workers/index.ts';
import { startMessagesApi } from '../helpers/messages-api.ts';

const PARALLEL = 16;
const [minutes = '5', which = 'current'] = process.argv.slice(2);
const cli = which === 'older' ? 'claude-code-older' : '@anthropic-ai/claude-code';
const root = mkdtempSync(path.join(os.tmpdir(), 'abp-soak-'));
for (const name of ['bin', 'home', 'work', 'out']) mkdirSync(path.join(root, name));
symlinkSync(path.join(import.meta.dirname, 'node_modules', cli, 'bin/claude.exe'), path.join(root, 'bin/claude'));

const api = await startMessagesApi((request) =>
  request.body.messages.length > 3 ? { say: 'done' } : { use: 'Glob', input: { pattern: '*' } },
);
const { worker, config } = await parseWorker({ type: 'claude' });
const environment = {
  PATH: `${path.join(root, 'bin')}:/usr/bin:/bin`,
  HOME: path.join(root, 'home'),
  ANTHROPIC_API_KEY: 'sk-ant-dummy',
  ANTHROPIC_BASE_URL: api.url,
};

const problems: string[] = [];
let looks = 0;
const shared = path.join(root, 'home/.claude.json');
const watch = setInterval(() => {
  try {
    JSON.parse(readFileSync(shared, 'utf8'));
    looks++;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') problems.push(`configuration: ${String(error)}`);
  }
}, 10);

let units = 0;
const until = performance.now() + Number(minutes) * 60_000;
const slot = async () => {
  while (performance.now() < until) {
    const index = units++;
    const runDirectory = path.join(root, `run-${index}`);
    mkdirSync(runDirectory, { mode: 0o700 });
    const run: Run = {
      attempts: [
        {
          jobId: 'soak',
          scope: 'unit',
          index,
          attempt: 1,
          attemptId: randomUUID(),
          step: 'main',
          prompt: { system: 'Be brief.', user: `Item ${index}` },
          payload: {},
          results: {},
          outputSchema: null,
          budgetUsd: null,
          resumeSessionId: null,
        },
      ],
      config,
      runDirectory,
      home: path.join(root, 'work'),
      workingDirectory: path.join(root, 'work'),
      outputDirectory: path.join(root, 'out'),
      readableDirectories: [],
      timeoutMs: 120_000,
      deadlineAt: null,
      idleTimeoutMs: 0,
      needs: null,
      environment,
    };
    const started = await worker.start(run);
    const signal = new AbortController().signal;
    const ending = started.is === 'ended' ? started : await worker.attach(run, started.handle, { signal });
    const outcome = ending.is === 'ended' ? ending.outcomes[0] : null;
    if (!outcome) problems.push(`unit ${index}: cut off`);
    else if (!outcome.ok) problems.push(`unit ${index}: ${outcome.failureClass}: ${outcome.message}`);
    rmSync(runDirectory, { recursive: true });
  }
};
await Promise.all(Array.from({ length: PARALLEL }, slot));
clearInterval(watch);
await api.close();
rmSync(root, { recursive: true, force: true });
console.log(`${units} units, ${PARALLEL} at a time; the shared configuration was whole in ${looks} looks`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
