import { POWERS } from '../domain/power.ts';

/**
 * Characters of a line of a message that every host shows. Claude Code 2.1.330 on a terminal of 80 columns shows the first three
 * lines of a message, this many characters of each, and has no way to show the rest.
 */
export const LINE_CHARS = 74;
/** Characters of a field's description that it shows: one line. Other hosts show message and description in full. */
export const DETAILS_CHARS = 67;
/** Maximum characters of a name, which must not push the facts out of a line. */
const NAME_CHARS = 24;

/** Texts of a dialog: three lines that every host shows, and details for the description of its field. */
export interface Dialog {
  readonly message: string;
  readonly details: string;
}

export type Can = readonly { readonly can: string; readonly what: string }[];

/** Formats powers in one line that fits after `before` characters: in words, or by their kinds when words are too long. */
export function powersLine(can: Can, before = 0): string {
  const kinds = kindsOf(can);
  if (kinds.length === 0) return 'It reads its home and source, and writes its output.';
  const line = `It ${kinds.map(([, words]) => words).join(', ')}.`;
  return line.length + before <= LINE_CHARS ? line : `${kinds.map(([kind]) => kind).join(', ')}`;
}

/** Formats powers in full, for the start of a description: `programs: sh x.sh · network: WebFetch`. */
export function powersInDetail(can: Can): string {
  const kinds = kindsOf(can);
  return can.map(({ can: words, what }) => `${kinds.find((kind) => kind[1] === words)?.[0]}: ${what}`).join(' · ');
}

/** Quotes and shortens a name that came from the job. */
export function quotedName(name: string): string {
  return JSON.stringify(shortened(name, NAME_CHARS));
}

/** Puts a text on one line and truncates it to a length in characters. */
export function shortened(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length)}…`;
}

function kindsOf(can: Can): readonly (readonly [kind: string, words: string])[] {
  const words = new Set(can.map((power) => power.can));
  return Object.entries(POWERS).filter(([, known]) => words.has(known));
}
