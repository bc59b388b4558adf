import { count, words } from '../format.ts';

const COLOR: Readonly<Record<string, string>> = {
  completed: 'green',
  succeeded: 'green',
  passed: 'green',
  alive: 'green',
  failed: 'red',
  timed_out: 'red',
  lost: 'red',
  paused: 'amber',
  interrupted: 'amber',
  skipped: 'amber',
  running: 'blue',
  testing: 'blue',
  enumerating: 'blue',
};
const LIVE: readonly string[] = ['running', 'testing', 'enumerating'];
/** States of an ended test: the job status is still testing, but the test result is what matters. */
const ENDED_TEST: readonly string[] = ['passed', 'failed'];

/** Badge for a status of a job, unit or attempt. */
export function Status({ of, note }: { readonly of: string; readonly note?: string | undefined }) {
  const rests = note !== undefined && of === 'testing' && ENDED_TEST.includes(note);
  return (
    <span className={`badge ${COLOR[rests ? note : of] ?? ''} ${LIVE.includes(of) && !rests ? 'live' : ''}`}>
      {words(of)}
      {note ? ` · ${words(note)}` : ''}
    </span>
  );
}

/** Parts of a progress bar, in order. */
const PARTS = ['completed', 'failed', 'running', 'skipped', 'cancelled'] as const;

type Counts = Readonly<Record<(typeof PARTS)[number] | 'pending' | 'total', number>>;

/** Counts units as `progress.done` of the server: a cancelled one has ended but is not done. */
export function unitsDone({ completed, failed, skipped }: Counts): number {
  return completed + failed + skipped;
}

/** Progress bar of units by status; pending units are its empty part. */
export function UnitsBar({ units, tall = false }: { readonly units: Counts; readonly tall?: boolean }) {
  const done = unitsDone(units);
  return (
    <div
      className={`bar ${tall ? 'tall' : ''}`}
      role="img"
      aria-label={`${count(done)} of ${count(units.total)} units done, ${count(units.failed)} failed`}
    >
      {PARTS.filter((part) => units[part] > 0).map((part) => (
        <span key={part} className={part} style={{ flexGrow: units[part] }} />
      ))}
      {units.pending > 0 && <span style={{ flexGrow: units.pending }} />}
    </div>
  );
}

/** Legend of the progress bar, with the number of each part. */
export function UnitsLegend({
  units,
  link,
}: {
  readonly units: Counts;
  readonly link: (status: string) => React.ReactNode;
}) {
  const shown = [...PARTS, 'pending' as const].filter((part) => units[part] > 0 || part === 'completed');
  return (
    <ul className="legend">
      {shown.map((part) => (
        <li key={part}>
          <span className={`dot ${part}`} />
          <strong>{count(units[part])}</strong> {link(part)}
        </li>
      ))}
    </ul>
  );
}
