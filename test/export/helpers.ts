import type { ExportRow } from '../../src/export/row.ts';

/** A completed unit, with the fields that a test changes. */
export function row(unit: number, change: Partial<ExportRow> = {}): ExportRow {
  return {
    unit,
    key: `k${unit}`,
    status: 'completed',
    payload: { name: `item ${unit}` },
    result: { label: 'good' },
    artifacts: [],
    failure_class: null,
    failure_message: null,
    attempts: 1,
    cost_usd: 0.01,
    duration_ms: 1200,
    ...change,
  };
}
