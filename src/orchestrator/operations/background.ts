import { AbpError, toAbpError } from '../../domain/error.ts';
import type { Call, OrchestratorDeps } from '../operation.ts';

/** Refusals that are kept: those of the last jobs. */
const MAX_REFUSALS = 100;

/** A call whose work may continue after its answer. */
export interface Background {
  /** The call that the work gets: its signal and progress end with `detach` and `abort`. */
  readonly call: Call;
  /**
   * Separates the work from its caller, which has its answer: no more progress, and the caller's signal no longer stops it.
   */
  detach(): void;
  /** Stops the work. */
  abort(): void;
}

/**
 * Prepares a call for work that may take longer than its caller waits; with `survivesCaller` it also survives an aborted
 * call.
 */
export function background(call: Call, survivesCaller = false): Background {
  const controller = new AbortController();
  const abort = () => controller.abort(call.signal?.reason);
  let listening = true;
  if (!survivesCaller) {
    if (call.signal?.aborted) abort();
    call.signal?.addEventListener('abort', abort, { once: true });
  }
  return {
    call: {
      ...call,
      signal: controller.signal,
      onProgress: (progress) => {
        if (listening) call.onProgress?.(progress);
      },
    },
    detach() {
      listening = false;
      call.signal?.removeEventListener('abort', abort);
    },
    abort: () => controller.abort(),
  };
}

/** Keeps the reason why a job was refused after its caller had an answer, for later questions about that job. */
export function rememberRefusal(
  { refusals }: Pick<OrchestratorDeps, 'refusals'>,
  jobId: string,
  thrown: unknown,
): void {
  const { code, message, hint, details } = toAbpError(thrown);
  // A cancellation needs no report: who cancelled it knows.
  if (code === 'cancelled') return;
  const parts = {
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
    cause: thrown,
  };
  refusals.set(jobId, new AbpError(code, `${jobId} was not created: ${message}`, parts));
  const [oldest] = refusals.keys();
  if (refusals.size > MAX_REFUSALS && oldest !== undefined) refusals.delete(oldest);
}
