/**
 * Texts as one line of sentences: what happened, then what to do. Each ends with a mark before the next begins, also where
 * whoever wrote it (a program, a service) left it out; what is missing or empty is left out.
 */
export function sentences(...parts: readonly (string | null | undefined)[]): string {
  return parts
    .map((part) => part?.trimEnd() ?? '')
    .filter((part) => part !== '')
    .map((part) => (/[.!?…:]["'”’)\]]?$/.test(part) ? part : `${part}.`))
    .join(' ');
}
