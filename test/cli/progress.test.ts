import pc from 'picocolors';
import { expect, test } from 'vitest';
import { createProgressView } from '../../src/cli/job/progress.ts';
import type { Overview } from '../../src/cli/job/status-text.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

const LEGEND = 'p pause  q quit';

/** The lines that a terminal of this size shows of a job with twenty slots at work and long texts everywhere. */
function picture(columns: number, rows: number): readonly string[] {
  let written = '';
  const human = { columns, rows, write: (text: string) => (written += text) };
  const terminal = { human, colors: pc.createColors(false), interactive: true, safe: String } as unknown as Terminal;
  const slot = { key: 'k'.repeat(200), scope: 'unit', attempt: 1, seconds: 3, latest: null };
  const job = {
    status: 'running',
    executor: { state: 'alive' },
    units: { total: 40, pending: 17, running: 20, completed: 2, failed: 1, skipped: 0, cancelled: 0 },
    progress: { per_minute: 12, eta_s: 100 },
    cost_usd: 1,
    slots: Array.from({ length: 20 }, (_, unit) => ({ ...slot, unit })),
    clusters: [{ class: 'crashed', count: 1, example: { unit: 0, message: 'm'.repeat(200) } }],
  } as unknown as Overview;
  createProgressView(terminal).show(job, undefined, LEGEND);
  return written.slice('\u001b[?7l'.length, -'\n\u001b[?7h'.length).split('\n');
}

test.each([
  [200, 50],
  [80, 24],
  [60, 10],
])('the picture on %i columns and %i rows fits, with failures and keys, and says what has no room', (columns, rows) => {
  const lines = picture(columns, rows);
  expect(lines.length).toBeLessThan(rows);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
  const text = lines.join(' ');
  expect(text).toMatch(/3 of 40 done, 1 failed, 20 running, 12\/min/);
  expect(text).toMatch(/1 × crashed/);
  expect(lines.at(-1)).toBe(LEGEND);
  const shown = lines.filter((line) => /^ {2}\d+ k/.test(line)).length;
  const more = /and (\d+) more running/.exec(text)?.[1] ?? 0;
  expect(shown + Number(more)).toBe(20);
});
