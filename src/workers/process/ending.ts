import { constants } from 'node:os';
import type { FailureClass } from '../../domain/failure.ts';
import type { AbortReason } from '../../ports/worker.ts';

/** Why ABP stopped a process group. `settled`: its output was complete but it kept running. */
export type StopCause = 'settled' | AbortReason | 'timeout' | 'idle_timeout';

/** How the processes of an attempt ended, in one shape for every case. */
export interface Ending {
  /** The first cause; `exited` or `signalled` if ABP did not stop it. */
  readonly reason: StopCause | 'exited' | 'signalled';
  /** Null if a signal killed it or its status is unknown. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Since the spawn; null if another executor started it. */
  readonly durationMs: number | null;
}

/** Combines the stop cause, which has precedence, and the `status` that the shim recorded. */
export function endingOf(cause: StopCause | null, status: number | null, durationMs: number | null): Ending {
  const signal = status === null ? null : signalOf(status);
  return {
    reason: cause ?? (status === null || signal !== null ? 'signalled' : 'exited'),
    exitCode: signal === null ? status : null,
    signal,
    durationMs,
  };
}

/** Describes an exit for people: "exit code 3", "SIGKILL". */
export function describeExit({ exitCode, signal }: Pick<Ending, 'exitCode' | 'signal'>): string {
  if (exitCode !== null) return `exit code ${exitCode}`;
  return signal ?? 'an unknown end';
}

/** Exit codes of a shell for a program that cannot be executed (126) or was not found (127). */
const CANNOT_RUN: ReadonlySet<number | null> = new Set([126, 127]);

/** Checks whether a program, or one that it starts, could not be run. */
export function cannotRun({ exitCode }: Pick<Ending, 'exitCode'>): boolean {
  return CANNOT_RUN.has(exitCode);
}

/** Failure of a process that ABP stopped; null if it ended by itself or had settled. */
export function stopFailure(ending: Ending): { readonly failureClass: FailureClass; readonly message: string } | null {
  const after = ending.durationMs === null ? '' : ` after ${(ending.durationMs / 1000).toFixed(1)} s`;
  switch (ending.reason) {
    case 'timeout':
      return { failureClass: 'timeout', message: `stopped${after}: it exceeded its time limit (timeout_s)` };
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
