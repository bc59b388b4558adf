import type { EnumeratedItem, EnumerationContext, Enumerator, InvalidRecord } from '../domain/enumerator.ts';
import { invalidRecords } from './reading/invalid.ts';

/** So many records that were left out, or that are refused, are listed. */
const LISTED = 20;
/** Once a source is refused it is read on for so long, to list what else is wrong with it. */
const READ_ON_MS = 5000;

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
  let until = Number.POSITIVE_INFINITY;
  const reject = (record: InvalidRecord) => {
    if (skips || record.skipped) {
      skipped.invalid++;
      list(skipped, { place: record.place, reason: record.reason });
      return;
    }
    if (refused.push(record) === 1) until = performance.now() + READ_ON_MS;
    if (refused.length === LISTED) throw invalidRecords(refused, true);
  };
  const items = enumerator.enumerate(config, { ...context, reject })[Symbol.asyncIterator]();

  const checked = (step: IteratorResult<EnumeratedItem>): IteratorResult<EnumeratedItem> | Promise<never> =>
    refused.length === 0 ? step : readOn(step.done === true);

  /** Looks for what else is wrong with a source that is refused. */
  async function readOn(isDone: boolean): Promise<never> {
    let isWhole = isDone;
    while (!isWhole && performance.now() <= until) isWhole = (await items.next().catch(explained)).done === true;
    await items.return?.();
    throw invalidRecords(refused, !isWhole);
  }

  function explained(error: unknown): never {
    // What ended it lies behind them.
    throw refused.length > 0 && !context.signal?.aborted ? invalidRecords(refused, true) : error;
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
