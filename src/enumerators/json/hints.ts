import type { Json } from '../../domain/json.ts';
import type { JsonConfig } from '../json.ts';
import { TextFaults } from '../reading/decoder.ts';
import { MAX_ITEM_LENGTH } from '../reading/rows.ts';
import { readStart, type TextStart } from '../reading/text.ts';
import { jsonItems } from './items.ts';
import { collectionsIn } from './lists.ts';
import { itemsPath } from './route.ts';
import { type FoundValue, type ScanOptions, scanJson } from './scan.ts';

/** So many characters of a file are looked at for what its items are. */
const LOOKED_AT = 1024 * 1024;
/** So many places are named. */
const PLACES = 3;

const FIT =
  'Items are the values of an array at the top or at items_path, or several objects one behind the other; all texts of a file are arrays, or all are objects.';
/** What to do about a text that is not JSON. */
export const GRAMMAR_HINT =
  'What is there is not JSON: fix it there; if the file ends too early, make or download it again.';

/** What to do where a file is JSON, but has no items where they are expected: the settings that find some. */
export async function fitHint(config: JsonConfig): Promise<string> {
  const start = await startOf(config);
  const places = collectionsIn(start.text)
    // The top is where they are looked for without a path.
    .filter(({ path, kind }) => config.items_path !== undefined || path !== '*' || kind === 'members')
    .filter(({ path }) => path !== config.items_path && finds(path, config, start))
    .slice(0, PLACES)
    .map(({ path, kind }) => {
      const does = kind === 'list' ? 'is a list in it' : 'has members that are alike: each is an item then';
      return `items_path: ${JSON.stringify(path)} ${does}.`;
    });
  const isPlain = config.items_path === undefined;
  const lines = isPlain && areItems(valuesOfLines(start), config) ? [JSONL] : [];
  // The only text is its own value.
  const isOne = isPlain && start.isWhole && isJson(start.text) && finds('*', config, start);
  const members = isOne && places.length + lines.length === 0 ? [MEMBERS] : [];
  return [...places, ...lines, ...members, FIT].join(' ');
}

const JSONL = 'format: "jsonl" takes each line as an item.';
const MEMBERS = 'items_path: "*" takes the members of the object at the top as items, if that is what they are.';

/** What to do about a line that is not JSON. */
export async function lineHint(config: JsonConfig): Promise<string> {
  const start = await startOf(config);
  const json = areItems(valuesAt('whole', start), config)
    ? ' format: "json" reads texts that go over several lines.'
    : '';
  return `JSON Lines has one whole JSON value on each line: fix that line.${json}`;
}

/** Nothing where it cannot be read so far: that is told by who reads so far. */
function startOf({ file_path: path, encoding }: JsonConfig): Promise<TextStart> {
  const source = { path, encoding, faults: new TextFaults() };
  return readStart(source, (text) => text.length >= LOOKED_AT).catch(() => ({ text: '', isWhole: false }));
}

/** Whether the beginning of a file has items at a path. */
function finds(items_path: string, config: JsonConfig, start: TextStart): boolean {
  return areItems(valuesAt(itemsPath(items_path), start), { ...config, items_path });
}

/** The values that are wanted in the beginning of a file; none where it cannot be read. */
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

/** The values of all lines; none where a line is not JSON. */
function valuesOfLines({ text, isWhole }: TextStart): readonly Value[] {
  const lines = (isWhole ? text : text.slice(0, text.lastIndexOf('\n') + 1)).split('\n');
  const values = lines.filter((line) => /[^ \t\r]/.test(line)).map((line) => ({ text: line, key: null }));
  return values.every(({ text: line }) => isJson(line)) ? values : [];
}

type Value = Pick<FoundValue, 'text' | 'key'>;

/** Whether there are values and all can be items. */
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
