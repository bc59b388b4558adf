import type { EnumeratedItem, EnumerationContext, Enumerator, InvalidRecord } from '../ports/enumerator.ts';
import { invalidRecords } from './reading/invalid.ts';

/** So many records that were left out, or that are refused, are listed. */
const LISTED = 20;
/** Once a source is refused it is read on for so long, to list what else is wrong with it. */
const READ_ON_MS = 5000;
/** And for so long when enough is listed, to learn whether it can be read but for such records. */
const READ_TO_END_MS = 1000;

/** A record that became no item, and why. */
export interface SkippedRecord {
  readonly place: string;
  readonly reason: string;
}

/** What of a source became no items because its config says so, counted, the first of it by place. */
export interface Skipped {
  duplicates: number;
  invalid: number;
  readonly records: SkippedRecord[];
}

/** Ends an enumeration of which enough is known. */
class Enough extends Error {}

/** Nothing skipped yet. */
export function noneSkipped(): Skipped {
  return { duplicates: 0, invalid: 0, records: [] };
}

/** Counts an item whose key came before. */
export function skipDuplicate(skipped: Skipped, { key, place }: EnumeratedItem): void {
  skipped.duplicates++;
  list(skipped, { place: place ?? 'a place unknown', reason: `its key ${JSON.stringify(key)} came before` });
}

/** What a config says about records that cannot be items: `refuse` (also where there is no such field) or `skip`. */
export function onInvalid(config: unknown): 'refuse' | 'skip' {
  return (config as { on_invalid?: unknown }).on_invalid === 'skip' ? 'skip' : 'refuse';
}

/**
 * The items of a source. Records that cannot be items are counted in `skipped`, or refuse the source: the first of them
 * all at once, with AbpError `invalid_input`. Else throws what the enumerator throws. An iterator by hand: a generator
 * around another one costs as much as reading a row.
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
      list(skipped, { place: record.place, reason: record.reason });
      return;
    }
    const now = performance.now();
    if (now > until) throw new Enough();
    if (refused.length === LISTED) {
      unlisted++;
      return;
    }
    const count = refused.push(record);
    if (count === 1) until = now + READ_ON_MS;
    if (count === LISTED) until = Math.min(until, now + READ_TO_END_MS);
  };
  const items = enumerator.enumerate(config, { ...context, reject })[Symbol.asyncIterator]();

  const checked = (step: IteratorResult<EnumeratedItem>): IteratorResult<EnumeratedItem> | Promise<never> => {
    hasItems ||= step.done !== true;
    return refused.length === 0 ? step : readOn(step.done === true);
  };

  /** Looks for what else is wrong with a source that is refused. */
  async function readOn(isDone: boolean): Promise<never> {
    let isWhole = isDone;
    while (!isWhole && performance.now() <= until) {
      isWhole = (await items.next().catch(explained)).done === true;
      hasItems ||= !isWhole;
    }
    await items.return?.();
    throw await invalidRecords(refused, { unlisted, mayBeMore: !isWhole, helpsToSkip: hasItems });
  }

  async function explained(error: unknown): Promise<never> {
    if (refused.length === 0 || context.signal?.aborted) throw error;
    // What else ended it lies behind them, and would also if they were skipped.
    throw await invalidRecords(refused, {
      unlisted,
      mayBeMore: true,
      helpsToSkip: error instanceof Enough && hasItems,
    });
  }

  return {
    [Symbol.asyncIterator]: () => ({
      next: () => items.next().then(checked, explained),
      return: async () => (await items.return?.()) ?? { done: true, value: undefined },
    }),
  };
}

function list({ records }: Skipped, record: SkippedRecord): void {
  if (records.length < LISTED) records.push(record);
}
