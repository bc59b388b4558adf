import { constants } from 'node:os';
import type { FailureClass } from '../../domain/failure.ts';
import type { AbortReason } from '../../ports/worker.ts';

/** Why we stopped a process group. `settled`: its output was already complete while it lived on. */
export type StopCause = 'settled' | AbortReason | 'timeout' | 'idle_timeout';

/** How the processes of an attempt ended: one shape for every ending. */
export interface Ending {
  /** The first cause that occurred; `exited` and `signalled` when nobody stopped it. */
  readonly reason: StopCause | 'exited' | 'signalled';
  /** null when it died from a signal, or nobody saw how. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** From the spawn; of an adopted attempt null. */
  readonly durationMs: number | null;
}

/** The ending, by precedence: who stopped it first, else how it went by itself. `status` is what the shim saw. */
export function endingOf(cause: StopCause | null, status: number | null, durationMs: number | null): Ending {
  const signal = status === null ? null : signalOf(status);
  return {
    reason: cause ?? (status === null || signal !== null ? 'signalled' : 'exited'),
    exitCode: signal === null ? status : null,
    signal,
    durationMs,
  };
}

/** What an ending looks like to a person: "exit code 3", "SIGKILL". */
export function describeExit({ exitCode, signal }: Pick<Ending, 'exitCode' | 'signal'>): string {
  if (exitCode !== null) return `exit code ${exitCode}`;
  return signal ?? 'an unknown end';
}

/** The shell's own words for a program that cannot be executed, or is not there. */
const CANNOT_RUN: ReadonlySet<number | null> = new Set([126, 127]);

/** Whether a program could not be run at all, or said so of another one. */
export function cannotRun({ exitCode }: Pick<Ending, 'exitCode'>): boolean {
  return CANNOT_RUN.has(exitCode);
}

/** What a process that we stopped failed of; null when it ended by itself or had settled. */
export function stopFailure(ending: Ending): { readonly failureClass: FailureClass; readonly message: string } | null {
  const after = ending.durationMs === null ? '' : ` after ${(ending.durationMs / 1000).toFixed(1)} s`;
  switch (ending.reason) {
    case 'timeout':
      return { failureClass: 'timeout', message: `stopped${after}: its time limit (timeout_s) was over` };
    case 'idle_timeout':
      return { failureClass: 'timeout', message: `stopped${after}: it wrote nothing for idle_timeout_s` };
    case 'cancelled':
      return { failureClass: 'cancelled', message: `cancelled${after}` };
    case 'interrupted':
      return { failureClass: 'interrupted', message: `interrupted${after}` };
    default:
      return null;
  }
}

/** A shell reports death by signal n as status 128 + n. */
function signalOf(status: number): string | null {
  if (status <= 128) return null;
  return Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0] ?? null;
}
