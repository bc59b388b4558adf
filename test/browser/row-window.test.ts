import { expect, test } from 'vitest';
import { rowWindow, scrollTopOf } from '../../src/dashboard/parts/row-window.ts';

const ROW = 36;
const VIEW = 600;

test.each([0, 1, 10, 1000, 200_000, 333_334, 1_000_000, 10_000_000])(
  '%i rows: both ends and every row between can be seen',
  (total) => {
    const { height } = rowWindow(total, ROW, 0, VIEW);
    expect(height).toBeLessThanOrEqual(12_000_000);
    const seen = (scrollTop: number) => {
      const { first, count, top } = rowWindow(total, ROW, scrollTop, VIEW);
      expect(count).toBeLessThan(60);
      return (row: number) => {
        const at = top + (row - first) * ROW;
        return row >= first && row < first + count && at >= scrollTop - 1 && at + ROW <= scrollTop + VIEW + 1;
      };
    };
    if (total === 0) return;
    expect(seen(0)(0)).toBe(true);
    expect(seen(Math.max(0, height - VIEW))(total - 1)).toBe(true);
    for (const share of [0.1, 0.33, 0.5, 0.77, 0.999]) {
      const row = Math.floor((total - 1) * share);
      const scrollTop = Math.min(scrollTopOf(row, total, ROW, VIEW), Math.max(0, height - VIEW));
      expect([row, seen(scrollTop)(row)]).toEqual([row, true]);
    }
  },
);
