import { toAbpError } from '../../domain/error.ts';
import type { Session } from '../session.ts';
import { inCommands } from '../wording.ts';
import type { Overview } from './status-text.ts';

/** A second Ctrl-C within this time pauses the job. */
const AGAIN_MS = 2000;

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
  /** Whether the person wants to leave; the job goes on, or was paused by a second Ctrl-C. */
  left(): boolean;
  /** Whether looking goes on although the job rests: the person paused it here, and may resume it here. */
  holds(job: Overview): boolean;
  release(): void;
}

/** Listens to Ctrl-C and, on a terminal, to keys; `release` gives both back. */
export function takeControls(session: Session, jobId: string): Controls {
  const { interactive } = session.terminal;
  let note: string | undefined;
  let left = false;
  let leaving: NodeJS.Timeout | undefined;
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
        note = inCommands(hint ? `${message} ${hint}` : message, jobId);
      }
    });
    return before;
  };
  const pause = () => {
    pausedHere = true;
    return act('Paused: units at work finish, no other starts. r resumes.', () =>
      session.call('pause_job', { job_id: jobId }),
    );
  };
  const changeSlots = (by: number) =>
    act('Slots changed.', async () => {
      const { max_workers } = await session.view('job_overview', { job_id: jobId });
      const slots = Math.max(1, max_workers + by);
      await session.call('resume_job', { job_id: jobId, max_workers: slots });
      return `Slots changed: ${slots}.`;
    });
  const interrupt = async () => {
    if (leaving) {
      clearTimeout(leaving);
      await act(`${jobId} is paused; units at work finish.`, () => session.call('pause_job', { job_id: jobId }));
      left = true;
      return;
    }
    note = `${jobId} goes on without this terminal. Ctrl-C again within 2 s pauses it.`;
    if (!interactive) session.say(note);
    leaving = setTimeout(() => {
      left = true;
    }, AGAIN_MS);
  };
  const keys: Readonly<Record<string, () => Promise<void> | void>> = {
    p: pause,
    r: () => {
      pausedHere = false;
      return act('Resumed.', () => session.call('resume_job', { job_id: jobId }));
    },
    c: () => {
      if (cancelAsked) return act('Cancelled.', () => session.call('cancel_job', { job_id: jobId }));
      cancelAsked = true;
      note = 'Cancel the job for good? Press c once more.';
      return undefined;
    },
    '+': () => changeSlots(1),
    '-': () => changeSlots(-1),
    q: () => {
      left = true;
    },
    '\u0003': interrupt,
  };
  const onKey = (data: Buffer) => {
    for (const key of data.toString()) {
      if (key !== 'c' && cancelAsked) {
        cancelAsked = false;
        note = undefined;
      }
      void keys[key]?.();
    }
  };

  const onSignal = () => void interrupt();
  process.on('SIGINT', onSignal);
  if (interactive) {
    process.stdin.setRawMode(true);
    process.stdin.on('data', onKey);
    process.stdin.resume();
  }
  return {
    legend: ({ status }) => (interactive ? (LEGENDS[status] ?? LEGENDS.testing ?? '') : ''),
    note: () => note,
    left: () => left,
    holds: ({ status, pause_reason }) => pausedHere && status === 'paused' && pause_reason === 'user',
    release() {
      clearTimeout(leaving);
      process.off('SIGINT', onSignal);
      if (!interactive) return;
      process.stdin.off('data', onKey);
      process.stdin.setRawMode(false);
      process.stdin.pause();
    },
  };
}
