import { TextFaults } from '../reading/decoder.ts';
import { countLines, endOfLines, readText } from '../reading/text.ts';
import type { CsvConfig } from './config.ts';

/** Characters read before a record, and from its start on. */
const EXCERPT_CHARACTERS = 64 * 1024;

/** The part of a CSV text that shows why a record cannot be read. */
export interface Excerpt {
  readonly text: string;
  /** The line of `text` on which the record starts. */
  readonly line: number;
  /** True if everything before the record is included, not only the header. */
  readonly isContiguous: boolean;
  readonly faults: TextFaults;
  /** True if it reaches the end of the text; otherwise it ends with a whole line. */
  readonly isWhole: boolean;
}

/**
 * Reads the text around a line: at least the lines before `headerEnd`, and up to 64 Ki characters from that line on.
 */
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
      if (start === null && text.length > EXCERPT_CHARACTERS) ({ text, at } = withoutMiddle(text, at, headerEnd));
      else if (start !== null && text.length > start + EXCERPT_CHARACTERS) {
        isWhole = false;
        break;
      }
    }
  } catch {
    // Damage is reported by the reader that reaches it; the text before it still explains this record.
    isWhole = false;
  }
  const isContiguous = at === line;
  if (!isContiguous) {
    text = text.slice(0, endOfLines(text, headerEnd - 1) ?? 0) + text.slice(endOfLines(text, at - 1) ?? text.length);
    at = headerEnd;
  }
  return { text: isWhole ? text : wholeLines(text), line: at, isContiguous, isWhole, faults };
}

/** Removes whole lines between the header and line `at`. */
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
