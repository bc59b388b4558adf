import { AbpError } from '../domain/error.ts';
import type { EnumerationContext, Enumerator } from '../ports/enumerator.ts';
import { noneSkipped, readItems } from './items.ts';

/** What a config says about items with one key: `refuse` (also where there is no such field) or `skip` all but the first. */
export function onDuplicate(config: unknown): 'refuse' | 'skip' {
  return (config as { on_duplicate?: unknown }).on_duplicate === 'skip' ? 'skip' : 'refuse';
}

/**
 * The refusal of a key that was found twice, with both places. Keys are not kept while a source is read, so that memory
 * does not grow with it: the source is read again, up to the second place.
 */
export async function duplicateKey<Config>(
  enumerator: Enumerator<Config>,
  config: Config,
  context: EnumerationContext,
  key: string,
): Promise<AbpError> {
  const places: string[] = [];
  const { warn: _, ...quietly } = context;
  for await (const item of readItems(enumerator, config, quietly, noneSkipped())) {
    if (item.key === key) places.push(item.place ?? 'a place unknown');
    if (places.length === 2) break;
  }
  return new AbpError(
    'invalid_input',
    `Expected a key of its own for every item, found ${JSON.stringify(key)} twice: ${places.join(' and ')}.`,
    {
      hint: 'Choose another id column or field, or set on_duplicate to "skip" to keep the first of each.',
      details: { key, places },
    },
  );
}
