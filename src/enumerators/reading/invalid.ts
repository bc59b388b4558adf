import type { EnumerationContext, InvalidRecord } from '../../domain/enumerator.ts';
import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';

/** Gives a record that cannot be an item to who collects such; where nobody does, throws it as AbpError `invalid_input`. */
export function reject(context: EnumerationContext, record: InvalidRecord): void {
  if (context.reject) context.reject(record);
  else if (record.skipped !== true) throw invalidRecords([record], false);
}

/** The refusal of a source for its records that cannot be items, the first ones in order; `more`: there may be others. */
export function invalidRecords(records: readonly InvalidRecord[], more: boolean): AbpError {
  const [first, ...rest] = records.map(({ source, place, reason }, at) =>
    at === 0 ? `${source}, ${place}: ${reason}` : `${place}: ${reason}`,
  );
  const others = rest.length === 0 ? '' : `. ${rest.length} more: ${rest.join('; ')}`;
  return new AbpError('invalid_input', `${first}${others}${more ? '; and perhaps others behind these' : ''}`, {
    hint: `${records[0]?.hint} on_invalid: "skip" leaves out what cannot be an item, and lists it.`,
    details: { invalid: records.map(({ place, reason }) => ({ place, reason })) },
  });
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
