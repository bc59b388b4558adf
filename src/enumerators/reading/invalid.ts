import type { EnumerationContext, InvalidRecord } from '../../domain/enumerator.ts';
import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';

/** How the refusal of a source for its records ends. */
export interface Ending {
  /** Whether there are others behind those listed: none, perhaps, or so many. */
  readonly others: number | 'none' | 'perhaps';
  /** Whether the source would be read if the config skipped such records. */
  readonly helpsToSkip: boolean;
}

/** Gives a record that cannot be an item to who collects such; where nobody does, throws it as AbpError `invalid_input`. */
export async function reject(
  context: EnumerationContext,
  config: { readonly on_invalid: 'refuse' | 'skip' },
  record: InvalidRecord,
): Promise<void> {
  if (context.reject) context.reject(record);
  else if (record.skipped !== true) {
    throw await invalidRecords([record], { others: 'none', helpsToSkip: config.on_invalid !== 'skip' });
  }
}

/** The refusal of a source for its records that cannot be items, the first ones in order. */
export async function invalidRecords(
  records: readonly InvalidRecord[],
  { others, helpsToSkip }: Ending,
): Promise<AbpError> {
  const [first, ...rest] = records.map(({ source, place, reason }, at) =>
    at === 0 ? `${source}, ${place}: ${reason}` : `${place}: ${reason}`,
  );
  const listed = rest.length === 0 ? '' : `. ${rest.length} more: ${rest.join('; ')}`;
  const behind = { none: '', perhaps: '; and perhaps others behind these' }[others] ?? `; and ${others} behind these`;
  const hint = records[0] ? await hintOf(records[0]) : '';
  const skip = helpsToSkip ? ' on_invalid: "skip" leaves out what cannot be an item, and lists it.' : '';
  return new AbpError('invalid_input', `${first}${listed}${behind}`, {
    hint: `${hint}${skip}`,
    details: { invalid: records.map(({ place, reason }) => ({ place, reason })) },
  });
}

/** What to do about a record. */
export async function hintOf({ hint }: Pick<InvalidRecord, 'hint'>): Promise<string> {
  return typeof hint === 'string' ? hint : hint();
}

/**
 * What is wrong with the text in a value, as a reason; null when nothing is. Half of a surrogate pair is no text that an
 * agent's API takes, or that UTF-8 could hold.
 */
export function textFault(value: Json): string | null {
  const at = brokenText(value, '');
  return at === null
    ? null
    : `expected whole characters, found half of a surrogate pair${at === '' ? '' : ` in ${at}`}`;
}

/** The way to the first text that is not well-formed: `name`, `tags.0`; '' for the value itself. */
function brokenText(value: Json, way: string): string | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : way;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const path = way === '' ? name : `${way}.${name}`;
    if (!name.isWellFormed()) return `the name of ${JSON.stringify(path)}`;
    const found = brokenText(inner, path);
    if (found !== null) return found;
  }
  return null;
}
