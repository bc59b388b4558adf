import { type KeyboardEvent, type RefObject, useState } from 'react';
import { scrollTopOf } from '../parts/row-window.ts';
import type { Rows } from './use-rows.ts';

/** Height of a row of the table, px. */
export const ROW_HEIGHT = 36;
const HEAD_HEIGHT = 36;

/** Follows the row that the keyboard is on, and keeps it in sight. Space toggles its unit, enter opens it. */
export function useActiveRow(
  box: RefObject<HTMLElement | null>,
  rows: Rows,
  { toggle, open }: { readonly toggle: (unit: number) => void; readonly open: (unit: number) => void },
): { readonly active: number; readonly onKeyDown: (event: KeyboardEvent) => void } {
  const [active, setActive] = useState(0);
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
    else if (event.key === 'Enter' && row && event.target === box.current) open(row.unit);
    else return;
    event.preventDefault();
  };
  return { active, onKeyDown };
}
