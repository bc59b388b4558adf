import type { Json } from './json.ts';

const HIDDEN = '[redacted]';

/**
 * What a secret looks like in text. Value patterns first; then `name=value` or `"name": "value"` with a secret-like whole
 * word as the name. Names such as tokens_used or max_tokens are no secrets: the word must stand by itself.
 */
const PATTERNS: readonly { readonly find: RegExp; readonly replace: string }[] = [
  { find: /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/g, replace: `$1 ${HIDDEN}` },
  { find: /\bsk-[A-Za-z0-9_-]{10,}/g, replace: HIDDEN },
  // The password of a URL: a connection string.
  { find: /\b([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*:)[^\s@/]+@/gi, replace: `$1${HIDDEN}@` },
  {
    find: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abposr]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16})\b/g,
    replace: HIDDEN,
  },
  {
    find: /\b((?:[A-Za-z0-9]+[_-])*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|auth[_-]?token))(["']?\s*[:=]\s*)(["']?)(?!(?:true|false|null|\d+(?:\.\d+)?)\b)[^\s"',;&}]{4,}\3/gi,
    replace: `$1$2$3${HIDDEN}$3`,
  },
];

/** Hides secrets in text that came out of a worker or goes into a log. */
export function redact(text: string): string {
  let clean = text;
  for (const { find, replace } of PATTERNS) clean = clean.replace(find, replace);
  return clean;
}

/** The same for every string of a JSON value; numbers, booleans and names stay. */
export function redactJson<T extends Json | undefined>(value: T): T {
  if (typeof value === 'string') return redact(value) as T;
  if (Array.isArray(value)) return value.map((item) => redactJson(item)) as unknown as T;
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactJson(item)])) as unknown as T;
  }
  return value;
}
