import { toAbpError } from '../../domain/error.ts';
import { sentences } from '../../domain/sentences.ts';
import { errorHint } from '../hint-words.ts';
import { CTRL_C, openKeyboard } from '../keyboard.ts';
import type { Session } from '../session.ts';
import type { Overview } from './status-text.ts';

const LEGENDS: Readonly<Record<string, string>> = {
  testing: 'c cancel  q quit (the test continues)',
  running: 'p pause  c cancel  + - slots  q quit (the job continues)',
  paused: 'r resume  c cancel  + - slots  q quit',
};

/** Keys and Ctrl-C while a job is followed. */
export interface Controls {
  /** The keys that apply now, one line; empty without a terminal. */
  legend(job: Overview): string;
  /** The result of the last key. */
  note(): string | undefined;
  /** Aborted when the person leaves; later keys are not read. The job continues. */
  readonly left: AbortSignal;
  /** Resolves when the actions of all keys are done. */
  done(): Promise<void>;
  /** Whether to keep following a paused job: it was paused with a key, and can be resumed with one. */
  holds(job: Overview): boolean;
  release(): void;
}

/** Listens to Ctrl-C and, on a terminal, to keys; leaving restores the terminal at once, otherwise `release` does. */
export function takeControls(session: Session, jobId: string): Controls {
  const { interactive } = session.terminal;
  const leaving = new AbortController();
  let note: string | undefined;
  let pausedHere = false;
  let cancelAsked = false;
  let queue: Promise<void> = Promise.resolve();

  /** Queues the action of a key after those before it; `done` is its note, unless the call returns one. */
  const act = (done: string, call: () => Promise<unknown>) => {
    queue = queue.then(async () => {
      try {
        const result = await call();
        note = typeof result === 'string' ? result : done;
      } catch (error) {
        const refused = toAbpError(error);
        note = sentences(refused.message, errorHint(refused, interactive));
      }
    });
  };
  const changeSlots = (by: number) =>
    act('Slots changed.', async () => {
      const { max_workers } = await session.call('job_overview', { job_id: jobId });
      const slots = Math.max(1, max_workers + by);
      await session.call('resume_job', { job_id: jobId, max_workers: slots });
      return `Slots changed: ${slots}.`;
    });
  const keys: Readonly<Record<string, () => void>> = {
    p: () => {
      pausedHere = true;
      act('Paused: running units finish, no other starts. r resumes.', () =>
        session.call('pause_job', { job_id: jobId }),
      );
    },
    r: () => {
      pausedHere = false;
      act('Resumed.', () => session.call('resume_job', { job_id: jobId }));
    },
    c: () => {
      if (cancelAsked) return act('Cancelled.', () => session.call('cancel_job', { job_id: jobId }));
      cancelAsked = true;
      note = 'Cancel the job for good? Press c again.';
    },
    '+': () => changeSlots(1),
    '-': () => changeSlots(-1),
  };
  const onKey = (code: number) => {
    const key = String.fromCharCode(code);
    if (code === CTRL_C || key === 'q') {
      leaving.abort();
      return false;
    }
    if (key !== 'c' && cancelAsked) {
      cancelAsked = false;
      note = undefined;
    }
    keys[key]?.();
    return true;
  };

  const keyboard = interactive ? openKeyboard(onKey) : null;
  const onSignal = () => {
    keyboard?.close();
    leaving.abort();
  };
  process.once('SIGINT', onSignal);
  return {
    legend: ({ status }) => (interactive ? (LEGENDS[status] ?? LEGENDS.testing ?? '') : ''),
    note: () => note,
    left: leaving.signal,
    done: () => queue,
    holds: ({ status, pause_reason }) => pausedHere && status === 'paused' && pause_reason === 'user',
    release() {
      process.off('SIGINT', onSignal);
      keyboard?.close();
    },
  };
}
