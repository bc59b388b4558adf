import { AbpError } from '../domain/error.ts';
import { hint, mention } from '../domain/hint.ts';
import { didYouMean } from '../domain/nearest.ts';
import { parseWith } from '../domain/validate.ts';
import type { EnumerationContext, Enumerator } from '../ports/enumerator.ts';

/** Imports a driver on first use. */
export type EnumeratorLoader = () => Promise<Enumerator>;
/** Enumerator drivers by type. */
export type EnumeratorTable = Readonly<Record<string, EnumeratorLoader>>;

/** All enumerators. A new one needs its file and one line here. */
export const enumerators: EnumeratorTable = {
  file: async () => (await import('./file.ts')).fileEnumerator,
  csv: async () => (await import('./csv.ts')).csvEnumerator,
  json: async () => (await import('./json.ts')).jsonEnumerator,
  sql: async () => (await import('./sql.ts')).sqlEnumerator,
  dynamic: async () => (await import('./dynamic.ts')).dynamicEnumerator,
};

/** Loads the driver of a type. Throws AbpError `invalid_input` that names the nearest known type. */
export async function getEnumerator(type: string, table: EnumeratorTable = enumerators): Promise<Enumerator> {
  const load = Object.hasOwn(table, type) ? table[type] : undefined;
  if (load) return load();
  const known = Object.keys(table);
  const message = `Unknown enumerator ${JSON.stringify(type)}.${didYouMean(type, known)}`;
  throw new AbpError('invalid_input', message, {
    hint: hint`Enumerators: ${known.join(', ')}. ${mention('list_enumerators')} shows their fields with an example.`,
    details: { known, problems: [{ path: 'type', message }] },
  });
}

/** Loads all drivers, in the order of the table. */
export function listEnumerators(table: EnumeratorTable = enumerators): Promise<Enumerator[]> {
  return Promise.all(Object.values(table).map((load) => load()));
}

/**
 * Loads the enumerator of a source and checks its config; relative paths become absolute. Throws as `getEnumerator` and
 * `parseConfig`.
 */
export async function openSource(
  { type, ...given }: { readonly type: string },
  context: Pick<EnumerationContext, 'workingDirectory'>,
): Promise<{ readonly enumerator: Enumerator; readonly config: unknown }> {
  const enumerator = await getEnumerator(type);
  return { enumerator, config: enumerator.resolve(parseConfig(enumerator, given), context) };
}

/**
 * Parses a config for its enumerator. Throws AbpError `invalid_input` with every problem and the nearest known field.
 */
export function parseConfig<Config>(enumerator: Enumerator<Config>, config: unknown): Config {
  const example = `Example: ${JSON.stringify(enumerator.example)}`;
  return parseWith(enumerator.configSchema, config, `config of enumerator ${enumerator.type}`, example);
}
