import { AbpError } from '../domain/error.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import type { LeaseToken } from '../domain/lease.ts';
import { show } from '../domain/validate.ts';
import { duplicateKey, onDuplicate } from '../enumerators/duplicates.ts';
import { noneSkipped, readItems, type Skipped, skipDuplicate } from '../enumerators/items.ts';
import type { EnumeratedItem, EnumerationWarning, Enumerator } from '../ports/enumerator.ts';
import type { Call, OrchestratorDeps } from './operation.ts';
import { truncate } from './truncate.ts';
import { boundYoungGeneration } from './young-generation.ts';

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
  let total = 0;
  const skipped = noneSkipped();

  const flush = async () => {
    const { fresh, repeated } = withoutDuplicates(deps, jobId, chunk.items);
    if (repeated[0]?.key !== undefined && onDuplicate(config) === 'refuse') {
      throw await duplicateKey(enumerator, config, context, repeated[0].key);
    }
    repository.maintenance.requireRoom(chunk.chars);
    await repository.turn();
    repository.transaction((tx) => {
      if (repository.leases.beat(lease) === 'lost' || !repository.jobs.get(jobId)) {
        throw new AbpError('cancelled', `${jobId} was cancelled while its units were being stored.`);
      }
      repository.units.add(tx, jobId, 'main', total, fresh);
    });
    total += fresh.length;
    for (const item of repeated) skipDuplicate(skipped, item);
    chunk.items.length = 0;
    chunk.chars = 0;
    boundYoungGeneration();
    call.onProgress?.({ done: total, total: null, message: `${total} units stored` });
    // Gives timers, cancellation and other calls of this process a turn between two transactions.
    await new Promise((resolve) => setImmediate(resolve));
  };

  const context = {
    workingDirectory: call.workingDirectory,
    warn: (warning: EnumerationWarning) => warnings.push(warning),
    ...(call.signal ? { signal: call.signal } : {}),
  };
  for await (const item of readItems(enumerator, config, context, skipped)) {
    for (const field of Object.keys(item.payload)) if (fields.size < MAX_FIELDS) fields.add(field);
    chunk.items.push(item);
    chunk.chars += sizeOf(item.payload);
    if (chunk.items.length >= CHUNK_ROWS || chunk.chars >= CHUNK_CHARS) await flush();
  }
  if (chunk.items.length > 0) await flush();
  if (total === 0) throw noItems(enumerator.type, warnings, skipped);
  return { total, fields: [...fields], skipped, warnings };
}

/** Splits items into those with a new key and those whose key is stored already or earlier in this chunk. */
function withoutDuplicates(
  { repository }: OrchestratorDeps,
  jobId: string,
  items: readonly EnumeratedItem[],
): { fresh: readonly EnumeratedItem[]; repeated: readonly EnumeratedItem[] } {
  const keys = items.flatMap((item) => (item.key === undefined ? [] : [item.key]));
  if (keys.length === 0) return { fresh: items, repeated: [] };
  const seen = new Set(repository.units.indexesByKey(jobId, keys).keys());
  const fresh: EnumeratedItem[] = [];
  const repeated: EnumeratedItem[] = [];
  for (const item of items) {
    if (item.key !== undefined && seen.has(item.key)) repeated.push(item);
    else fresh.push(item);
    if (item.key !== undefined) seen.add(item.key);
  }
  return { fresh, repeated };
}

/** Estimates the length of a value as JSON, in characters. */
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
  const skipped = invalid === 0 ? '' : ` ${invalid} records cannot be items: ${truncate(first, 300)}.`;
  const leftOut = warnings.map(({ message, count, examples }) => {
    return ` ${message} (${count}: ${truncate(examples.map(show).join(', '), 300)})`;
  });
  return new AbpError('invalid_input', `The ${type} source has no items.${skipped}${leftOut.join('')}`, {
    hint: 'preview_items shows what a source holds; check its path, pattern or query.',
  });
}
