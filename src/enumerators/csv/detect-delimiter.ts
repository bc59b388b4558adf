import { endOfLines, type TextStart } from '../reading/text.ts';

const CANDIDATES = [',', ';', '\t', '|'];
const RECORDS = 20;
/** Behind so many lines a table is looked for. */
const LINES_ABOVE = 20;

/** What has a meaning of its own in a CSV text; a quote of more than one character is none. */
export interface CsvMarks {
  readonly quote: string;
  readonly comment: string | undefined;
}

/**
 * The delimiter of a CSV text, judged from its beginning: the one that cuts the first records into the same number of
 * fields, more than one; of several, the one that gives most. A comma where none does.
 */
export function detectDelimiter(
  { text, isWhole }: TextStart,
  marks: CsvMarks = { quote: '"', comment: undefined },
): string {
  return judged({ text, isWhole }, marks)[0]?.delimiter ?? ',';
}

/** What cuts the first record into several fields, best first. */
function judged({ text, isWhole }: TextStart, marks: CsvMarks) {
  // What a beginning ends with may be half a record.
  const records = isWhole ? `${text}\n` : text;
  const all = CANDIDATES.map((delimiter) => {
    const counts = countFields(records, delimiter, marks);
    const first = counts[0] ?? 1;
    return { delimiter, fields: first, records: counts.length, even: counts.every((count) => count === first) };
  }).filter(({ fields }) => fields > 1);
  return all.sort((a, b) => Number(b.even) - Number(a.even) || b.fields - a.fields);
}

/** A table in a text, behind so many lines. */
export interface FoundTable {
  readonly lines: number;
  readonly delimiter: string;
  readonly columns: number;
}

/** The table that begins with one of the first lines and goes on evenly; null where there is none. */
export function tableIn({ text, isWhole }: TextStart, marks: CsvMarks): FoundTable | null {
  for (let lines = 0; lines <= LINES_ABOVE; lines++) {
    const end = endOfLines(text, lines);
    if (end === null) return null;
    const rest = text.slice(end);
    if (/^[ \t]*[\r\n]/.test(rest)) continue;
    const [best] = judged({ text: rest, isWhole }, marks);
    if (best?.even && best.records > 1) return { lines, delimiter: best.delimiter, columns: best.fields };
  }
  return null;
}

/** Whether a delimiter cuts nothing in the first records. */
export function isOneColumn({ text, isWhole }: TextStart, delimiter: string, marks: CsvMarks): boolean {
  return countFields(isWhole ? `${text}\n` : text, delimiter, marks).every((fields) => fields === 1);
}

/** The first line by which Excel is told the delimiter (`sep=;`), if a text begins with one: it is no row. */
export function delimiterLine({ text }: TextStart): { readonly delimiter: string; readonly length: number } | null {
  const [line, delimiter] = /^sep=([^\w"\r\n])(?:\r\n?|\n)/i.exec(text) ?? [];
  return line === undefined || delimiter === undefined ? null : { delimiter, length: line.length };
}

/** Fields of each of the first records; what stands between quotes does not count, nor does a last record cut off. */
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

/** Where the line ends that is begun before a position: at its line break, or the end of the text. */
function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n' && text[at] !== '\r') at++;
  return at;
}
