import { toAbpError } from '../domain/error.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { show } from '../domain/validate.ts';
import type { EnumerationContext, EnumerationWarning, Enumerator } from '../ports/enumerator.ts';
import { duplicateKey, onDuplicate } from './duplicates.ts';
import { noneSkipped, readItems, type Skipped, skipDuplicate } from './items.ts';

const EXAMPLES = 3;
/** Keys of so many items are compared: more would take too much memory. A job compares all. */
const MAX_KEYS = 500_000;

/** The JSON type of a value, in a user's words. */
export type FieldType = 'string' | 'number' | 'boolean' | 'null' | 'list' | 'object';

/** A field as seen in the items of a preview. */
export interface PreviewField {
  readonly name: string;
  readonly types: readonly FieldType[];
  /** A few different values, as JSON, cut to a readable length. */
  readonly examples: readonly string[];
  /** In how many of the items shown it is. */
  readonly seen: number;
}

/** What a source would give, without a job. */
export interface Preview {
  readonly items: readonly JsonObject[];
  /** In the order in which they were first seen. */
  readonly fields: readonly PreviewField[];
  /** Items counted; all of them when `complete`, else at least so many: the time was over. */
  readonly total: number;
  readonly complete: boolean;
  /** What the config says to skip: it is not among the items, nor counted with them. */
  readonly skipped: Skipped;
  readonly warnings: readonly EnumerationWarning[];
}

/** How many items to show, and after how long (ms, from the start) to stop, whatever has been seen by then. */
export interface PreviewOptions {
  readonly limit: number;
  readonly countForMs: number;
}

/**
 * The first items of a source, their fields, and how many there are. Throws what the enumerator throws, and what a job
 * would say to two items with one key: bad input is seen here, before a job exists.
 */
export async function preview<Config>(
  enumerator: Enumerator<Config>,
  config: Config,
  context: EnumerationContext,
  { limit, countForMs }: PreviewOptions,
): Promise<Preview> {
  const items: JsonObject[] = [];
  const warnings: EnumerationWarning[] = [];
  const keys = new Set<string>();
  let total = 0;
  const skipped = noneSkipped();
  let complete = true;
  const time = new AbortController();
  const timer = setTimeout(() => time.abort(), countForMs);
  const signal = context.signal ? AbortSignal.any([context.signal, time.signal]) : time.signal;
  const warn = (warning: EnumerationWarning) => warnings.push(warning);
  try {
    for await (const item of readItems(enumerator, config, { ...context, signal, warn }, skipped)) {
      const { key, payload } = item;
      if (key !== undefined && keys.has(key)) {
        if (onDuplicate(config) === 'refuse') throw await duplicateKey(enumerator, config, context, key);
        skipDuplicate(skipped, item);
        continue;
      }
      if (key !== undefined && keys.size < MAX_KEYS) keys.add(key);
      total++;
      if (items.length < limit) items.push(payload);
    }
  } catch (error) {
    if (!time.signal.aborted || context.signal?.aborted || toAbpError(error).code !== 'cancelled') throw error;
    complete = false;
  } finally {
    clearTimeout(timer);
  }
  return { items, fields: fieldsOf(items), total, complete, skipped, warnings };
}

/** The fields of some payloads with their types and a few values. */
function fieldsOf(payloads: readonly JsonObject[]): PreviewField[] {
  const fields = new Map<string, { types: Set<FieldType>; examples: Set<string>; seen: number }>();
  for (const payload of payloads) {
    for (const [name, value] of Object.entries(payload)) {
      const field = fields.get(name) ?? { types: new Set(), examples: new Set(), seen: 0 };
      field.types.add(typeOf(value));
      if (field.examples.size < EXAMPLES) field.examples.add(show(value));
      field.seen++;
      fields.set(name, field);
    }
  }
  return [...fields].map(([name, { types, examples, seen }]) => ({
    name,
    types: [...types],
    examples: [...examples],
    seen,
  }));
}

function typeOf(value: Json): FieldType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  return typeof value as Exclude<FieldType, 'null' | 'list'>;
}
