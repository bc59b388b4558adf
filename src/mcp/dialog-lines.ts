import { POWERS } from '../domain/power.ts';

/**
 * How much of a dialog everybody sees. Claude Code 2.1.330 on a terminal of 80 columns shows the first three lines of a
 * message, so many characters of each, and nothing opens the rest.
 */
export const LINE_CHARS = 74;
/** Of a field's description it shows one line. Other hosts show all of both. */
export const DETAILS_CHARS = 67;
/** Of the name of a job or the like, which must not push out of a line what counts. */
const NAME_CHARS = 24;

/** What a dialog says: three lines that every host shows, and the rest for the description of its field. */
export interface Dialog {
  readonly message: string;
  readonly details: string;
}

export type Can = readonly { readonly can: string; readonly what: string }[];

/** Powers in one line that fits behind some characters: in words, or where those are too long by their kinds. */
export function powersLine(can: Can, before = 0): string {
  const kinds = kindsOf(can);
  if (kinds.length === 0) return 'It reads its home and source, and writes its output.';
  const line = `It ${kinds.map(([, words]) => words).join(', ')}.`;
  return line.length + before <= LINE_CHARS ? line : `${kinds.map(([kind]) => kind).join(', ')}`;
}

/** What precisely is in a job's power, for the start of a description: `programs: sh x.sh · network: WebFetch`. */
export function powersWhole(can: Can): string {
  const kinds = kindsOf(can);
  return can.map(({ can: words, what }) => `${kinds.find((kind) => kind[1] === words)?.[0]}: ${what}`).join(' · ');
}

/** A name chosen by whoever made the job, in quotes. */
export function quotedName(name: string): string {
  return JSON.stringify(shortened(name, NAME_CHARS));
}

/** A text on one line, cut. */
export function shortened(text: string, length: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= length ? line : `${line.slice(0, length)}…`;
}

function kindsOf(can: Can): readonly (readonly [kind: string, words: string])[] {
  const words = new Set(can.map((power) => power.can));
  return Object.entries(POWERS).filter(([, known]) => words.has(known));
}
