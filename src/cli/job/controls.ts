import { toAbpError } from '../../domain/error.ts';
import { sentences } from '../../domain/sentences.ts';
import { CTRL_C, openKeyboard } from '../keyboard.ts';
import type { Session } from '../session.ts';
import { inCommands } from '../wording.ts';
import type { Overview } from './status-text.ts';

const LEGENDS: Readonly<Record<string, string>> = {
  testing: 'c cancel  q leave (the test goes on)',
  running: 'p pause  c cancel  + - slots  q leave (the job goes on)',
  post_processing: 'p pause  c cancel  q leave (the job goes on)',
  paused: 'r resume  c cancel  + - slots  q leave',
};

/** Keys and Ctrl-C while a job is being looked at. */
export interface Controls {
  /** What the keys do now, one line; empty without a terminal. */
  legend(job: Overview): string;
  /** The answer to the last key. */
  note(): string | undefined;
  /** Aborted as soon as the person leaves: no key that comes later is read. The job goes on. */
  readonly left: AbortSignal;
  /** Resolves when what the keys stood for has been done. */
  done(): Promise<void>;
  /** Whether looking goes on although the job rests: the person paused it here, and may resume it here. */
  holds(job: Overview): boolean;
  release(): void;
}

/** Listens to Ctrl-C and, on a terminal, to keys; whoever leaves has the terminal back at once, else `release` gives it back. */
export function takeControls(session: Session, jobId: string): Controls {
  const { interactive } = session.terminal;
  const leaving = new AbortController();
  let note: string | undefined;
  let pausedHere = false;
  let cancelAsked = false;
  let before: Promise<void> = Promise.resolve();

  /** Does what a key stands for, after what the keys before it stand for; `done` is the answer, unless the call has one. */
  const act = (done: string, call: () => Promise<unknown>) => {
    before = before.then(async () => {
      try {
        const said = await call();
        note = typeof said === 'string' ? said : done;
      } catch (error) {
        const { message, hint } = toAbpError(error);
        note = inCommands(sentences(message, hint), jobId);
      }
    });
  };
  const changeSlots = (by: number) =>
    act('Slots changed.', async () => {
      const { max_workers } = await session.view('job_overview', { job_id: jobId });
      const slots = Math.max(1, max_workers + by);
      await session.call('resume_job', { job_id: jobId, max_workers: slots });
      return `Slots changed: ${slots}.`;
    });
  const keys: Readonly<Record<string, () => void>> = {
    p: () => {
      pausedHere = true;
      act('Paused: units at work finish, no other starts. r resumes.', () =>
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
      note = 'Cancel the job for good? Press c once more.';
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
    done: () => before,
    holds: ({ status, pause_reason }) => pausedHere && status === 'paused' && pause_reason === 'user',
    release() {
      process.off('SIGINT', onSignal);
      keyboard?.close();
    },
  };
}
