/**
 * The one list of characters that show nothing, or that change how others are shown: behind them text says something else
 * than a person sees. Controls, default-ignorable characters (zero-width ones, joiners, fillers, variation selectors,
 * tags, the byte order mark: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point), those that turn the
 * direction of text, separators of lines and paragraphs, annotation marks, format controls of hieroglyphs, and what is no
 * character at all (lone surrogates, noncharacters). Line feed, tab and CRLF are seen by what they do.
 *
 * This file imports nothing: the dashboard takes it into its own build.
 */
const CLASS = String.raw`\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\ufff9-\ufffb\u{13430}-\u{1343f}\p{Cs}\p{Noncharacter_Code_Point}`;
const UNSEEN = String.raw`(?![\n\t])[${CLASS}]`;

const LEADING = new RegExp(String.raw`^[\s${CLASS}]+`, 'u');
const ANY = new RegExp(UNSEEN, 'u');
const BEGINS = new RegExp(`^${UNSEEN}`, 'u');
const EACH = new RegExp(String.raw`\r\n|${UNSEEN}`, 'gu');
/** An emoji may need a joiner or a selector, and is seen as a whole: those that Unicode recommends for interchange. */
const EACH_OR_EMOJI = new RegExp(String.raw`\r\n|\p{RGI_Emoji}|${UNSEEN}`, 'gv');

/** Where a character stands in a text, both from 1, and its name such as `U+200B`. */
export interface Unseen {
  readonly line: number;
  readonly column: number;
  readonly name: string;
}

/** A piece of a text: either what is seen, or one character that is not, by its name. */
export interface TextPart {
  readonly text: string;
  readonly unseen: boolean;
}

/**
 * Text for display, with every unseen character as its code in the notation of JavaScript (`\u200b`, `\u{e0041}`, `\r`);
 * CRLF becomes a line feed. Linear in its length.
 */
export function showUnseen(text: string): string {
  if (!ANY.test(text)) return text;
  return text.replace(EACH_OR_EMOJI, (found) => {
    if (found === '\r\n') return '\n';
    // An emoji never begins with one of them.
    return BEGINS.test(found) ? codeOf(found) : found;
  });
}

/** JSON text with every unseen character as an escape: it stands for the same value, and shows what is in it. */
export function escapeUnseen(json: string): string {
  return json.replace(EACH, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

/** The first character of a text that is seen, also behind spaces and line breaks; empty where there is none. */
export function firstSeen(text: string): string {
  const [seen = ''] = text.slice(LEADING.exec(text)?.[0].length ?? 0);
  return seen;
}

/** The first character of a code that its reader would not see, also one inside an emoji; null = there is none. */
export function firstUnseen(code: string): Unseen | null {
  for (const { 0: found, index } of code.matchAll(EACH)) {
    if (found === '\r\n') continue;
    const before = code.slice(0, index);
    return { line: before.split('\n').length, column: index - before.lastIndexOf('\n'), name: nameOf(found) };
  }
  return null;
}

/** A code in pieces, for a display that marks what is not seen; CRLF is a line feed. */
export function splitUnseen(code: string): readonly TextPart[] {
  const parts: TextPart[] = [];
  let end = 0;
  for (const { 0: found, index } of code.matchAll(EACH)) {
    const text = code.slice(end, index) + (found === '\r\n' ? '\n' : '');
    if (text !== '') parts.push({ text, unseen: false });
    if (found !== '\r\n') parts.push({ text: nameOf(found), unseen: true });
    end = index + found.length;
  }
  return [...parts, { text: code.slice(end), unseen: false }];
}

function codeOf(char: string): string {
  if (char === '\r') return String.raw`\r`;
  const digits = hexOf(char);
  return digits.length > 4 ? `\\u{${digits}}` : `\\u${digits.padStart(4, '0')}`;
}

/** As Unicode writes it: `U+200B`. */
function nameOf(char: string): string {
  return `U+${hexOf(char).toUpperCase().padStart(4, '0')}`;
}

/** The code point of a character. */
function hexOf(char: string): string {
  return Number(char.codePointAt(0)).toString(16);
}
