import { AbpError } from '../domain/error.ts';

/** Tasks of one connection, one after the other. */
export interface Queue {
  /**
   * Runs a task when those before it have ended, with what is left of `maxWaitMs`. Throws AbpError `busy` when that time is
   * over before its turn.
   */
  add<T>(task: (leftMs: number) => Promise<T>, maxWaitMs: number): Promise<T>;
  /** Resolves when no task is left; null = none is. */
  idle(): Promise<void> | null;
  /** Throws once the queue is closed. */
  requireOpen(): void;
  /** Refuses the tasks that have not begun, and those that come. */
  close(): void;
}

/** Creates an empty queue. */
export function createQueue(): Queue {
  let last: Promise<void> = Promise.resolve();
  let length = 0;
  let isClosed = false;

  function requireOpen(): void {
    if (isClosed) throw new AbpError('cancelled', 'The store was closed before this was written.');
  }

  async function idle(): Promise<void> {
    while (length > 0) await last;
  }

  return {
    async add(task, maxWaitMs) {
      requireOpen();
      const before = last;
      const begun = performance.now();
      let end = () => {};
      last = new Promise((resolve) => {
        end = resolve;
      });
      const isFirst = length === 0;
      length += 1;
      try {
        if (!isFirst) await within(before, maxWaitMs);
        requireOpen();
        return await task(Math.max(0, maxWaitMs - (performance.now() - begun)));
      } finally {
        length -= 1;
        // Also after a task that did not wait for its turn: the next one waits for those before it.
        void before.then(end);
      }
    },
    idle: () => (length > 0 ? idle() : null),
    requireOpen,
    close() {
      isClosed = true;
    },
  };
}

/** Waits for a promise that never rejects, at most `maxWaitMs`. */
async function within(before: Promise<void>, maxWaitMs: number): Promise<void> {
  if (maxWaitMs === Number.POSITIVE_INFINITY) return before;
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new AbpError('busy', 'The store is locked by another process, and earlier writes of this one wait for it.', {
          hint: 'Try again in a moment.',
          details: { locked: true },
        }),
      );
    }, maxWaitMs);
  });
  try {
    await Promise.race([before, over]);
  } finally {
    clearTimeout(timer);
  }
}
