import { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { parseExactJson } from '../domain/exact-json.ts';
import type { Json } from '../domain/json.ts';
import { absolutePath } from '../domain/paths.ts';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../ports/enumerator.ts';
import { fitHint, GRAMMAR_HINT, lineHint } from './json/hints.ts';
import { type Fault, jsonItems, type Located } from './json/items.ts';
import { itemsPath, type ValueKind } from './json/route.ts';
import { type FoundValue, MAX_DEPTH, scanJson } from './json/scan.ts';
import { mixedKinds } from './json/values.ts';
import { COMPRESSED_ENDING } from './reading/bytes.ts';
import { TextFaults } from './reading/decoder.ts';
import { encodingField, limitField, onDuplicateField, onInvalidField } from './reading/fields.ts';
import { reject } from './reading/invalid.ts';
import { lineCutter } from './reading/lines.ts';
import { sensitivePowers } from './reading/paths.ts';
import { MAX_ITEM_LENGTH } from './reading/rows.ts';
import {
  ENCODING_HINT,
  NUL_HINT,
  nulFound,
  readStart,
  readText,
  type TextSource,
  undecodable,
} from './reading/text.ts';
import { countWarnings, type WarningCounter } from './reading/warnings.ts';
import { throwIfAborted } from './reading/yielder.ts';

const configSchema = z
  .strictObject({
    file_path: z.string().min(1).describe('The JSON file; may be compressed (gzip, zstd).'),
    items_path: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Where the items are: "data.items" (an array, or an object: members are items, their names _key), "results[*].items" (in every one). Escape dots, brackets and * in a name with a backslash. Default: the file is the array, or several objects.',
      ),
    id_field: z
      .string()
      .min(1)
      .optional()
      .describe("The field (or path with dots) whose value is the item's key. Default: its number."),
    format: z
      .enum(['json', 'jsonl'])
      .optional()
      .describe(
        'One JSON text or several, all arrays (their values are the items) or all objects, or one JSON value per line, each an item (JSON Lines). Default: detected from name and content.',
      ),
    encoding: encodingField,
    on_duplicate: onDuplicateField,
    on_invalid: onInvalidField,
    limit: limitField,
  })
  .refine(({ format, items_path }) => format !== 'jsonl' || items_path === undefined, {
    path: ['items_path'],
    error: 'expected none with format "jsonl", where every line is an item',
  });

/** Config of the JSON enumerator. */
export type JsonConfig = z.infer<typeof configSchema>;

/** Enumerates the values of a JSON array or object, of several JSON texts, or of a JSON Lines file. */
export const jsonEnumerator: Enumerator<JsonConfig> = {
  type: 'json',
  description:
    'Values of an array or object in a JSON file, several JSON texts in one, or lines of a JSON Lines file. Fields: those of each object (or value, for anything else), and _index (from 0) and _id (the key), unless it has such fields. Numbers that a double would change are text.',
  configSchema,
  example: { file_path: '~/data/export.json', items_path: 'data.items', id_field: 'id' },
  resolve: (config, { workingDirectory }) => ({
    ...config,
    file_path: absolutePath(config.file_path, workingDirectory),
  }),
  root: ({ file_path }) => file_path,
  readable: () => [],
  powers: ({ file_path }, bounds) => sensitivePowers(file_path, bounds),
  enumerate,
};

/** A file to read, with its text faults. */
type JsonText = Required<Pick<TextSource, 'faults'>> & TextSource;

async function* enumerate(given: JsonConfig, context: EnumerationContext): AsyncGenerator<EnumeratedItem> {
  const config = jsonEnumerator.resolve(given, context);
  const warnings = countWarnings(context.warn, WARNINGS);
  const faults = new TextFaults();
  const source = { path: config.file_path, encoding: config.encoding, faults };
  const itemOf = jsonItems(config, warnings, faults);
  /** Values seen, and items yielded. */
  let index = 0;
  let items = 0;
  try {
    const format = await formatOf(config, source);
    const batches = format === 'json' ? elements(config, source, warnings) : lines(config, source, format);
    for await (const batch of batches) {
      throwIfAborted(context.signal);
      for (const found of batch) {
        const item = 'reason' in found ? found : itemOf(found, index, items);
        index++;
        if ('reason' in item) {
          await reject(context, config, { source: config.file_path, ...item });
          continue;
        }
        yield item;
        if (++items === config.limit) return;
      }
    }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const { hint } = error;
    const message = `${config.file_path}, ${error.place}: ${error.message}`;
    throw new AbpError('invalid_input', message, { hint: typeof hint === 'string' ? hint : await hint() });
  } finally {
    warnings.report();
  }
}

/** Explains a text that is not JSON by its encoding; null if the encoding is right. */
function encodingFault(text: string | undefined, { encoding }: TextFaults): Pick<Fault, 'reason' | 'hint'> | null {
  if (text?.isWellFormed() === false) return { reason: undecodable(encoding), hint: ENCODING_HINT };
  return text?.includes('\0') ? { reason: nulFound(encoding), hint: NUL_HINT } : null;
}

/** A fault that ends the file. */
class JsonFault extends Error {
  readonly place: string;
  readonly hint: Fault['hint'];

  constructor({ place, reason, hint }: Fault) {
    super(reason);
    this.place = place;
    this.hint = hint;
  }
}

const WARNINGS = {
  repeated_field: 'Items contain a field twice: the last value was used.',
  nothing_there: 'items_path leads nowhere in a part of the file: no items were taken from there.',
} as const;

/** Yields the values at items_path as they are completed. */
async function* elements(config: JsonConfig, source: JsonText, warnings: WarningCounter): AsyncGenerator<Located[]> {
  const place = (line: number, column: number) => `line ${line}, column ${column}`;
  const scan = scanJson({
    path: config.items_path === undefined ? 'whole' : itemsPath(config.items_path),
    maxLength: MAX_ITEM_LENGTH,
    fault: (line, column, reason, found) =>
      new JsonFault({ place: place(line, column), reason, hint: GRAMMAR_HINT, ...encodingFault(found, source.faults) }),
    unfit: (line, column, reason) => new JsonFault({ place: place(line, column), reason, hint: () => fitHint(config) }),
    missed: (line, column, message) => warnings.add('nothing_there', `${place(line, column)}: ${message}`),
  });
  for await (const piece of readText(source)) yield scan.push(piece).map(locate);
  yield scan.end().map(locate);
}

function locate({ text, key, line, column }: FoundValue): Located {
  return { text, key, value: parseExactJson(text), place: `line ${line}, column ${column}` };
}

/** Yields the values of JSON Lines; skips empty lines. If only the content suggests the format, all values must be of one kind. */
async function* lines(
  config: JsonConfig,
  source: JsonText,
  format: 'jsonl' | 'seems jsonl',
): AsyncGenerator<(Located | Fault)[]> {
  const cutter = lineCutter();
  const hint = () => lineHint(config);
  let first: ValueKind | null = null;
  let line = 0;
  for await (const piece of readText(source)) {
    yield cutter.push(piece).flatMap(locate);
    if (cutter.rest().length <= MAX_ITEM_LENGTH) continue;
    const reason = `expected at most ${MAX_ITEM_LENGTH} characters in one line, found more`;
    throw new JsonFault({ place: `line ${line + 1}`, reason, hint });
  }
  yield locate(cutter.rest());

  function locate(given: string): (Located | Fault)[] {
    line++;
    // Record separator of a JSON text sequence (RFC 7464).
    const text = given.startsWith('\u001e') ? given.slice(1) : given;
    if (BLANK.test(text)) return [];
    try {
      const value = parseLine(text);
      if (format === 'seems jsonl') refuseMix(kindOf(value), text);
      return [{ text, key: null, value, place: `line ${line}` }];
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      const place = `line ${line}, column ${error.column}`;
      return [{ place, reason: error.message, hint, ...encodingFault(text, source.faults) }];
    }
  }

  /** Without line breaks they would be texts of one kind: white space must not decide what is an item. */
  function refuseMix(kind: ValueKind, text: string): void {
    first ??= kind;
    if (kind === first || (kind !== 'array' && kind !== 'object' && first !== 'object')) return;
    const place = `line ${line}, column ${text.search(/\S/) + 1}`;
    throw new JsonFault({ place, reason: mixedKinds(first, kind), hint: () => fitHint(config) });
  }
}

function kindOf(value: Json): ValueKind {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value === 'object' ? 'object' : 'scalar';
}

/** A line that is not JSON. */
class LineFault extends Error {
  readonly column: number;

  constructor(column: number, message: string) {
    super(message);
    this.column = column;
  }
}

/**
 * Parses a line; faulty lines are scanned, because JSON.parse does not always report the position or limit the nesting.
 */
function parseLine(text: string): Json {
  const check = () => {
    const fault = (_: number, column: number, message: string) => new LineFault(column, message);
    const scan = scanJson({ path: null, maxLength: MAX_ITEM_LENGTH, fault });
    scan.push(text);
    scan.end();
  };
  // A shorter text cannot be nested too deep.
  if (text.length > 2 * MAX_DEPTH) check();
  try {
    return parseExactJson(text);
  } catch (error) {
    check();
    throw error;
  }
}

/**
 * Detects the format: JSON Lines by file name; `seems jsonl` if the first line is a complete value other than an array
 * and more follows. Consecutive arrays always give their values.
 */
async function formatOf(config: JsonConfig, source: JsonText): Promise<'json' | 'jsonl' | 'seems jsonl'> {
  if (config.format) return config.format;
  if (config.items_path !== undefined) return 'json';
  if (/\.(?:jsonl|ndjson|jsonlines|ldjson|geojsonl|geojsons)$/i.test(config.file_path.replace(COMPRESSED_ENDING, '')))
    return 'jsonl';
  const { text } = await readStart(source, tellsFormat);
  const start = text.trimStart();
  const end = start.indexOf('\n');
  if (start.startsWith('[') || end < 0 || start.slice(end).trim() === '') return 'json';
  try {
    JSON.parse(start.slice(0, end));
    return 'seems jsonl';
  } catch {
    return 'json';
  }
}

/** Checks whether the beginning suffices to detect the format: an array at once, anything else at the end of the first line. */
function tellsFormat(start: string): boolean {
  const text = start.trimStart();
  return text.startsWith('[') || text.includes('\n') || text.length > LONGEST_FIRST_LINE;
}

/** Longest first line read to detect the format, in characters. */
const LONGEST_FIRST_LINE = 1024 * 1024;

/** White space of JSON; `trim` removes more. */
const BLANK = /^[ \t\r]*$/;
