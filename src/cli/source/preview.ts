import { stringify } from 'yaml';
import { AbpError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { InputOf } from '../../orchestrator/index.ts';
import { SOURCE_TYPES } from '../../orchestrator/queries/sources.ts';
import { truncateObject } from '../../orchestrator/truncate.ts';
import { parseValue } from '../batch-file/document.ts';
import type { Batch } from '../batch-file/read.ts';
import type { Exit } from '../exit-codes.ts';
import { cell, count, table } from '../format.ts';
import { withApproval } from '../job/approval.ts';
import { prepare } from '../job/run-batch.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal.ts';
import { sourceLines } from '../warnings.ts';

type Source = Pick<InputOf<'preview_items'>, 'source'>;

/** Bytes of an item on a terminal; --json has more of it. */
const ITEM_BYTES = 2000;

/** Shows the first items and the fields of a source: that of a batch file, or one given by type and `field=value`. */
export async function showItems(
  session: Session,
  source: string,
  fields: readonly string[],
  limit: number,
): Promise<Exit> {
  const { given, workingDirectory, located } = await sourceOf(session, source, fields);
  const seen = await located(() =>
    withApproval(session, false, () => session.call('preview_items', { ...given, limit }, { workingDirectory })),
  );
  const { colors } = session.terminal;
  const rows = seen.fields.map(({ name, types, examples }) => [
    printable(name),
    String(types),
    cell(((examples ?? []) as readonly string[]).join('  '), 90),
  ]);
  session.answer(
    seen,
    [
      ...seen.items.flatMap((item, index) => [
        colors.bold(`Item ${index}`),
        printable(stringify(truncateObject(item as JsonObject, ITEM_BYTES)), true)
          .trimEnd()
          .replace(/^/gm, '  '),
      ]),
      '',
      table(colors, ['field', 'type', 'examples'], rows),
      '',
      `${seen.complete ? '' : 'At least '}${count(seen.total, 'item')}`,
      ...sourceLines(colors, seen),
    ].join('\n'),
  );
  return 'done';
}

interface SourceGiven extends Pick<Batch, 'located'> {
  readonly given: Source;
  readonly workingDirectory: string;
}

async function sourceOf(session: Session, source: string, fields: readonly string[]): Promise<SourceGiven> {
  if (SOURCE_TYPES.includes(source)) {
    const config = Object.fromEntries(fields.map(fieldOf));
    return {
      given: { source: { ...config, type: source } },
      workingDirectory: process.cwd(),
      located: (read) => read(),
    };
  }
  if (fields.length > 0) {
    throw new AbpError('invalid_input', `${source} is not a type of source: expected one before the fields.`, {
      hint: `Types: ${SOURCE_TYPES.join(', ')}. For a batch file give only the file.`,
    });
  }
  const { create, directory, located } = await prepare(session, source, { set: [], force: true });
  return { given: { source: create.source }, workingDirectory: directory, located };
}

function fieldOf(text: string): [string, unknown] {
  const [, name, value = ''] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? [];
  if (name !== undefined && value.trim() === '~') {
    throw new AbpError('invalid_input', `${text}: an unquoted ~ is null in YAML.`, {
      hint: `Give a path, or quote it for YAML and for the shell: '${name}="~"'`,
    });
  }
  if (name !== undefined) return [name, parseValue(value, text)];
  throw new AbpError('invalid_input', `Expected field=value, found ${JSON.stringify(text)}.`, {
    hint: 'For example: abp preview csv file_path=reviews.csv',
  });
}
