import { z } from 'zod';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../domain/enumerator.ts';
import { AbpError } from '../domain/error.ts';
import { parseExactJson } from '../domain/exact-json.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { show } from '../domain/validate.ts';
import { encodingField, limitField, onDuplicateField } from './reading/fields.ts';
import { didYouMeanStep, splitPath } from './reading/json-route.ts';
import { MAX_DEPTH, scanJson } from './reading/json-scan.ts';
import { lineCutter } from './reading/lines.ts';
import { absolutePath, sensitivePowers } from './reading/paths.ts';
import { repeatsKeys } from './reading/repeated-keys.ts';
import { MAX_ITEM_LENGTH } from './reading/rows.ts';
import { readStart, readText } from './reading/text.ts';
import { refuseWhenAborted } from './reading/turns.ts';
import { countWarnings } from './reading/warnings.ts';

const configSchema = z
  .strictObject({
    file_path: z
      .string()
      .min(1)
      .describe('The JSON file; may be gzipped. `~` and paths relative to the working directory are resolved.'),
    items_path: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Where the array of items is: "data.items"; a dot inside a name is "\\.". Left out: the whole file is the array.',
      ),
    id_field: z
      .string()
      .min(1)
      .optional()
      .describe("The field (or path with dots) whose value is the item's key. Left out: its number."),
    format: z
      .enum(['json', 'jsonl'])
      .optional()
      .describe('One JSON text, or one JSON value a line (JSON Lines). Left out: told from name and content.'),
    encoding: encodingField,
    on_duplicate: onDuplicateField,
    limit: limitField,
  })
  .refine(({ format, items_path }) => format !== 'jsonl' || items_path === undefined, {
    path: ['items_path'],
    error: 'expected none with format "jsonl", where every line is an item',
  });

type JsonConfig = z.infer<typeof configSchema>;

/** Every value of a JSON array, or of a JSON Lines file. */
export const jsonEnumerator: Enumerator<JsonConfig> = {
  type: 'json',
  description:
    'Values of an array in a JSON file, or lines of a JSON Lines file. Fields: those of each object (or value, for anything else), and _index (from 0) and _id (the key), unless it has such fields.',
  configSchema,
  example: { file_path: '~/data/export.json', items_path: 'data.items', id_field: 'id' },
  resolve: (config, { workingDirectory }) => ({
    ...config,
    file_path: absolutePath(config.file_path, workingDirectory),
  }),
  root: ({ file_path }) => file_path,
  powers: ({ file_path }, bounds) => sensitivePowers(file_path, bounds),
  enumerate,
};

/** A value and where it was found. */
interface Located {
  readonly text: string;
  readonly value: Json;
  readonly place: string;
}

async function* enumerate(given: JsonConfig, context: EnumerationContext): AsyncGenerator<EnumeratedItem> {
  const config = jsonEnumerator.resolve(given, context);
  const idPath = config.id_field === undefined ? null : splitPath(config.id_field);
  const batches = (await formatOf(config)) === 'jsonl' ? lines(config) : elements(config);
  const warnings = countWarnings(context.warn, WARNINGS);
  let index = 0;
  try {
    for await (const batch of batches) {
      refuseWhenAborted(context.signal);
      for (const { text, value, place } of batch) {
        if (repeatsKeys(text, value)) warnings.add('repeated_field', place);
        const key = idPath === null ? {} : { key: keyOf(value, idPath, config, place) };
        yield { ...key, place, payload: payloadOf(value, index, key.key ?? String(index)) };
        if (++index === config.limit) return;
      }
    }
  } finally {
    warnings.report();
  }
}

const WARNINGS = { repeated_field: 'Items give a field twice: the last of its values was taken.' } as const;

/** The values of the array at items_path, as they end. */
async function* elements(config: JsonConfig): AsyncGenerator<Located[]> {
  const scan = scanJson({
    path: config.items_path === undefined ? [] : splitPath(config.items_path),
    maxLength: MAX_ITEM_LENGTH,
    fault: (line, column, message) => refuse(config, `line ${line}, column ${column}`, message, ELEMENTS_HINT),
  });
  for await (const piece of readText({ path: config.file_path, encoding: config.encoding })) {
    const found = scan.push(piece);
    yield found.map(({ text, line, column }) => ({
      text,
      value: parseExactJson(text),
      place: `line ${line}, column ${column}`,
    }));
  }
  scan.end();
}

/** The values of JSON Lines; empty lines are none. */
async function* lines(config: JsonConfig): AsyncGenerator<Located[]> {
  const cutter = lineCutter();
  let line = 0;
  for await (const piece of readText({ path: config.file_path, encoding: config.encoding })) {
    yield cutter.push(piece).flatMap(locate);
    if (cutter.rest().length > MAX_ITEM_LENGTH) throw tooLong(line + 1);
  }
  yield locate(cutter.rest());

  function locate(text: string): Located[] {
    line++;
    return BLANK.test(text) ? [] : [{ text, value: parseLine(text, config, line), place: `line ${line}` }];
  }

  function tooLong(at: number): AbpError {
    return refuse(
      config,
      `line ${at}`,
      `expected at most ${MAX_ITEM_LENGTH} characters in one line, found more`,
      LINES_HINT,
    );
  }
}

/** JSON.parse says what is wrong, but not always where, and does not mind the nesting: those lines are scanned. */
function parseLine(text: string, config: JsonConfig, line: number): Json {
  const check = () => {
    const fault = (_: number, column: number, message: string) =>
      refuse(config, `line ${line}, column ${column}`, message, LINES_HINT);
    const scan = scanJson({ path: null, maxLength: MAX_ITEM_LENGTH, fault });
    scan.push(text);
    scan.end();
  };
  // Shorter text has no room for deeper nesting.
  if (text.length > 2 * MAX_DEPTH) check();
  try {
    return parseExactJson(text);
  } catch (error) {
    check();
    throw error;
  }
}

function payloadOf(value: Json, index: number, id: string): JsonObject {
  const fields = isObject(value) ? value : { value };
  return {
    ...fields,
    ...(Object.hasOwn(fields, '_index') ? {} : { _index: index }),
    ...(Object.hasOwn(fields, '_id') ? {} : { _id: id }),
  };
}

function keyOf(item: Json, path: readonly string[], config: JsonConfig, place: string): string {
  const refused = (found: string) =>
    refuse(config, place, `expected a text or number in id_field ${show(config.id_field)}, found ${found}`, ID_HINT);
  let found = item;
  for (const [at, step] of path.entries()) {
    const fields = isObject(found) ? found : {};
    const next = Object.hasOwn(fields, step) ? fields[step] : undefined;
    if (next === undefined) throw refused(`no such field.${didYouMeanStep(path, at, Object.keys(fields))}`);
    found = next;
  }
  if (typeof found === 'number') return String(found);
  // Half of a surrogate pair is no text that could be stored.
  if (typeof found === 'string' && found !== '' && found.isWellFormed()) return found;
  throw refused(show(found));
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON Lines by name, or because the first line is a value of its own with more behind it. */
async function formatOf(config: JsonConfig): Promise<'json' | 'jsonl'> {
  if (config.format) return config.format;
  if (config.items_path !== undefined) return 'json';
  if (/\.(jsonl|ndjson)(\.gz)?$/i.test(config.file_path)) return 'jsonl';
  const { text } = await readStart({ path: config.file_path, encoding: config.encoding }, tellsFormat);
  const start = text.trimStart();
  const end = start.indexOf('\n');
  if (end < 0 || start.slice(end).trim() === '') return 'json';
  try {
    JSON.parse(start.slice(0, end));
    return 'jsonl';
  } catch {
    return 'json';
  }
}

/** Whether a beginning tells the format: what starts with an array does at once, anything else with the end of its first line. */
function tellsFormat(start: string): boolean {
  const text = start.trimStart();
  return text.startsWith('[') || text.includes('\n') || text.length > LONGEST_FIRST_LINE;
}

/** A longer first line is not waited for. */
const LONGEST_FIRST_LINE = 1024 * 1024;

/** JSON's own white space; `trim` takes more away. */
const BLANK = /^[ \t\r]*$/;

function refuse(config: JsonConfig, place: string, message: string, hint: string): AbpError {
  return new AbpError('invalid_input', `${config.file_path}, ${place}: ${message}`, { hint });
}

const ELEMENTS_HINT =
  'items_path says where the array of items is ("data.items"); a file with one value a line has the format "jsonl".';
const LINES_HINT =
  'JSON Lines has one whole JSON value on each line; a file that is one JSON text has the format "json".';
const ID_HINT = 'Every item needs the id_field; leave it out to number the items.';
