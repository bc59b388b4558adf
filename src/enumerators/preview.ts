import { toAbpError } from '../domain/error.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { show } from '../domain/validate.ts';
import type { EnumerationContext, EnumerationWarning, Enumerator } from '../ports/enumerator.ts';
import { duplicateKey, onDuplicate } from './duplicates.ts';
import { noneSkipped, readItems, type Skipped, skipDuplicate } from './items.ts';

const EXAMPLES = 3;
/** Keys compared at most, to bound memory. A job compares all. */
const MAX_KEYS = 500_000;

/** JSON type of a value, in words for users. */
export type FieldType = 'string' | 'number' | 'boolean' | 'null' | 'list' | 'object';

/** A field as found in the items of a preview. */
export interface PreviewField {
  readonly name: string;
  readonly types: readonly FieldType[];
  /** A few distinct values as JSON, truncated. */
  readonly examples: readonly string[];
  /** Number of shown items that have it. */
  readonly seen: number;
}

/** What a source would enumerate, found without creating a job. */
export interface Preview {
  readonly items: readonly JsonObject[];
  /** In order of first appearance. */
  readonly fields: readonly PreviewField[];
  /** Items counted: all of them if `complete`, else those counted when the time was up. */
  readonly total: number;
  readonly complete: boolean;
  /** Records skipped as the config says; not counted in `items` and `total`. */
  readonly skipped: Skipped;
  readonly warnings: readonly EnumerationWarning[];
}

/** Items to show, and the time limit (ms, from the start) for counting. */
export interface PreviewOptions {
  readonly limit: number;
  readonly countForMs: number;
}

/**
 * Reads the first items of a source, their fields, and the number of items. Throws the errors of the enumerator, and
 * `invalid_input` for a repeated key, as a job would.
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

/** Collects the fields of payloads with their types and a few values. */
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
