import { cut } from '../../domain/cut.ts';
import { AbpError } from '../../domain/error.ts';
import { hint, mention } from '../../domain/hint.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { LeaseToken } from '../../domain/lease.ts';
import { show } from '../../domain/validate.ts';
import { duplicateKey, onDuplicate } from '../../enumerators/duplicates.ts';
import { noneSkipped, readItems, type Skipped, skipDuplicate } from '../../enumerators/items.ts';
import type { EnumeratedItem, EnumerationWarning, Enumerator } from '../../ports/enumerator.ts';
import type { Tx } from '../../ports/repository.ts';
import type { SourceKeys, UnitKey } from '../../ports/source-keys.ts';
import type { Call, OrchestratorDeps } from '../operation.ts';

/** Rows and characters of one transaction: it stays well below the 100 ms that other writers may have to wait. */
const CHUNK_ROWS = 2000;
const CHUNK_CHARS = 1_000_000;
/** Fields that are recorded of a source; one with more has no fixed fields, and a template may use those recorded. */
const MAX_FIELDS = 10_000;

/** Result of an enumeration: units stored, fields seen, records skipped. */
export interface Enumerated {
  readonly total: number;
  readonly fields: readonly string[];
  readonly skipped: Skipped;
  readonly warnings: readonly EnumerationWarning[];
}

/** Items that wait for their transaction. */
interface Chunk {
  readonly items: EnumeratedItem[];
  chars: number;
}

/**
 * Streams a source into the units of a job, in short transactions under its creator's lease. Throws the errors of the
 * enumerator, `invalid_input` for a duplicate key or a source without items, `cancelled` when the job was deleted
 * meanwhile.
 */
export async function enumerateInto(
  deps: OrchestratorDeps,
  lease: LeaseToken,
  enumerator: Enumerator,
  config: unknown,
  call: Call,
): Promise<Enumerated> {
  const { repository } = deps;
  const { jobId } = lease;
  const warnings: EnumerationWarning[] = [];
  const fields = new Set<string>();
  const chunk: Chunk = { items: [], chars: 0 };
  const keys = repository.sourceKeys();
  let total = 0;
  const skipped = noneSkipped();

  /** One short transaction under the lease, then a turn for timers, cancellation and other calls of this process. */
  const write = async (chars: number, work: (tx: Tx) => Promise<void>) => {
    repository.maintenance.requireRoom(chars);
    await repository.transaction({ job: lease.jobId }, async (tx) => {
      if ((await tx.leases.beat(lease)) === 'lost' || !(await tx.jobs.get(jobId))) {
        throw new AbpError('cancelled', `${jobId} was cancelled while its units were being stored.`);
      }
      await work(tx);
    });
    await new Promise((resolve) => setImmediate(resolve));
  };

  const flush = async () => {
    const { fresh, repeated } = withoutDuplicates(keys, chunk.items, total);
    if (repeated[0]?.key !== undefined && onDuplicate(config) === 'refuse') {
      throw await duplicateKey(enumerator, config, context, repeated[0].key);
    }
    await write(chunk.chars, (tx) => tx.units.add(jobId, 'unit', total, fresh));
    total += fresh.length;
    for (const item of repeated) skipDuplicate(skipped, item);
    chunk.items.length = 0;
    chunk.chars = 0;
    call.onProgress?.({ done: total, total: null, message: `${total} units stored` });
  };

  const context = {
    workingDirectory: call.workingDirectory,
    warn: (warning: EnumerationWarning) => warnings.push(warning),
    ...(call.signal ? { signal: call.signal } : {}),
  };
  try {
    for await (const item of readItems(enumerator, config, context, skipped)) {
      for (const field of Object.keys(item.payload)) if (fields.size < MAX_FIELDS) fields.add(field);
      chunk.items.push(item);
      chunk.chars += sizeOf(item.payload);
      if (chunk.items.length >= CHUNK_ROWS || chunk.chars >= CHUNK_CHARS) await flush();
    }
    if (chunk.items.length > 0) await flush();
    for (const batch of batches(keys.sorted())) {
      await write(batch.chars, (tx) => tx.units.addKeys(jobId, batch.keys));
    }
  } finally {
    keys.close();
  }
  if (total === 0) throw noItems(enumerator.type, warnings, skipped);
  return { total, fields: [...fields], skipped, warnings };
}

/** The items whose key did not come before, which become units from index `first` on, and the others. */
function withoutDuplicates(
  keys: SourceKeys,
  items: readonly EnumeratedItem[],
  first: number,
): { fresh: readonly EnumeratedItem[]; repeated: readonly EnumeratedItem[] } {
  const fresh: EnumeratedItem[] = [];
  const repeated: EnumeratedItem[] = [];
  for (const item of items) {
    const isRepeated = item.key !== undefined && keys.add(item.key, first + fresh.length) === 'repeated';
    (isRepeated ? repeated : fresh).push(item);
  }
  return { fresh, repeated };
}

/** Keys in their order, as many as one transaction takes. */
function* batches(sorted: Iterable<UnitKey>): Generator<{ readonly keys: readonly UnitKey[]; readonly chars: number }> {
  let keys: UnitKey[] = [];
  let chars = 0;
  for (const key of sorted) {
    keys.push(key);
    chars += key.key.length;
    if (keys.length < CHUNK_ROWS && chars < CHUNK_CHARS) continue;
    yield { keys, chars };
    keys = [];
    chars = 0;
  }
  if (keys.length > 0) yield { keys, chars };
}

/** About how long a value is as JSON, in characters. */
function sizeOf(value: Json): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 8;
  // The names of a list are its positions.
  const fields = value as JsonObject;
  let chars = 32;
  for (const name of Object.keys(fields)) chars += name.length + 4 + sizeOf(fields[name] ?? null);
  return chars;
}

/** Error for a source without items; it lists what was left out, which may be all that the source has. */
function noItems(type: string, warnings: readonly EnumerationWarning[], { invalid, records }: Skipped): AbpError {
  const first = records.map(({ place, reason }) => `${place}: ${reason}`).join('; ');
  const skipped = invalid === 0 ? '' : ` ${invalid} records cannot be items: ${cut(first, 300)}.`;
  const leftOut = warnings.map(({ message, count, examples }) => {
    return ` ${message} (${count}: ${cut(examples.map(show).join(', '), 300)})`;
  });
  return new AbpError('invalid_input', `The ${type} source has no items.${skipped}${leftOut.join('')}`, {
    hint: hint`${mention('preview_items')} shows what a source holds; check its path, pattern or query.`,
  });
}
