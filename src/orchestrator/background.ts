import { AbpError, toAbpError } from '../domain/error.ts';
import type { Call, OrchestratorDeps } from './operation.ts';

/** Refusals that are remembered: of the last jobs only. */
const MAX_REFUSALS = 100;

/** A call whose work may go on behind its answer. */
export interface Background {
  /** The call as the work sees it. */
  readonly call: Call;
  /** The caller has its answer: from now on it neither hears of progress nor stops the work by going away. */
  detach(): void;
  /** Nobody wants the work any more. */
  giveUp(): void;
}

/** Prepares a call for work that may take longer than its caller waits; `goesOn`: also when its caller gives it up. */
export function background(call: Call, goesOn = false): Background {
  const controller = new AbortController();
  const abort = () => controller.abort(call.signal?.reason);
  let listening = true;
  if (!goesOn) {
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
    giveUp: () => controller.abort(),
  };
}

/** Keeps the reason why a job was refused behind its caller's back, for whoever asks what became of it. */
export function rememberRefusal(
  { refusals }: Pick<OrchestratorDeps, 'refusals'>,
  jobId: string,
  thrown: unknown,
): void {
  const { code, message, hint, details } = toAbpError(thrown);
  // Somebody cancelled it: they know.
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
