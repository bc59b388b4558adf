import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compiledIn, type Installation } from '../../bench/harness/installation.ts';
import type { Awaitable } from '../../src/domain/awaitable.ts';
import { toAbpError } from '../../src/domain/error.ts';
import { packageRoot } from '../../src/package-root.ts';
import { type Abp, wire } from '../../src/wire.ts';
import { personAllowsJob } from '../helpers/approvals.ts';
import { kill, type Living, processesMentioning } from './processes.ts';
import { createRandom, type Random } from './random.ts';
import { verifyRound } from './verify.ts';

/** What a round did, for the log and for its verification. */
export interface Round {
  readonly seed: number;
  readonly folder: string;
  readonly jobId: string;
  /** Of an attempt. */
  readonly timeoutMs: number;
  readonly actions: string[];
  /** Units that a person of this round cancelled or reopened: their results may be redone or given up. */
  readonly handled: Set<number>;
  /** Attempts whose agent lived when its executor was killed, and that nobody has stopped since: to be adopted. */
  readonly orphans: Set<string>;
}

/** A round that has not come to an end by then is stuck, on however slow a machine. */
const ROUND_MS = 600_000;
const LEASE_S = 2;
const TIMEOUT_S = 5;
/** An executor is frozen for this long on average. */
const FROZEN_MS = 1000 * LEASE_S;
const CALL = { interface: 'cli', workingDirectory: '/', human: 'cli', maxWaitMs: 10_000 } as const;

/** Its pattern takes for ever on a host that an agent may give. */
const SLOW_SCHEMA = { properties: { host: { type: 'string', pattern: '^(([a-z0-9.-]+)(,|, )?)+$' } } };

/** Refusals that are right answers to what a round does at random. */
const EXPECTED_REFUSALS = ['conflict', 'busy'];

type Action = (chaos: Chaos) => Promise<void> | void;

interface Chaos {
  readonly abp: Abp;
  readonly round: Round;
  readonly random: Random;
  server: ChildProcess | null;
}

const agents = (chaos: Chaos): Living[] =>
  processesMentioning(chaos.round.folder).filter(({ environment }) => attemptIdOf({ environment }) !== null);

function attemptIdOf({ environment }: Pick<Living, 'environment'>): string | null {
  return environment.find((entry) => entry.startsWith('ABP_ATTEMPT_ID='))?.slice('ABP_ATTEMPT_ID='.length) ?? null;
}

async function executorPid({ abp, round }: Chaos): Promise<number | null> {
  const lease = await abp.store.repository.leases.get(round.jobId);
  return lease && !lease.released && lease.pid !== process.pid ? lease.pid : null;
}

async function killExecutor(chaos: Chaos): Promise<void> {
  const pid = await executorPid(chaos);
  // One that is dead already has left its orphans: whoever was killed since is none.
  if (pid === null || !processesMentioning(chaos.round.folder).some((living) => living.pid === pid)) return;
  kill(pid);
  for (const agent of agents(chaos)) {
    const attemptId = attemptIdOf(agent);
    // An attempt lives as long as its leader.
    if (attemptId && agent.pid === agent.group) chaos.round.orphans.add(attemptId);
  }
}

/** As a laptop's lid would, for longer or shorter than a lease: it may wake up to find that its job has another. */
async function freezeExecutor(chaos: Chaos): Promise<void> {
  const pid = await executorPid(chaos);
  const thawAfterMs = chaos.random.below(2 * FROZEN_MS);
  if (pid === null) return;
  kill(pid, 'SIGSTOP');
  setTimeout(() => kill(pid, 'SIGCONT'), thawAfterMs);
}

function killServer({ server }: Chaos): void {
  if (server?.pid) kill(server.pid);
}

/** Not what a keeper has just forked: until its exec, an agent's leader looks like a keeper. */
function killKeepers({ round }: Chaos): void {
  const keepers = processesMentioning(round.folder).filter(({ command }) => command.includes('keeper-main'));
  const pids = keepers.map(({ pid }) => pid);
  for (const { pid, parent } of keepers) if (!pids.includes(parent)) kill(pid);
}

const verb =
  (name: string, input: (chaos: Chaos) => Awaitable<Record<string, unknown>>): Action =>
  async (chaos) => {
    try {
      await chaos.abp.orchestrator.callUnknown(name, { job_id: chaos.round.jobId, ...(await input(chaos)) }, CALL);
    } catch (error) {
      if (!EXPECTED_REFUSALS.includes(toAbpError(error).code)) throw error;
    }
  };

const someUnit = async ({ abp, round, random }: Chaos): Promise<number> =>
  random.below((await abp.store.repository.units.counts(round.jobId)).total);

/** What may happen, with its weight. */
const ACTIONS: readonly { readonly name: string; readonly weight: number; readonly run: Action }[] = [
  { name: 'kill the executor', weight: 8, run: killExecutor },
  {
    name: 'kill an agent',
    weight: 6,
    run: (chaos) => {
      const living = agents(chaos);
      const victim = living[chaos.random.below(Math.max(1, living.length))];
      if (!victim) return;
      chaos.round.orphans.delete(attemptIdOf(victim) ?? '');
      kill(victim.pid);
    },
  },
  { name: 'kill the keeper', weight: 3, run: killKeepers },
  {
    name: 'kill everything',
    weight: 3,
    run: (chaos) => {
      chaos.round.orphans.clear();
      for (const { pid } of processesMentioning(chaos.round.folder)) kill(pid);
    },
  },
  {
    name: 'shut down',
    weight: 2,
    run: (chaos) => {
      chaos.round.orphans.clear();
      for (const { pid } of processesMentioning(chaos.round.folder)) kill(pid, 'SIGTERM');
    },
  },
  { name: 'freeze the executor', weight: 3, run: freezeExecutor },
  { name: 'kill the server', weight: 2, run: killServer },
  { name: 'recover', weight: 8, run: async ({ abp }) => void (await abp.recovery.tick()) },
  { name: 'pause', weight: 3, run: verb('pause_job', () => ({})) },
  { name: 'pause hard', weight: 3, run: verb('pause_job', () => ({ hard: true })) },
  { name: 'resume', weight: 6, run: verb('resume_job', () => ({})) },
  {
    name: 'change the slots',
    weight: 3,
    run: verb('resume_job', ({ random }) => ({ max_workers: 1 + random.below(6) })),
  },
  { name: 'retry', weight: 4, run: verb('manage_units', () => ({ action: 'retry' })) },
  {
    name: 'skip',
    weight: 1,
    run: verb('manage_units', async (chaos) => ({ action: 'skip', units: [await someUnit(chaos)] })),
  },
  {
    name: 'cancel a unit',
    weight: 2,
    run: async (chaos) => {
      const unit = await someUnit(chaos);
      chaos.round.handled.add(unit);
      await verb('manage_units', () => ({ action: 'cancel', units: [unit] }))(chaos);
    },
  },
  {
    name: 'reopen a unit',
    weight: 2,
    run: async (chaos) => {
      const unit = await someUnit(chaos);
      chaos.round.handled.add(unit);
      await verb('manage_units', () => ({ action: 'reopen', units: [unit] }))(chaos);
    },
  },
];

/** One round in its own folder: a job, random mischief, then peace until it has ended, then the verification. */
export async function runRound(seed: number, folder: string, installation: Installation): Promise<Round> {
  const random = createRandom(seed);
  const abp = openStoreIn(folder, installation);
  const round: Round = {
    seed,
    folder,
    jobId: await createJob(abp, folder, seed, random),
    timeoutMs: TIMEOUT_S * 1000,
    actions: [],
    handled: new Set(),
    orphans: new Set(),
  };
  const chaos: Chaos = { abp, round, random, server: startServer(folder, installation) };
  try {
    await verb('start_job', () => ({ skip_test: true, wait_seconds: 0 }))(chaos);
    const moves = 4 + random.below(9);
    for (let move = 0; move < moves; move++) {
      const pause = 30 + random.below(500);
      const action = choose(random);
      await sleep(pause);
      round.actions.push(action.name);
      await action.run(chaos);
    }
    if (random.next() < 0.1) {
      round.actions.push('cancel the job');
      await verb('cancel_job', () => ({}))(chaos);
    }
    await untilEnded(chaos);
    await untilAlone(chaos);
    await verifyRound(abp, round);
    return round;
  } catch (error) {
    throw new Error(`after ${round.actions.join(', ')}:\n${(error as Error).message}`, { cause: error });
  } finally {
    for (const { pid } of processesMentioning(folder)) kill(pid);
    abp.close();
  }
}

function choose(random: Random): (typeof ACTIONS)[number] {
  let left = random.below(ACTIONS.reduce((sum, { weight }) => sum + weight, 0));
  const chosen = ACTIONS.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  if (!chosen) throw new Error('no action left to choose');
  return chosen;
}

function openStoreIn(folder: string, installation: Installation): Abp {
  const bin = join(folder, 'bin');
  const home = join(folder, 'home');
  mkdirSync(bin, { recursive: true });
  mkdirSync(home, { recursive: true });
  copyFileSync(join(packageRoot(), 'test/chaos/agent.mjs'), join(bin, 'claude'));
  chmodSync(join(bin, 'claude'), 0o755);
  const environment = {
    PATH: `${bin}:${process.env.PATH}`,
    HOME: home,
    ABP_STORAGE_PATH: join(folder, 'store', 'batch.db'),
    ABP_LEASE_S: String(LEASE_S),
    ANTHROPIC_API_KEY: 'dummy',
    ...compiledIn(installation),
  };
  return wire(environment, installation.program('executor/main'));
}

async function createJob(abp: Abp, folder: string, seed: number, random: Random): Promise<string> {
  const output = join(folder, 'output');
  mkdirSync(output, { recursive: true });
  const recordings = join(packageRoot(), 'test/fixtures/claude');
  writeFileSync(join(output, 'chaos.json'), JSON.stringify({ seed, recordings }));
  const rows = Array.from({ length: 10 + random.below(16) }, (_, i) => `${i},item ${i}`);
  writeFileSync(join(folder, 'items.csv'), `id,name\n${rows.join('\n')}\n`);
  const command = [process.execPath, join(packageRoot(), 'test/chaos/agent.mjs')];
  const env = { CHAOS_DIR: output };
  const task = random.pick<{ readonly worker: object; readonly schema?: object }>([
    { worker: { type: 'claude' } },
    { worker: { type: 'command', command, env } },
    { worker: { type: 'command', command, env }, schema: SLOW_SCHEMA },
  ]);
  const created = await abp.orchestrator.callUnknown(
    'create_job',
    {
      name: `round ${seed}`,
      source: { type: 'csv', file_path: join(folder, 'items.csv') },
      ...stepsOf(task, random),
      output: { directory: output },
      limits: {
        max_workers: 2 + random.below(5),
        max_retries: 1 + random.below(2),
        timeout_s: TIMEOUT_S,
        failure_threshold: random.pick([0, 3]),
      },
    },
    CALL,
  );
  const jobId = String(created.job_id);
  await personAllowsJob(abp.orchestrator.deps, jobId);
  return jobId;
}

/** A job with one step or two of the same kind for each unit, sometimes followed by one over all results. */
function stepsOf(task: { readonly worker: object }, random: Random): object {
  const intent = 'Survive.';
  const several = random.next() < 0.3 ? [{ name: 'first' }, { name: 'second' }] : [];
  const report =
    random.next() < 0.2 ? [{ name: 'report', scope: 'job', intent, worker: task.worker, on_failures: 'run' }] : [];
  const steps = [...several.map((step) => ({ ...step, intent, ...task })), ...report];
  return { ...(several.length > 0 ? {} : { intent, ...task }), ...(steps.length > 0 ? { steps } : {}) };
}

/** A server as an assistant would have it: it also recovers jobs, and none may depend on it. */
function startServer(folder: string, installation: Installation): ChildProcess {
  return spawn(process.execPath, [installation.program('main'), 'mcp'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {
      PATH: process.env.PATH,
      HOME: join(folder, 'home'),
      ABP_STORAGE_PATH: join(folder, 'store', 'batch.db'),
      ANTHROPIC_API_KEY: 'dummy',
      ...compiledIn(installation),
    },
  });
}

/** Peace: whatever paused it is resumed, whoever died is replaced, until the job has ended. */
async function untilEnded(chaos: Chaos): Promise<void> {
  const { abp, round } = chaos;
  const deadline = performance.now() + ROUND_MS;
  for (;;) {
    const job = await abp.store.repository.jobs.get(round.jobId);
    if (job && ['completed', 'failed', 'cancelled'].includes(job.status)) return;
    if (performance.now() > deadline) {
      throw new Error(
        `stuck in ${job?.status} (${job?.pauseReason}): ${JSON.stringify(await abp.store.repository.units.counts(round.jobId))}`,
      );
    }
    await abp.recovery.tick();
    if (job?.status === 'paused') await verb('resume_job', () => ({}))(chaos);
    await sleep(100);
  }
}

/** Until executor, keepers and agents are gone; the server is ours to stop. */
async function untilAlone(chaos: Chaos): Promise<void> {
  const { round, abp } = chaos;
  if (chaos.server?.pid) kill(chaos.server.pid);
  const deadline = performance.now() + ROUND_MS;
  for (;;) {
    const left = processesMentioning(round.folder);
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(
        `still alive after the job ended: ${left.map(({ pid, command }) => `${pid} ${command}`).join('; ')}`,
      );
    }
    await abp.recovery.tick();
    await sleep(50);
  }
}
