import { AbpError } from '../../src/domain/error.ts';
import type { Json, JsonObject } from '../../src/domain/json.ts';
import { type EnumeratorTable, enumerators, getEnumerator, parseConfig } from '../../src/enumerators/index.ts';
import { noneSkipped, readItems } from '../../src/enumerators/items.ts';
import type { EnumeratedItem, EnumerationContext, EnumerationWarning } from '../../src/ports/enumerator.ts';

/** Everything an enumeration gave. */
export interface Enumerated {
  readonly items: readonly EnumeratedItem[];
  readonly payloads: readonly JsonObject[];
  readonly warnings: readonly EnumerationWarning[];
}

/** Runs an enumerator to its end, from a config as a user gives it; code is approved unless the context says otherwise. */
export async function enumerateAll(
  type: string,
  config: JsonObject,
  context: Partial<EnumerationContext> = {},
  table: EnumeratorTable = enumerators,
): Promise<Enumerated> {
  const enumerator = await getEnumerator(type, table);
  const items: EnumeratedItem[] = [];
  const warnings: EnumerationWarning[] = [];
  const whole = {
    workingDirectory: '/',
    warn: (warning: EnumerationWarning) => warnings.push(warning),
    ...context,
  };
  for await (const item of enumerator.enumerate(parseConfig(enumerator, config), whole)) items.push(item);
  return { items, payloads: items.map(({ payload }) => payload), warnings };
}

/** The payloads of a source, as a job reads them. */
export async function sourceItems(type: string, config: JsonObject): Promise<JsonObject[]> {
  const enumerator = await getEnumerator(type);
  const context = { workingDirectory: '/' };
  const items: JsonObject[] = [];
  for await (const { payload } of readItems(enumerator, parseConfig(enumerator, config), context, noneSkipped())) {
    items.push(payload);
  }
  return items;
}

/** The settings that a hint names, in its order: `name: value`, the value as JSON. */
export function settingsIn(hint: string | undefined): JsonObject[] {
  const found = hint?.matchAll(/\b([a-z_]+): ("(?:[^"\\]|\\.)*"|true|false|\d+)/g) ?? [];
  return [...found].map(([, name = '', value = '']) => ({ [name]: JSON.parse(value) as Json }));
}

/** The AbpError with which something is refused. */
export async function refusal(run: () => unknown): Promise<AbpError> {
  try {
    await run();
  } catch (error) {
    if (error instanceof AbpError) return error;
    throw error;
  }
  throw new Error('expected a refusal, and there was none');
}
