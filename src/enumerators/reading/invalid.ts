import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import type { EnumerationContext, Hint, InvalidRecord } from '../../ports/enumerator.ts';

/** What is known beyond the listed records when a source is refused. */
export interface RefusalEnd {
  /** Invalid records that are known but not listed. */
  readonly unlisted: number;
  /** True if there may be invalid records beyond those known. */
  readonly mayBeMore: boolean;
  /** True if the source is readable if the config skips invalid records. */
  readonly helpsToSkip: boolean;
}

/** Nothing known beyond the listed records. */
export const ALL_KNOWN = { unlisted: 0, mayBeMore: false } as const;

/** Passes an invalid record to the collector of the context; without one, throws it as AbpError `invalid_input`. */
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

/** Makes the AbpError `invalid_input` that lists the invalid records of a source, the first ones in order. */
export async function invalidRecords(
  records: readonly InvalidRecord[],
  { unlisted, mayBeMore, helpsToSkip }: RefusalEnd,
): Promise<AbpError> {
  const [first, ...rest] = records.map(({ source, place, reason }, at) =>
    at === 0 ? `${source}, ${place}: ${reason}` : `${place}: ${reason}`,
  );
  const more = `${mayBeMore ? 'At least ' : ''}${rest.length + unlisted} more`;
  const some = unlisted === 0 ? '' : `, the first ${rest.length} of them`;
  const none = mayBeMore ? '; and perhaps others after it' : '';
  const others = rest.length === 0 ? none : `. ${more}${some}: ${rest.join('; ')}`;
  const advice = records[0] ? await hintOf(records[0]) : '';
  const hint = textOf(advice);
  const skip =
    helpsToSkip && typeof advice === 'string'
      ? ' on_invalid: "skip" skips records that cannot be items, and lists them.'
      : '';
  return new AbpError('invalid_input', `${first}${others}`, {
    hint: `${hint}${skip}`,
    details: { invalid: records.map(({ place, reason }) => ({ place, reason })) },
  });
}

/** Advice for a record. */
async function hintOf({ hint }: Pick<InvalidRecord, 'hint'>): Promise<Hint> {
  return typeof hint === 'string' ? hint : hint();
}

/** Advice for a record, as text. */
export async function hintTextOf(record: InvalidRecord): Promise<string> {
  return textOf(await hintOf(record));
}

function textOf(advice: Hint): string {
  return typeof advice === 'string' ? advice : advice.hint;
}

/**
 * Describes the fault of a text in a value; null if there is none. Unpaired surrogates cannot be encoded in UTF-8 or
 * sent to an agent's API.
 */
export function textFault(value: Json): string | null {
  const at = pathOfBrokenText(value, '');
  return at === null
    ? null
    : `expected whole characters, found half of a surrogate pair${at === '' ? '' : ` in ${at}`}`;
}

/** Path of the first text that is not well-formed: `name`, `tags.0`; '' for the value itself. */
function pathOfBrokenText(value: Json, way: string): string | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : way;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    const path = way === '' ? name : `${way}.${name}`;
    if (!name.isWellFormed()) return `the name of ${JSON.stringify(path)}`;
    const found = pathOfBrokenText(inner, path);
    if (found !== null) return found;
  }
  return null;
}
