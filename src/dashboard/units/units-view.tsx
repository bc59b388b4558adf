import { RotateCcw, Search, SkipForward, X } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { useSearchParams } from 'wouter';
import { count, words } from '../format.ts';
import { type Overview, useAct } from '../job/use-job.ts';
import { UnitsTable } from './units-table.tsx';
import { type Filter, filterOf, useRows } from './use-rows.ts';

const STATUSES = ['completed', 'failed', 'running', 'pending', 'skipped', 'cancelled'] as const;

/** The units of a job as a table of any length, filtered by the server. */
export function UnitsView({ job }: { readonly job: Overview }) {
  const [search, setSearch] = useSearchParams();
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  const text = search.get('q') ?? '';
  const filter: Filter = {
    ...filterOf(search),
    text: useDeferredValue(text),
  };
  const rows = useRows(job.job_id, filter);
  const set = (changes: Readonly<Record<string, string | null>>) => {
    setSelected(new Set());
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes)) value ? next.set(name, value) : next.delete(name);
        return next;
      },
      { replace: true },
    );
  };
  return (
    <>
      <div className="toolbar">
        <fieldset className="chips">
          <legend className="hidden">Show units that are</legend>
          <Chip
            on={!filter.status && !filter.failureClass}
            label="all"
            number={job.units.total}
            onClick={() => set({ status: null, class: null })}
          />
          {STATUSES.filter((status) => job.units[status] > 0 || filter.status === status).map((status) => (
            <Chip
              key={status}
              on={filter.status === status}
              label={status}
              number={job.units[status]}
              onClick={() => set({ status, class: null })}
            />
          ))}
          {filter.failureClass && <Chip on label={words(filter.failureClass)} onClick={() => set({ class: null })} />}
        </fieldset>
        <span className="grow" />
        <label className="search">
          <span className="hidden">Search in payloads and keys</span>
          <Search aria-hidden />
          <input
            className="field"
            type="search"
            placeholder="In payload or key"
            value={text}
            onChange={(event) => set({ q: event.target.value })}
          />
        </label>
      </div>
      <section className="card" aria-label="Units">
        {selected.size > 0 && <Selection job={job} selected={selected} onDone={() => setSelected(new Set())} />}
        <UnitsTable jobId={job.job_id} rows={rows} selected={selected} onSelect={setSelected} />
      </section>
      <p className="muted small" role="status">
        {rows.summary}
      </p>
    </>
  );
}

function Chip({
  on,
  label,
  number,
  onClick,
}: {
  readonly on: boolean;
  readonly label: string;
  readonly number?: number;
  readonly onClick: () => void;
}) {
  return (
    <button type="button" className="chip" aria-pressed={on} onClick={onClick}>
      {label}
      {number !== undefined && <span className="num">{count(number)}</span>}
    </button>
  );
}

const ACTIONS = [
  { action: 'retry', label: 'Retry failed', icon: <RotateCcw aria-hidden /> },
  { action: 'reopen', label: 'Run again', icon: <RotateCcw aria-hidden /> },
  { action: 'skip', label: 'Skip', icon: <SkipForward aria-hidden /> },
  { action: 'cancel', label: 'Cancel', icon: <X aria-hidden /> },
] as const;

function Selection({
  job,
  selected,
  onDone,
}: {
  readonly job: Overview;
  readonly selected: ReadonlySet<number>;
  readonly onDone: () => void;
}) {
  const act = useAct(job.job_id);
  return (
    <div className="selection">
      <strong className="num">{count(selected.size)} selected</strong>
      {ACTIONS.map(({ action, label, icon }) => (
        <button
          key={action}
          type="button"
          className="button small"
          onClick={() =>
            void act(`${label}: done where it applies.`, 'manage-units', { action, units: [...selected] }).then(
              (done) => done && onDone(),
            )
          }
        >
          {icon} {label}
        </button>
      ))}
      <span className="grow" style={{ flex: 1 }} />
      <button type="button" className="button quiet small" onClick={onDone}>
        Select none
      </button>
    </div>
  );
}
