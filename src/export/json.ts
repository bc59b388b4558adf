import type { ExportFormat } from './format.ts';
import { recordOf } from './record.ts';

/** A JSON array with one object per line. */
export const jsonFormat: ExportFormat = {
  type: 'json',
  description: 'a JSON array: one object per unit with its payload and result as they are',
  tabular: false,
  open: () => {
    let names: readonly string[] = [];
    let separator = '\n';
    const entry = (value: unknown) => {
      const text = separator + JSON.stringify(value);
      separator = ',\n';
      return text;
    };
    return {
      begin: (headers) => {
        names = headers;
        return '[';
      },
      cells: (cells) => entry(recordOf(names, cells)),
      whole: entry,
      end: () => '\n]\n',
      notes: () => ({ guarded: 0 }),
    };
  },
};
