/**
 * A text of at most about `length` characters that keeps its beginning and its end: what happened stands at the beginning of
 * an error, why at its end. Says how many characters are missing between them.
 */
export function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor(length / 2);
  // Never half of a character that takes two.
  const head = text.slice(0, length - tail).replace(/[\uD800-\uDBFF]$/, '');
  const end = text.slice(text.length - tail).replace(/^[\uDC00-\uDFFF]/, '');
  return `${head}… (${text.length - head.length - end.length} more characters) …${end}`;
}

/** The same on a line of a table, which has no room for a count: an ellipsis marks the place. */
export function cutMiddleBriefly(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  const head = text.slice(0, length - 1 - tail).replace(/[\uD800-\uDBFF]$/, '');
  return `${head}…${text.slice(text.length - tail).replace(/^[\uDC00-\uDFFF]/, '')}`;
}

/**
 * The end of a longer text, from its first whole line on; within one line from its first whole word on, with an ellipsis
 * before it. What a cut has left of a secret is not known for one.
 */
export function dropPartialLine(tail: string): string {
  const line = tail.indexOf('\n');
  if (line !== -1 && line < tail.length - 1) return tail.slice(line + 1);
  return `… ${tail.slice(tail.search(/\s/) + 1)}`;
}
