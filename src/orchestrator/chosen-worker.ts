import type { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import type { WorkerChoice } from '../domain/job.ts';
import type { runInput, workerInput } from './shapes.ts';

/** Default worker: it reads, and writes only below the job's output directory. */
export const DEFAULT_WORKER: WorkerChoice = { type: 'claude' };

/** A worker from a caller: by its config or type, or by the program to run. */
export interface WorkerInput {
  readonly worker?: z.output<typeof workerInput> | undefined;
  readonly run?: z.output<typeof runInput> | undefined;
}

/** Returns the worker that a caller chose; undefined = none. Throws `invalid_input` for a worker and a program together. */
export function chosenWorker({ worker, run }: WorkerInput): WorkerChoice | undefined {
  if (run === undefined) return typeof worker === 'string' ? { type: worker } : (worker as WorkerChoice | undefined);
  if (worker === undefined) return { type: 'command', command: run };
  const message = 'expected either worker or run, found both';
  throw new AbpError('invalid_input', `run: ${message}.`, {
    hint: 'Give one of them: run: [program, …] is short for worker: {type: command, command: [program, …]}.',
    details: { problems: [{ path: 'run', message }] },
  });
}
