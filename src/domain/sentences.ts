/**
 * Joins texts to one line of sentences: what happened, then what to do. Adds a missing full stop to each; leaves out
 * null, undefined and empty parts.
 */
export function sentences(...parts: readonly (string | null | undefined)[]): string {
  return parts
    .map((part) => part?.trimEnd() ?? '')
    .filter((part) => part !== '')
    .map((part) => (/[.!?…:]["'”’)\]]?$/.test(part) ? part : `${part}.`))
    .join(' ');
}

/** Words a number of things: `1 unit`, `3 units`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
