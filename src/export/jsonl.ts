import type { ExportFormat } from './format.ts';
import { recordOf } from './record.ts';

/** One JSON object per line. */
export const jsonlFormat: ExportFormat = {
  type: 'jsonl',
  description: 'JSON Lines: one object per unit with its payload and result as they are',
  tabular: false,
  open: () => {
    let names: readonly string[] = [];
    return {
      begin: (headers) => {
        names = headers;
        return '';
      },
      cells: (cells) => `${JSON.stringify(recordOf(names, cells))}\n`,
      whole: (row) => `${JSON.stringify(row)}\n`,
      end: () => '',
      notes: () => ({ guarded: 0 }),
    };
  },
};
