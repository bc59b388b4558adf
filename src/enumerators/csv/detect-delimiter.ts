import type { TextStart } from '../reading/text.ts';

const CANDIDATES = [',', ';', '\t', '|'];
const RECORDS = 20;

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
  // What a beginning ends with may be half a record.
  const records = isWhole ? `${text}\n` : text;
  const judged = CANDIDATES.map((delimiter) => {
    const counts = countFields(records, delimiter, marks);
    const first = counts[0] ?? 1;
    return { delimiter, fields: first, even: counts.every((count) => count === first) };
  }).filter(({ fields }) => fields > 1);
  judged.sort((a, b) => Number(b.even) - Number(a.even) || b.fields - a.fields);
  return judged[0]?.delimiter ?? ',';
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
