import { endOfLines, type TextStart } from '../reading/text.ts';

const CANDIDATES = [',', ';', '\t', '|'];
const RECORDS = 20;
/** Lines above a table that are searched for its start. */
const LINES_ABOVE = 20;

/** Characters with a meaning in CSV text; a quote longer than one character disables quoting. */
export interface CsvMarks {
  readonly quote: string;
  readonly comment: string | undefined;
}

/**
 * Detects the delimiter from the beginning of a text: the one that cuts the first records into equally many fields,
 * more than one; of several, the one with most fields. Falls back to a comma.
 */
export function detectDelimiter(
  { text, isWhole }: TextStart,
  marks: CsvMarks = { quote: '"', comment: undefined },
): string {
  return rankDelimiters({ text, isWhole }, marks)[0]?.delimiter ?? ',';
}

/** Candidates that cut the first record into several fields, best first. */
function rankDelimiters({ text, isWhole }: TextStart, marks: CsvMarks) {
  // The beginning of a text may end within a record.
  const records = isWhole ? `${text}\n` : text;
  const all = CANDIDATES.map((delimiter) => {
    const counts = countFields(records, delimiter, marks);
    const first = counts[0] ?? 1;
    return { delimiter, fields: first, records: counts.length, even: counts.every((count) => count === first) };
  }).filter(({ fields }) => fields > 1);
  return all.sort((a, b) => Number(b.even) - Number(a.even) || b.fields - a.fields);
}

/** A table inside a text: lines above it, its delimiter and its number of columns. */
export interface FoundTable {
  readonly lines: number;
  readonly delimiter: string;
  readonly columns: number;
}

/** Finds the table that begins within the first lines and has the same number of columns throughout; null if there is none. */
export function findTable({ text, isWhole }: TextStart, marks: CsvMarks): FoundTable | null {
  for (let lines = 0; lines <= LINES_ABOVE; lines++) {
    const end = endOfLines(text, lines);
    if (end === null) return null;
    const rest = text.slice(end);
    if (/^[ \t]*[\r\n]/.test(rest)) continue;
    const [best] = rankDelimiters({ text: rest, isWhole }, marks);
    if (best?.even && best.records > 1) return { lines, delimiter: best.delimiter, columns: best.fields };
  }
  return null;
}

/** Checks whether a delimiter splits none of the first records. */
export function isOneColumn({ text, isWhole }: TextStart, delimiter: string, marks: CsvMarks): boolean {
  return countFields(isWhole ? `${text}\n` : text, delimiter, marks).every((fields) => fields === 1);
}

/** Reads the line that declares the delimiter to Excel (`sep=;`) at the start of a text; null if there is none. It is not a row. */
export function readSepLine({ text }: TextStart): { readonly delimiter: string; readonly length: number } | null {
  const [line, delimiter] = /^sep=([^\w"\r\n])(?:\r\n?|\n)/i.exec(text) ?? [];
  return line === undefined || delimiter === undefined ? null : { delimiter, length: line.length };
}

/** Counts the fields of each of the first complete records; ignores delimiters inside quotes. */
function countFields(text: string, delimiter: string, { quote, comment }: CsvMarks): number[] {
  const counts: number[] = [];
  let fields = 1;
  let quoted = false;
  let empty = true;
  for (let at = 0; at < text.length && counts.length < RECORDS; at++) {
    const character = text[at];
    if (empty && !quoted && comment !== undefined && text.startsWith(comment, at)) {
      at = endOfLine(text, at);
      continue;
    }
    if (character === quote) quoted = !quoted;
    else if (quoted) continue;
    else if (character === '\n' || character === '\r') {
      if (!empty) counts.push(fields);
      fields = 1;
      empty = true;
      continue;
    } else if (character === delimiter) fields++;
    empty = false;
  }
  return counts.length === 0 ? [fields] : counts;
}

/** Position of the line break that ends the line at `from`, or the end of the text. */
function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}
