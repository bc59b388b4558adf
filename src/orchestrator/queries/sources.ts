import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { redactJson } from '../../domain/redact.ts';
import { listEnumerators as allEnumerators, getEnumerator, parseConfig } from '../../enumerators/index.ts';
import { preview } from '../../enumerators/preview.ts';
import { EVERYWHERE, operation } from '../operation.ts';
import { requireSource } from '../operations/approval.ts';
import { enumeratorConfig, enumeratorType } from '../shapes.ts';
import { truncateList, truncateObject } from '../truncate.ts';
import { briefNotes, sourceNotes } from './source-notes.ts';

const DEFAULT_ITEMS = 5;
const COUNT_S = 10;
/** Bytes of each part of the answer. */
const ITEM_BYTES = 1500;
const ITEMS_BYTES = 4500;
const FIELDS_BYTES = 2500;
const CONFIG_BYTES = 1000;

/** Lists the kinds of sources. */
export const listEnumerators = operation({
  name: 'list_enumerators',
  title: 'Kinds of sources',
  interfaces: EVERYWHERE,
  description:
    'Lists the kinds of sources with their config fields and an example: files of a directory, rows of a CSV file or a query, elements of a JSON file, code. Call it before preview_items or create_job.',
  input: z.strictObject({ type: z.string().max(50).optional().describe('Only this type') }),
  output: z.looseObject({
    enumerators: z.array(z.looseObject({ type: z.string(), description: z.string() })),
  }),
  effect: 'read',
  async run(_deps, { type }) {
    const chosen = type === undefined ? await allEnumerators() : [await getEnumerator(type)];
    return {
      enumerators: chosen.map(({ type: name, description, configSchema, example }) => ({
        type: name,
        description,
        config_schema: briefSchema(z.toJSONSchema(configSchema, { io: 'input' })),
        example,
      })),
      next: chosen.slice(0, 1).map(({ type: name, example }) => ({
        tool: 'preview_items',
        arguments: { enumerator_type: name, enumerator_config: example },
        why: 'shows the first items of a source; use the type and the paths that the user means',
      })),
    };
  },
});

/** Shows the first items of a source. */
export const previewItems = operation({
  name: 'preview_items',
  title: 'Preview a source',
  interfaces: EVERYWHERE,
  description:
    'Shows the first items of a source, their fields and how many there are, without creating a job. Use it to check path, pattern or query, and to see which {fields} a prompt can use.',
  input: z.strictObject({
    enumerator_type: enumeratorType,
    enumerator_config: enumeratorConfig,
    limit: z.int().min(1).max(50).optional().describe(`Items to show; default ${DEFAULT_ITEMS}`),
  }),
  output: z.looseObject({
    items: z.array(z.looseObject({})),
    fields: z.array(z.looseObject({ name: z.string() })),
    total: z.int(),
    complete: z.boolean(),
  }),
  effect: 'read',
  openWorld: true,
  async run(deps, { enumerator_type, enumerator_config, limit = DEFAULT_ITEMS }, call) {
    const enumerator = await getEnumerator(enumerator_type);
    const config = enumerator.resolve(parseConfig(enumerator, enumerator_config), call);
    await requireSource(deps, enumerator, config, call);
    const seen = await preview(
      enumerator,
      config,
      {
        workingDirectory: call.workingDirectory,
        ...(call.signal ? { signal: call.signal } : {}),
      },
      { limit, countForMs: COUNT_S * 1000 },
    );
    const items = truncateList(
      seen.items.map((item) => truncateObject(item, ITEM_BYTES)),
      ITEMS_BYTES,
    );
    const fields = truncateList(
      seen.fields.map(({ examples, ...field }) => ({ ...field, examples: examples.slice(0, 2) })),
      FIELDS_BYTES,
    );
    const left = { items: seen.items.length - items.length, fields: seen.fields.length - fields.length };
    return {
      total: seen.total,
      complete: seen.complete,
      items: [...items],
      fields: [...fields],
      ...(left.items + left.fields > 0
        ? { left_out: `${left.items} items and ${left.fields} fields, to keep the answer small` }
        : {}),
      warnings: [],
      ...briefNotes(sourceNotes(seen)),
      enumerator_config: truncateObject(redactJson(config as JsonObject, 'logs'), CONFIG_BYTES),
      next: [
        seen.total > 0
          ? {
              tool: 'create_job',
              arguments: { enumerator_type },
              why: 'stores these items as units; use the same enumerator_config, a name and what the user wants',
            }
          : {
              tool: 'list_enumerators',
              arguments: { type: enumerator_type },
              why: 'shows the config fields: this one finds nothing',
            },
      ],
    };
  },
});

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
