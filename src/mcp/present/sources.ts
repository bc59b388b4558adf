import type { JsonObject } from '../../domain/json.ts';
import type { OutputOf } from '../../orchestrator/index.ts';
import { truncateList, truncateObject } from '../../orchestrator/truncate.ts';
import { notes } from './notes.ts';

/** Bytes of each part of a preview. */
const ITEM_BYTES = 1500;
const ITEMS_BYTES = 4500;
const FIELDS_BYTES = 2500;
const SOURCE_BYTES = 1000;

/** Presents the kinds of sources, with the parts of their schemas that a caller needs. */
export function presentEnumerators({ enumerators }: OutputOf<'list_enumerators'>): Record<string, unknown> {
  return {
    enumerators: enumerators.map((each) => ({ ...each, config_schema: briefSchema(each.config_schema as object) })),
    next: enumerators.slice(0, 1).map(({ type, example }) => ({
      tool: 'preview_items',
      arguments: { source: { type, ...(example as object) } },
      why: 'shows the first items of a source; use the type and the paths that the user means',
    })),
  };
}

/** Presents a preview: the beginning of its items and fields. */
export function presentPreview(answer: OutputOf<'preview_items'>): Record<string, unknown> {
  const { total, complete } = answer;
  const items = truncateList(
    answer.items.map((item) => truncateObject(item as JsonObject, ITEM_BYTES)),
    ITEMS_BYTES,
  );
  const fields = truncateList(
    answer.fields.map(({ examples, ...field }) => ({
      ...field,
      examples: (examples as readonly string[]).slice(0, 2),
    })),
    FIELDS_BYTES,
  );
  const missing = answer.fields.length - fields.length + Number(answer.fields_left_out ?? 0);
  const left = { items: answer.items.length - items.length, fields: missing };
  const { skipped_duplicates, skipped_invalid, skipped_records, warnings, source } = answer as unknown as Preview;
  return {
    total,
    complete,
    items,
    fields,
    ...(left.items + left.fields > 0
      ? { left_out: `${left.items} items and ${left.fields} fields, to keep the answer small` }
      : {}),
    ...notes.warnings(warnings),
    ...(skipped_duplicates === undefined ? {} : { skipped_duplicates }),
    ...(skipped_invalid === undefined ? {} : { skipped_invalid }),
    ...(skipped_records ? notes.skipped_records(skipped_records) : {}),
    source: { ...truncateObject(source, SOURCE_BYTES), type: source.type },
    next: [
      total > 0
        ? {
            tool: 'create_job',
            arguments: {},
            why: 'stores these items as units: give the same source, a name and what the user wants',
          }
        : {
            tool: 'list_enumerators',
            arguments: { type: source.type },
            why: 'shows the config fields: this one finds nothing',
          },
    ],
  };
}

interface Preview {
  readonly skipped_duplicates?: number;
  readonly skipped_invalid?: number;
  readonly skipped_records?: readonly JsonObject[];
  readonly warnings: readonly JsonObject[];
  readonly source: JsonObject & { readonly type: string };
}

/** Keywords that are left out of a config schema: the same for all, or named by the error of a wrong value. */
const LEFT_OUT = [
  '$schema',
  'additionalProperties',
  'minLength',
  'maxLength',
  'minItems',
  'minimum',
  'maximum',
  'pattern',
];

/** Copies a schema without `LEFT_OUT`; fields whose names are such words are kept. */
function briefSchema(schema: object): object {
  const { properties, ...rest } = schema as { readonly properties?: Readonly<Record<string, object>> };
  const brief = (part: object) => Object.fromEntries(Object.entries(part).filter(([name]) => !LEFT_OUT.includes(name)));
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, brief(field)] as const);
  return { ...brief(rest), properties: Object.fromEntries(fields) };
}
