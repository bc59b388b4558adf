import type { Json } from '../../domain/json.ts';
import type { JsonConfig } from '../json.ts';
import { TextFaults } from '../reading/decoder.ts';
import { MAX_ITEM_LENGTH } from '../reading/rows.ts';
import { readStart, type TextStart } from '../reading/text.ts';
import { jsonItems } from './items.ts';
import { collectionsIn } from './lists.ts';
import { itemsPath } from './route.ts';
import { type FoundValue, type ScanOptions, scanJson } from './scan.ts';

/** Characters of a file inspected for items. */
const SAMPLE_CHARACTERS = 1024 * 1024;
/** Places suggested at most. */
const MAX_PLACES = 3;

const FIT =
  'Items are the values of an array at the top or at items_path, or several consecutive objects; the texts of a file must be all arrays or all objects.';
/** Advice for text that is not JSON. */
export const GRAMMAR_HINT =
  'The text at this place is not JSON: fix it there; if the file ends too early, create or download it again.';

/** Advice for a JSON file without items where they are expected: settings that find some. */
export async function fitHint(config: JsonConfig): Promise<string> {
  const start = await startOf(config);
  const places = collectionsIn(start.text)
    // Without a path the top has already been tried.
    .filter(({ path, kind }) => config.items_path !== undefined || path !== '*' || kind === 'members')
    .filter(({ path }) => path !== config.items_path && finds(path, config, start))
    .slice(0, MAX_PLACES)
    .map(({ path, kind }) => {
      const does = kind === 'list' ? 'is a list in the file' : 'has similar members: each becomes an item';
      return `items_path: ${JSON.stringify(path)} ${does}.`;
    });
  const isPlain = config.items_path === undefined;
  const lines = isPlain && areItems(valuesOfLines(start), config) ? [JSONL] : [];
  // A single object may hold items as its members.
  const isOne = isPlain && start.isWhole && isJson(start.text) && finds('*', config, start);
  const members = isOne && places.length + lines.length === 0 ? [MEMBERS] : [];
  return [...places, ...lines, ...members, FIT].join(' ');
}

const JSONL = 'format: "jsonl" takes each line as an item.';
const MEMBERS = 'items_path: "*" makes each member of the object at the top an item, if that is what they are.';

/** Advice for a line that is not JSON. */
export async function lineHint(config: JsonConfig): Promise<string> {
  const start = await startOf(config);
  const json = areItems(valuesAt('whole', start), config)
    ? ' format: "json" reads values that span several lines.'
    : '';
  return `JSON Lines has one whole JSON value on each line: fix that line.${json}`;
}

/** Reads the beginning of the file; empty if it is unreadable, which the enumeration reports itself. */
function startOf({ file_path: path, encoding }: JsonConfig): Promise<TextStart> {
  const source = { path, encoding, faults: new TextFaults() };
  return readStart(source, (text) => text.length >= SAMPLE_CHARACTERS).catch(() => ({ text: '', isWhole: false }));
}

/** Checks whether the beginning of a file has items at a path. */
function finds(items_path: string, config: JsonConfig, start: TextStart): boolean {
  return areItems(valuesAt(itemsPath(items_path), start), { ...config, items_path });
}

/** The values at a path in the beginning of a file; none if it is not JSON. */
function valuesAt(path: ScanOptions['path'], { text, isWhole }: TextStart): readonly Value[] {
  const fault = (_line: number, _column: number, message: string) => new Error(message);
  const scan = scanJson({ path, maxLength: MAX_ITEM_LENGTH, fault });
  try {
    const found = scan.push(text);
    return isWhole ? [...found, ...scan.end()] : found;
  } catch {
    return [];
  }
}

/** The values of all lines; none if a line is not JSON. */
function valuesOfLines({ text, isWhole }: TextStart): readonly Value[] {
  const lines = (isWhole ? text : text.slice(0, text.lastIndexOf('\n') + 1)).split('\n');
  const values = lines.filter((line) => /[^ \t\r]/.test(line)).map((line) => ({ text: line, key: null }));
  return values.every(({ text: line }) => isJson(line)) ? values : [];
}

type Value = Pick<FoundValue, 'text' | 'key'>;

/** Checks whether there are values and all can be items. */
function areItems(values: readonly Value[], config: JsonConfig): boolean {
  const itemOf = jsonItems(config, { add: () => {}, report: () => {} }, new TextFaults());
  const isItem = ({ text, key }: Value) =>
    !('reason' in itemOf({ text, key, value: JSON.parse(text) as Json, place: '' }, 0, 0));
  return values.length > 0 && (config.on_invalid === 'skip' || values.every(isItem));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
