/**
 * Cuts a text to a length in characters and says how many of the whole are missing: those that an earlier cut left out
 * count, too.
 */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const { kept, missing } = splitNote(text);
  const shown = kept.slice(0, length);
  return `${shown}… (${missing + kept.length - shown.length} more characters)`;
}

const END_NOTE = /… \((\d{1,15}) more characters\)$/;
const MIDDLE_NOTE = /… \((\d{1,15}) more characters\) …/;
/** Characters of the longest note. */
const NOTE_CHARS = 40;

/** Splits a text that an earlier cut has ended into what it kept and the number of characters that are missing. */
export function splitNote(text: string): { readonly kept: string; readonly missing: number } {
  const [note = '', missing = '0'] = END_NOTE.exec(text.slice(-NOTE_CHARS)) ?? [];
  return { kept: text.slice(0, text.length - note.length), missing: Number(missing) };
}

/**
 * Cuts a text to about `length` characters, keeping both ends: an error says what happened at its beginning and why at
 * its end. States how many characters of the whole are missing.
 */
export function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor(length / 2);
  // An earlier cut has its note in the middle.
  const middle = Math.max(0, Math.floor(text.length / 2) - NOTE_CHARS);
  const found = MIDDLE_NOTE.exec(text.slice(middle, middle + 2 * NOTE_CHARS));
  const [note = '', before = '0'] = found ?? [];
  const from = found ? middle + found.index : text.length;
  // Never splits a surrogate pair.
  const head = text.slice(0, Math.min(length - tail, from)).replace(/[\uD800-\uDBFF]$/, '');
  const end = text.slice(Math.max(text.length - tail, found ? from + note.length : 0)).replace(/^[\uDC00-\uDFFF]/, '');
  const missing = text.length - note.length + Number(before) - head.length - end.length;
  return `${head}… (${missing} more characters) …${end}`;
}

/** Does the same for one line of a table: an ellipsis instead of the count. */
export function cutMiddleBriefly(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  const head = text.slice(0, length - 1 - tail).replace(/[\uD800-\uDBFF]$/, '');
  return `${head}…${text.slice(text.length - tail).replace(/^[\uDC00-\uDFFF]/, '')}`;
}

/**
 * Drops the partial first line of a tail; within one line, the partial first word, marked by an ellipsis. Half a secret
 * is not recognized by redaction.
 */
export function dropPartialLine(tail: string): string {
  const line = tail.indexOf('\n');
  if (line !== -1 && line < tail.length - 1) return tail.slice(line + 1);
  return `… ${tail.slice(tail.search(/\s/) + 1)}`;
}
