import { stringify } from 'yaml';
import type { Exit } from '../exit-codes.ts';
import { table } from '../format.ts';
import type { Session } from '../session.ts';

/** The parts of a JSON Schema that are shown. */
interface ConfigSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: unknown; readonly description?: string }>>;
  readonly required?: readonly string[];
}

/** Lists all types of sources, or the fields of one. */
export async function showEnumerators(session: Session, type: string | undefined): Promise<Exit> {
  const listed = await session.call('list_enumerators', type === undefined ? {} : { type });
  const { colors } = session.terminal;
  const [only] = listed.enumerators;
  if (type === undefined || !only) {
    const rows = listed.enumerators.map((one) => [one.type, one.description]);
    session.answer(listed, `${table(colors, ['type', 'items'], rows)}\nabp enumerators <type> shows its fields.`);
    return 'done';
  }
  const { properties = {}, required = [] } = (only.config_schema ?? {}) as ConfigSchema;
  const rows = Object.entries(properties).map(([name, field]) => [
    required.includes(name) ? colors.bold(name) : name,
    field.description ?? '',
  ]);
  session.answer(
    listed,
    [
      `${colors.bold(only.type)}: ${only.description}`,
      '',
      table(colors, ['field', 'meaning'], rows),
      '',
      colors.bold('Example'),
      stringify({ source: { type: only.type, ...(only.example as object) } }).trimEnd(),
    ].join('\n'),
  );
  return 'done';
}
