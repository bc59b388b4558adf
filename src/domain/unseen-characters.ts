/**
 * Characters that are invisible or change how others are shown, so that a text says something else than a person sees:
 * controls, default-ignorable characters (zero-width ones, joiners, fillers, variation selectors, tags, the byte order
 * mark: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point), bidirectional controls, line and paragraph
 * separators, annotation marks, format controls of hieroglyphs, lone surrogates and noncharacters. Line feed, tab and
 * CRLF are visible by their effect.
 *
 * This file imports nothing: the dashboard takes it into its own build.
 */
const CLASS = String.raw`\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\ufff9-\ufffb\u{13430}-\u{1343f}\p{Cs}\p{Noncharacter_Code_Point}`;
const UNSEEN = String.raw`(?![\n\t])[${CLASS}]`;

const LEADING = new RegExp(String.raw`^[\s${CLASS}]+`, 'u');
const ANY = new RegExp(UNSEEN, 'u');
const BEGINS = new RegExp(`^${UNSEEN}`, 'u');
const EACH = new RegExp(String.raw`\r\n|${UNSEEN}`, 'gu');
/** Also matches emoji as a whole, which may need a joiner or a selector: those that Unicode recommends for interchange. */
const EACH_OR_EMOJI = new RegExp(String.raw`\r\n|\p{RGI_Emoji}|${UNSEEN}`, 'gv');

/** Place of an unseen character, line and column from 1, and its name such as `U+200B`. */
export interface Unseen {
  readonly line: number;
  readonly column: number;
  readonly name: string;
}

/** A piece of a text: visible text, or the name of one unseen character. */
export interface TextPart {
  readonly text: string;
  readonly unseen: boolean;
}

/**
 * Replaces every unseen character by its JavaScript escape (`\u200b`, `\u{e0041}`, `\r`) for display; CRLF becomes a
 * line feed. Linear time.
 */
export function showUnseen(text: string): string {
  if (!ANY.test(text)) return text;
  return text.replace(EACH_OR_EMOJI, (found) => {
    if (found === '\r\n') return '\n';
    // An emoji never begins with an unseen character.
    return BEGINS.test(found) ? codeOf(found) : found;
  });
}

/** Escapes every unseen character of a JSON text; its value stays the same. */
export function escapeUnseen(json: string): string {
  return json.replace(EACH, (found) =>
    Array.from({ length: found.length }, (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

/** Returns the first visible character of a text, after spaces and line breaks; empty = none. */
export function firstSeen(text: string): string {
  const [seen = ''] = text.slice(LEADING.exec(text)?.[0].length ?? 0);
  return seen;
}

/** Finds the first unseen character of a source code, also inside an emoji; null = none. */
export function firstUnseen(code: string): Unseen | null {
  for (const { 0: found, index } of code.matchAll(EACH)) {
    if (found === '\r\n') continue;
    const before = code.slice(0, index);
    return { line: before.split('\n').length, column: index - before.lastIndexOf('\n'), name: nameOf(found) };
  }
  return null;
}

/** Splits source code into pieces, for a display that marks unseen characters; CRLF becomes a line feed. */
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

/** Formats a character the way Unicode does: `U+200B`. */
function nameOf(char: string): string {
  return `U+${hexOf(char).toUpperCase().padStart(4, '0')}`;
}

/** Returns the code point of a character in hex. */
function hexOf(char: string): string {
  return Number(char.codePointAt(0)).toString(16);
}
