import { AbpError } from '../domain/error.ts';
import type { EnumerationContext, Enumerator } from '../ports/enumerator.ts';
import { noneSkipped, readItems } from './items.ts';

/** Policy of a config for repeated keys: `skip` all but the first, or `refuse` (default, also for configs without the field). */
export function onDuplicate(config: unknown): 'refuse' | 'skip' {
  return (config as { on_duplicate?: unknown }).on_duplicate === 'skip' ? 'skip' : 'refuse';
}

/**
 * Makes the error for a repeated key, with both places. Reads the source again up to the second place, because keeping
 * the places of all keys would make memory grow with the source.
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
    if (item.key === key) places.push(item.place ?? 'an unknown place');
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
