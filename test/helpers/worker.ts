import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Handle, Outcome, Usage } from '../../src/domain/attempt.ts';
import type { WorkerChoice } from '../../src/domain/job.ts';
import type { ProcessIdentity } from '../../src/domain/lease.ts';
import type { AbortReason, Attachment, Ending, Run, Worker } from '../../src/ports/worker.ts';
import { parseWorker } from '../../src/workers/index.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { leaderOf } from '../../src/workers/process/handle.ts';
import { processesOfAttempt } from '../../src/workers/process/processes.ts';
import { stopGroup } from '../../src/workers/process/stop.ts';
import { temporaryDirectory } from './temporary.ts';

/** A signal that is never aborted. */
export const calm = new AbortController().signal;

/** An aborted signal. */
export function aborted(reason: AbortReason): AbortSignal {
  return AbortSignal.abort(reason);
}

/** Absolute path of a program among the fixtures. */
export function fixtureProgram(name: string): string {
  return fileURLToPath(new URL(`../fixtures/workers/${name}`, import.meta.url));
}

/** Environment of a worker: PATH finds this Node first, then `bin`. */
export function workerEnvironmentFor(bin?: string): Record<string, string> {
  const places = [path.dirname(process.execPath), ...(bin ? [bin] : []), '/usr/bin', '/bin'];
  return { PATH: places.join(':'), HOME: os.tmpdir() };
}

/** Creates a directory whose `claude` is the given program, for PATH. */
export function binWithClaude(program: string): string {
  const bin = path.join(temporaryDirectory(), 'bin');
  mkdirSync(bin);
  chmodSync(program, 0o755);
  symlinkSync(program, path.join(bin, 'claude'));
  return bin;
}

/** Creates a worker with an assignment, ready to run. After the test, stops what it left running. */
export async function workerWith(
  choice: WorkerChoice,
  parts: Partial<Assignment> = {},
): Promise<{ readonly worker: Worker; readonly assignment: Assignment }> {
  const { worker, config } = await parseWorker(choice);
  return { worker, assignment: assignmentFor({ config, ...parts }) };
}

/** Creates an assignment in temporary directories. */
export function assignmentFor(parts: Partial<Assignment>): Assignment {
  const root = temporaryDirectory();
  for (const name of ['run', 'work', 'out']) mkdirSync(path.join(root, name), { mode: 0o700 });
  const assignment: Assignment = {
    jobId: 'job-1',
    scope: 'unit',
    index: 7,
    attempt: 1,
    attemptId: randomUUID(),
    step: 'main',
    prompt: { system: 'You do one item.', user: 'Do item 7.' },
    payload: { name: 'seven' },
    results: {},
    config: {},
    outputSchema: null,
    runDirectory: path.join(root, 'run'),
    home: parts.workingDirectory ?? path.join(root, 'work'),
    workingDirectory: path.join(root, 'work'),
    outputDirectory: path.join(root, 'out'),
    readableDirectories: [],
    timeoutMs: 600_000,
    deadlineAt: null,
    idleTimeoutMs: 0,
    budgetUsd: null,
    resumeSessionId: null,
    needs: null,
    environment: workerEnvironmentFor(),
    ...parts,
  };
  onTestFinished(() => stopGroup(assignment.attemptId));
  return assignment;
}

/** The run of one attempt. */
export function runOf(assignment: Assignment): Run {
  return { ...assignment, attempts: [assignment] };
}

/** Starts an attempt and waits for its end. `onStarted` gets each handle of its run. */
export async function perform(
  worker: Worker,
  assignment: Assignment,
  { signal = calm, onStarted }: { readonly signal?: AbortSignal; readonly onStarted?: (handle: Handle) => void } = {},
): Promise<Outcome> {
  const started = await worker.start(runOf(assignment));
  if (started.is === 'ended') return outcomeOf(started);
  onStarted?.(started.handle);
  const found = onStarted && { onFound: onStarted };
  return outcomeOf(await worker.attach(runOf(assignment), started.handle, { signal, ...found }));
}

/** Attaches to an attempt as another executor does: by a handle, or without. */
export function attach(
  worker: Worker,
  assignment: Assignment,
  handle: Handle | null = null,
  attachment: Partial<Attachment> = {},
): Promise<Ending> {
  return worker.attach(runOf(assignment), handle, { signal: calm, ...attachment });
}

/** Judges an attempt that is no longer alive from its files; null = it was cut off. */
export async function judgeFiles(worker: Worker, assignment: Assignment): Promise<Outcome | null> {
  const ending = await attach(worker, assignment);
  return ending.is === 'ended' ? outcomeOf(ending) : null;
}

/** Reads the usage of an attempt that was cut off. */
export async function usageUpToCut(worker: Worker, assignment: Assignment): Promise<Usage | undefined> {
  const ending = await attach(worker, assignment, null, { signal: aborted('cancelled') });
  return ending.is === 'cut_off' ? ending.usages[0] : undefined;
}

/** The outcome of an ended run of one attempt. */
export function outcomeOf(ending: Ending): Outcome {
  if (ending.is !== 'ended' || !ending.outcomes[0]) throw new Error(`expected one outcome: ${JSON.stringify(ending)}`);
  return ending.outcomes[0];
}

/** A running attempt: its outcome, and its leader once it is started. */
export interface Running {
  readonly outcome: Promise<Outcome>;
  readonly spawned: Promise<ProcessIdentity>;
}

/** Starts an attempt without waiting for it. */
export function start(worker: Worker, assignment: Assignment, signal: AbortSignal = calm): Running {
  const { promise, resolve, reject } = Promise.withResolvers<ProcessIdentity>();
  const onStarted = (handle: Handle) => {
    const leader = leaderOf(handle);
    if (leader) resolve(leader);
  };
  const outcome = perform(worker, assignment, { signal, onStarted });
  outcome.then(() => reject(new Error('ended without a process')), reject);
  promise.catch(() => {});
  return { outcome, spawned: promise };
}

/** Returns the pids of living processes with the attempt's id. */
export function livingProcesses(assignment: Pick<Assignment, 'attemptId'>): readonly number[] {
  return processesOfAttempt(assignment.attemptId).map(({ pid }) => pid);
}
