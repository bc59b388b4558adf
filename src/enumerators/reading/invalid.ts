import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { EnumerationContext, Hint, InvalidRecord } from '../../ports/enumerator.ts';

/** How the refusal of a source for its records ends. */
export interface Ending {
  /** How many others are known that are not listed. */
  readonly unlisted: number;
  /** Whether there may be others that are not known. */
  readonly mayBeMore: boolean;
  /** Whether the source would be read if the config skipped such records. */
  readonly helpsToSkip: boolean;
}

/** No others are told of. */
export const ALL_KNOWN = { unlisted: 0, mayBeMore: false } as const;

/** Gives a record that cannot be an item to who collects such; where nobody does, throws it as AbpError `invalid_input`. */
export async function reject(
  context: EnumerationContext,
  config: { readonly on_invalid: 'refuse' | 'skip' },
  record: InvalidRecord,
): Promise<void> {
  if (context.reject) context.reject(record);
  else if (record.skipped !== true) {
    throw await invalidRecords([record], { ...ALL_KNOWN, helpsToSkip: config.on_invalid !== 'skip' });
  }
}

/** The refusal of a source for its records that cannot be items, the first ones in order. */
export async function invalidRecords(
  records: readonly InvalidRecord[],
  { unlisted, mayBeMore, helpsToSkip }: Ending,
): Promise<AbpError> {
  const [first, ...rest] = records.map(({ source, place, reason }, at) =>
    at === 0 ? `${source}, ${place}: ${reason}` : `${place}: ${reason}`,
  );
  const more = `${mayBeMore ? 'At least ' : ''}${rest.length + unlisted} more`;
  const some = unlisted === 0 ? '' : `, the first ${rest.length} of them`;
  const none = mayBeMore ? '; and perhaps others behind it' : '';
  const others = rest.length === 0 ? none : `. ${more}${some}: ${rest.join('; ')}`;
  const told = records[0] ? await hintOf(records[0]) : '';
  const hint = textOf(told);
  const skip =
    helpsToSkip && typeof told === 'string'
      ? ' on_invalid: "skip" leaves out what cannot be an item, and lists it.'
      : '';
  return new AbpError('invalid_input', `${first}${others}`, {
    hint: `${hint}${skip}`,
    details: { invalid: records.map(({ place, reason }) => ({ place, reason })) },
  });
}

/** What to do about a record. */
async function hintOf({ hint }: Pick<InvalidRecord, 'hint'>): Promise<Hint> {
  return typeof hint === 'string' ? hint : hint();
}

/** What to do about a record, as text. */
export async function hintTextOf(record: InvalidRecord): Promise<string> {
  return textOf(await hintOf(record));
}

function textOf(told: Hint): string {
  return typeof told === 'string' ? told : told.hint;
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
