import { AbpError } from '../domain/error.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { nearest } from '../domain/nearest.ts';
import type { Cell } from './format.ts';
import type { ExportRow } from './row.ts';

/**
 * Most columns of a group: results with varying names as keys (say, word counts) would make one for every name. Above,
 * a group is one column.
 */
const MAX_COLUMNS = 500;
/** Separates the steps of a path internally; a name may contain a dot. */
const STEP = '\0';

const UNIT_COLUMNS = [
  'unit',
  'key',
  'status',
  'failure_class',
  'failure_message',
  'attempts',
  'cost_usd',
  'duration_ms',
  'artifacts',
] as const satisfies readonly (keyof ExportRow)[];

/** Columns of one nested value, in the order of first appearance. */
interface Group {
  paths(): readonly string[];
  /** Returns the cells by position; adds a new path and calls `onNew` for it. */
  cells(value: Json, onNew: () => void): readonly Cell[];
}

/** Columns of an export, collected from its rows. */
export interface Columns {
  /** Adds the columns of a row. */
  see(row: Pick<ExportRow, 'payload' | 'result'>): void;
  /** Returns the table so far: all columns, or the selected ones. Throws AbpError `invalid_input` for an unknown one. */
  layout(fields: readonly string[] | undefined): Layout;
}

/** Headers, and a row's cells in their order. `fresh` = the row has a column missing in the layout. */
interface Layout {
  readonly headers: readonly string[];
  cells(row: ExportRow): { readonly cells: readonly Cell[]; readonly fresh: boolean };
}

interface Column {
  readonly group: 'payload' | 'unit' | 'result';
  readonly header: string;
  readonly pick: (found: Found) => Cell;
}

interface Found {
  readonly row: ExportRow;
  readonly payload: readonly Cell[];
  readonly result: readonly Cell[];
  /** True = the row has a column that no earlier row had. */
  readonly fresh: boolean;
}

/**
 * Collects columns: payload first, then result, then unit. An object is flattened (`size.width`), a list stays JSON. On
 * equal names the payload keeps the name, then the unit, then the result; the others are called `unit.status` or
 * `result.status`.
 */
export function createColumns(partial: boolean): Columns {
  const payload = createGroup();
  const result = createGroup();
  const find = (row: ExportRow): Found => {
    let fresh = false;
    const onNew = () => {
      fresh = true;
    };
    return { row, payload: payload.cells(row.payload, onNew), result: result.cells(row.result, onNew), fresh };
  };

  const columns = (): readonly Column[] => {
    const taken = new Set<string>();
    const named = (group: Column['group'], name: string): string => {
      const header = taken.has(name) ? named(group, `${group}.${name}`) : name;
      taken.add(header);
      return header;
    };
    const payloads = payload.paths().map((path, at): Column => {
      return {
        group: 'payload',
        header: named('payload', nameOf(path, 'payload')),
        pick: (found) => found.payload[at],
      };
    });
    const units = UNIT_COLUMNS.map((name): Column => {
      return { group: 'unit', header: named('unit', name), pick: ({ row }) => unitCell(row, name) };
    });
    const mark: Column[] = partial ? [{ group: 'unit', header: named('unit', 'partial'), pick: () => true }] : [];
    const results = result.paths().map((path, at): Column => {
      return { group: 'result', header: named('result', nameOf(path, 'result')), pick: (found) => found.result[at] };
    });
    return [...payloads, ...results, ...units, ...mark];
  };

  return {
    see: (row) => {
      payload.cells(row.payload, () => {});
      result.cells(row.result, () => {});
    },
    layout: (fields) => {
      const all = columns();
      const chosen = fields === undefined ? all : [...new Set(fields)].map((field) => select(field, all));
      const picks = chosen.map((column) => column.pick);
      return {
        headers: chosen.map((column) => column.header),
        cells: (row) => {
          const found = find(row);
          return { cells: picks.map((pick) => pick(found)), fresh: found.fresh };
        },
      };
    },
  };
}

function createGroup(): Group {
  let positions = new Map<string, number>();
  let collapsed = false;

  const visit = (value: Json, path: string, cells: Cell[], onNew: () => void) => {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      const object = value as JsonObject;
      let empty = true;
      // Not Object.entries: its pairs would be a fifth of all garbage of a million rows.
      for (const key in object) {
        empty = false;
        visit(object[key] ?? null, path === '' ? key : path + STEP + key, cells, onNew);
      }
      if (!empty || path === '') return;
    }
    if (value === null && path === '') return;
    let position = positions.get(path);
    if (position === undefined) {
      position = positions.size;
      positions.set(path, position);
      onNew();
    }
    cells[position] = value;
  };

  return {
    paths: () => [...positions.keys()],
    cells: (value, onNew) => {
      if (collapsed) return [value];
      const cells: Cell[] = [];
      visit(value, '', cells, onNew);
      if (positions.size <= MAX_COLUMNS) return cells;
      collapsed = true;
      positions = new Map([['', 0]]);
      return [value];
    },
  };
}

function nameOf(path: string, whole: string): string {
  return path === '' ? whole : path.replaceAll(STEP, '.');
}

function unitCell(row: ExportRow, name: (typeof UNIT_COLUMNS)[number]): Cell {
  if (name !== 'artifacts') return row[name];
  return row.artifacts.length === 0 ? null : row.artifacts.map((artifact) => artifact.path);
}

/**
 * Finds a column by header, by group and name (`payload.status`), or a whole payload or result. Throws AbpError
 * `invalid_input` for an unknown one.
 */
function select(field: string, columns: readonly Column[]): Column {
  const found =
    columns.find(({ header }) => header === field) ??
    columns.find(({ group, header }) => `${group}.${header}` === field) ??
    WHOLE.find(({ header }) => header === field);
  if (found !== undefined) return { ...found, header: field };
  const names = [...columns, ...WHOLE].map(({ header }) => header);
  const guess = nearest(field, names);
  throw new AbpError('invalid_input', `No row has a field ${JSON.stringify(field)}.`, {
    hint: `${guess === null ? '' : `Did you mean ${JSON.stringify(guess)}? `}Known fields: ${names.slice(0, 40).join(', ')}.`,
    details: { field, fields: names.slice(0, 100) },
  });
}

const WHOLE: readonly Column[] = [
  { group: 'payload', header: 'payload', pick: ({ row }) => row.payload },
  { group: 'result', header: 'result', pick: ({ row }) => row.result },
];
