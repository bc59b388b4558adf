/** Cuts a text to a length in characters and says how many are missing. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length - length} more characters)`;
}

/**
 * Cuts a text to about `length` characters, keeping both ends: an error says what happened at its beginning and why at
 * its end. States how many characters are missing.
 */
export function cutMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor(length / 2);
  // Never splits a surrogate pair.
  const head = text.slice(0, length - tail).replace(/[\uD800-\uDBFF]$/, '');
  const end = text.slice(text.length - tail).replace(/^[\uDC00-\uDFFF]/, '');
  return `${head}… (${text.length - head.length - end.length} more characters) …${end}`;
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
