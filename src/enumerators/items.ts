import type { EnumeratedItem, EnumerationContext, Enumerator, InvalidRecord } from '../ports/enumerator.ts';
import { invalidRecords } from './reading/invalid.ts';

/** Records listed at most, of those skipped and of those refused. */
const MAX_LISTED = 20;
/** Time to read on in a refused source, to list its other invalid records. */
const READ_ON_MS = 5000;
/** Time to read on once the list is full, to learn whether the rest is readable. */
const READ_TO_END_MS = 1000;

/** A record that did not become an item, and why. */
export interface SkippedRecord {
  readonly place: string;
  readonly reason: string;
}

/** Records of a source that were skipped as the config says: counts, and the first of them. */
export interface Skipped {
  duplicates: number;
  invalid: number;
  readonly records: SkippedRecord[];
}

/** Ends an enumeration early, once enough is known. */
class EnoughKnown extends Error {}

/** An empty count of skipped records. */
export function noneSkipped(): Skipped {
  return { duplicates: 0, invalid: 0, records: [] };
}

/** Counts an item with a repeated key. */
export function skipDuplicate(skipped: Skipped, { key, place }: EnumeratedItem): void {
  skipped.duplicates++;
  addListed(skipped, { place: place ?? 'an unknown place', reason: `its key ${JSON.stringify(key)} came before` });
}

/** Policy of a config for records that cannot be items: `skip`, or `refuse` (default, also for configs without the field). */
export function onInvalid(config: unknown): 'refuse' | 'skip' {
  return (config as { on_invalid?: unknown }).on_invalid === 'skip' ? 'skip' : 'refuse';
}

/**
 * Reads the items of a source. Counts invalid records in `skipped`, or refuses the source with AbpError `invalid_input`
 * that lists the first of them. Other errors of the enumerator pass. A hand-written iterator, because a generator
 * around another costs as much as reading a row.
 */
export function readItems<Config>(
  enumerator: Enumerator<Config>,
  config: Config,
  context: EnumerationContext,
  skipped: Skipped,
): AsyncIterable<EnumeratedItem> {
  const skips = onInvalid(config) === 'skip';
  const refused: InvalidRecord[] = [];
  let unlisted = 0;
  let hasItems = false;
  let until = Number.POSITIVE_INFINITY;
  const reject = (record: InvalidRecord) => {
    if (skips || record.skipped) {
      skipped.invalid++;
      addListed(skipped, { place: record.place, reason: record.reason });
      return;
    }
    const now = performance.now();
    if (now > until) throw new EnoughKnown();
    if (refused.length === MAX_LISTED) {
      unlisted++;
      return;
    }
    const count = refused.push(record);
    if (count === 1) until = now + READ_ON_MS;
    if (count === MAX_LISTED) until = Math.min(until, now + READ_TO_END_MS);
  };
  const items = enumerator.enumerate(config, { ...context, reject })[Symbol.asyncIterator]();

  const checked = (step: IteratorResult<EnumeratedItem>): IteratorResult<EnumeratedItem> | Promise<never> => {
    hasItems ||= step.done !== true;
    return refused.length === 0 ? step : readOn(step.done === true);
  };

  /** Reads on in a refused source to find its other invalid records; always throws. */
  async function readOn(isDone: boolean): Promise<never> {
    let isWhole = isDone;
    while (!isWhole && performance.now() <= until) {
      isWhole = (await items.next().catch(asRefusal)).done === true;
      hasItems ||= !isWhole;
    }
    await items.return?.();
    throw await invalidRecords(refused, { unlisted, mayBeMore: !isWhole, helpsToSkip: hasItems });
  }

  async function asRefusal(error: unknown): Promise<never> {
    if (refused.length === 0 || context.signal?.aborted) throw error;
    // The other error lies after the invalid records and would occur even if they were skipped.
    throw await invalidRecords(refused, {
      unlisted,
      mayBeMore: true,
      helpsToSkip: error instanceof EnoughKnown && hasItems,
    });
  }

  return {
    [Symbol.asyncIterator]: () => ({
      next: () => items.next().then(checked, asRefusal),
      return: async () => (await items.return?.()) ?? { done: true, value: undefined },
    }),
  };
}

function addListed({ records }: Skipped, record: SkippedRecord): void {
  if (records.length < MAX_LISTED) records.push(record);
}
