import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { Problem } from '../parts/loading.tsx';
import { useRowWindow } from '../parts/use-row-window.ts';
import { type Column, columnsOf } from './columns.tsx';
import { ROW_HEIGHT, useActiveRow } from './use-active-row.ts';
import type { Row, Rows } from './use-rows.ts';

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
  const { first, count, height, top } = useRowWindow(box, rows.total, ROW_HEIGHT);
  const { show } = rows;
  // What is in sight decides what is fetched.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `show` is new with every answer and does not change what is in sight
  useEffect(() => show(first, count), [first, count, rows.total]);
  const toggle = (unit: number) => {
    const next = new Set(selected);
    if (!next.delete(unit)) next.add(unit);
    onSelect(next);
  };
  const open = (unit: number) => navigate(`/jobs/${jobId}/units/${unit}`);
  const { active, onKeyDown } = useActiveRow(box, rows, { toggle, open });

  if (rows.error !== null) return <Problem error={rows.error} />;
  const columns = columnsOf(jobId, rows);
  const template = ['2.4rem', ...columns.map(({ width }) => width)].join(' ');
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
        {positions.map((position) => (
          <Line
            key={position}
            position={position}
            row={rows.row(position)}
            columns={columns}
            isActive={position === active}
            selected={selected}
            onToggle={toggle}
            style={{ gridTemplateColumns: template, top: top + (position - first) * ROW_HEIGHT }}
          />
        ))}
      </div>
      {rows.total === 0 && <p className="empty">No unit fits.</p>}
    </div>
  );
}

/** A row of the table at its place; empty until it has been fetched. */
function Line({
  position,
  row,
  columns,
  isActive,
  selected,
  onToggle,
  style,
}: {
  readonly position: number;
  readonly row: Row | undefined;
  readonly columns: readonly Column[];
  readonly isActive: boolean;
  readonly selected: ReadonlySet<number>;
  readonly onToggle: (unit: number) => void;
  readonly style: React.CSSProperties;
}) {
  return (
    <div
      id={`row-${position}`}
      role="row"
      className={`line ${row ? '' : 'waiting'} ${isActive ? 'active' : ''}`}
      aria-rowindex={position + 2}
      aria-selected={row ? selected.has(row.unit) : false}
      style={style}
    >
      <div role="gridcell">
        {row && (
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={`Select unit ${row.unit}`}
            checked={selected.has(row.unit)}
            onChange={() => onToggle(row.unit)}
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
}
