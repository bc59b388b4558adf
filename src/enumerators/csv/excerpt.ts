import { TextFaults } from '../reading/decoder.ts';
import { countLines, endOfLines, readText } from '../reading/text.ts';
import type { CsvConfig } from './config.ts';

/** So many characters before a record, and from it on, are looked at. */
const LOOKED_AT = 64 * 1024;

/** The part of a CSV text that tells why a record of it cannot be read. */
export interface Excerpt {
  readonly text: string;
  /** The line of `text` on which the record starts. */
  readonly line: number;
  /** Whether it begins with all that is before the record, not with the header alone. */
  readonly isContiguous: boolean;
  readonly faults: TextFaults;
  /** Whether it ends where the text ends; else with a whole line. */
  readonly isWhole: boolean;
}

/** What stands around a line: the lines before `headerEnd` at least, and what begins with the line. */
export async function excerptOf(
  { file_path: path, encoding }: Pick<CsvConfig, 'file_path' | 'encoding'>,
  line: number,
  headerEnd: number,
): Promise<Excerpt> {
  const faults = new TextFaults();
  let text = '';
  let at = line;
  let isWhole = true;
  try {
    for await (const chunk of readText({ path, encoding, faults })) {
      text += chunk;
      const start = endOfLines(text, at - 1);
      if (start === null && text.length > LOOKED_AT) ({ text, at } = withoutMiddle(text, at, headerEnd));
      else if (start !== null && text.length > start + LOOKED_AT) {
        isWhole = false;
        break;
      }
    }
  } catch {
    // What is damaged is told when it is read; what came before tells why this record is refused.
    isWhole = false;
  }
  const isContiguous = at === line;
  if (!isContiguous) {
    text = text.slice(0, endOfLines(text, headerEnd - 1) ?? 0) + text.slice(endOfLines(text, at - 1) ?? text.length);
    at = headerEnd;
  }
  return { text: isWhole ? text : wholeLines(text), line: at, isContiguous, isWhole, faults };
}

/** Leaves out whole lines behind the header, which are before the line `at`. */
function withoutMiddle(text: string, at: number, headerEnd: number): { readonly text: string; readonly at: number } {
  const header = endOfLines(text, headerEnd - 1);
  if (header === null) return { text, at };
  // A CR at the end may be half of a CRLF.
  const lines = wholeLines(text.slice(header, text.endsWith('\r') ? -1 : undefined));
  return { text: text.slice(0, header) + text.slice(header + lines.length), at: at - countLines(lines) };
}

function wholeLines(text: string): string {
  return text.slice(0, Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1);
}
