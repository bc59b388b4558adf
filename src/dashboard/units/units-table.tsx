import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { showUnseen } from '../../domain/unseen-characters.ts';
import { duration, oneLine, usd, words } from '../format.ts';
import { Problem } from '../parts/loading.tsx';
import { scrollTopOf } from '../parts/row-window.ts';
import { Status } from '../parts/status.tsx';
import { useRowWindow } from '../parts/use-row-window.ts';
import type { Row, Rows } from './use-rows.ts';

const ROW_HEIGHT = 36;
const HEAD_HEIGHT = 36;
/** Columns of payload and result that are drawn: more are in the unit and in the export. */
const SHOWN_FIELDS = 6;
/** Fields that say little beside the key. */
const DULL = new Set(['_id', '_row_index', '_index', 'file_name', 'file_extension', 'file_path', 'modified_at']);

/** A column: how wide, and what of a row it shows. */
interface Column {
  readonly name: string;
  readonly label: string;
  readonly width: string;
  readonly right?: boolean;
  readonly cell: (row: Row) => React.ReactNode;
}

/** The table itself: rows in sight are drawn, arrow keys move, space selects, enter opens. */
export function UnitsTable({
  jobId,
  rows,
  selected,
  onSelect,
}: {
  readonly jobId: string;
  readonly rows: Rows;
  readonly selected: ReadonlySet<number>;
  readonly onSelect: (selected: ReadonlySet<number>) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [, navigate] = useLocation();
  const [active, setActive] = useState(0);
  const { first, count, height, top } = useRowWindow(box, rows.total, ROW_HEIGHT);
  const { show } = rows;
  // What is in sight decides what is fetched.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `show` is new with every answer and does not change what is in sight
  useEffect(() => show(first, count), [first, count, rows.total]);
  const columns = columnsOf(jobId, rows);
  const template = ['2.4rem', ...columns.map(({ width }) => width)].join(' ');

  const toggle = (unit: number) => {
    const next = new Set(selected);
    if (!next.delete(unit)) next.add(unit);
    onSelect(next);
  };
  const moveTo = (position: number) => {
    const next = Math.max(0, Math.min(rows.total - 1, position));
    setActive(next);
    const element = box.current;
    if (!element) return;
    const view = element.clientHeight - HEAD_HEIGHT;
    const at = scrollTopOf(next, rows.total, ROW_HEIGHT, view);
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + ROW_HEIGHT > element.scrollTop + view) element.scrollTop = at + ROW_HEIGHT - view;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / ROW_HEIGHT) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.total - 1,
    };
    const to = steps[event.key];
    const row = rows.row(active);
    if (to !== undefined) moveTo(to);
    else if (event.key === ' ' && row) toggle(row.unit);
    else if (event.key === 'Enter' && row && event.target === box.current) navigate(`/jobs/${jobId}/units/${row.unit}`);
    else return;
    event.preventDefault();
  };

  if (rows.error !== null) return <Problem error={rows.error} />;
  const positions = Array.from({ length: count }, (_, at) => first + at);
  return (
    <div
      ref={box}
      className="grid units-table"
      role="grid"
      aria-label="Units"
      aria-rowcount={rows.total + 1}
      aria-multiselectable
      aria-activedescendant={rows.total > 0 ? `row-${active}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div className="head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
        <div role="columnheader">
          <span className="hidden">Selected</span>
        </div>
        {columns.map(({ name, label, right }) => (
          <div key={name} role="columnheader" className={right ? 'right' : ''}>
            {label}
          </div>
        ))}
      </div>
      <div className="body" style={{ height }} role="rowgroup">
        {positions.map((position) => {
          const row = rows.row(position);
          return (
            <div
              key={position}
              id={`row-${position}`}
              role="row"
              className={`line ${row ? '' : 'waiting'} ${position === active ? 'active' : ''}`}
              aria-rowindex={position + 2}
              aria-selected={row ? selected.has(row.unit) : false}
              style={{ gridTemplateColumns: template, top: top + (position - first) * ROW_HEIGHT }}
            >
              <div role="gridcell">
                {row && (
                  <input
                    type="checkbox"
                    tabIndex={-1}
                    aria-label={`Select unit ${row.unit}`}
                    checked={selected.has(row.unit)}
                    onChange={() => toggle(row.unit)}
                  />
                )}
              </div>
              {columns.map(({ name, right, cell }) => (
                <div key={name} role="gridcell" className={right ? 'right' : ''}>
                  {row ? cell(row) : ''}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {rows.total === 0 && <p className="empty">No unit fits.</p>}
    </div>
  );
}

const WHY: Column = {
  name: 'why',
  label: 'Why',
  width: 'minmax(16rem, 2fr)',
  cell: ({ failure_class, message }) => (failure_class ? <Why of={`${words(failure_class)}: ${message ?? ''}`} /> : ''),
};

/** So much of a message's end stays in sight, in whatever width: why stands there. */
const END_CHARS = 36;

function Why({ of }: { readonly of: string }) {
  const text = oneLine(of);
  const [begin, end] = text.length > 2 * END_CHARS ? [text.slice(0, -END_CHARS), text.slice(-END_CHARS)] : [text, ''];
  return (
    <span className="both-ends" title={of}>
      <span>{begin}</span>
      <span>{end}</span>
    </span>
  );
}

function columnsOf(jobId: string, { columns, row, failures }: Rows): readonly Column[] {
  const first = row(0);
  const dull = (field: string) =>
    DULL.has(field) || (first !== undefined && oneLine(first.payload[field]) === first.key);
  const field = (group: 'payload' | 'result', name: string): Column => ({
    name: `${group} ${name}`,
    label: name,
    width: 'minmax(7rem, 1fr)',
    cell: (shown) => {
      const text = oneLine(shown[group]?.[name]);
      return <span title={text}>{text}</span>;
    },
  });
  // What failed has no result.
  const results = failures ? [] : columns.result.slice(0, SHOWN_FIELDS);
  const payloads = columns.payload.filter((name) => !dull(name)).slice(0, Math.max(2, SHOWN_FIELDS - results.length));
  return [
    { name: 'unit', label: 'Unit', width: '4.6rem', right: true, cell: ({ unit }) => unit },
    {
      name: 'key',
      label: 'Key',
      width: 'minmax(9rem, 1.4fr)',
      cell: ({ unit, key }) => (
        <Link href={`/jobs/${jobId}/units/${unit}`} tabIndex={-1} title={key}>
          {showUnseen(key)}
        </Link>
      ),
    },
    { name: 'status', label: 'Status', width: '9.2rem', cell: ({ status }) => <Status of={status} /> },
    ...(failures ? [WHY] : []),
    ...payloads.map((name) => field('payload', name)),
    ...results.map((name) => field('result', name)),
    { name: 'attempts', label: 'Attempts', width: '6rem', right: true, cell: ({ attempts }) => attempts || '' },
    {
      name: 'cost',
      label: 'Cost',
      width: '6rem',
      right: true,
      cell: (shown) => (shown.cost_usd === undefined ? '' : usd(shown.cost_usd)),
    },
    {
      name: 'duration',
      label: 'Duration',
      width: '6.4rem',
      right: true,
      cell: (shown) => (shown.duration_s === undefined ? '' : duration(shown.duration_s)),
    },
  ];
}
