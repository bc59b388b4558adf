import type { Json } from './json.ts';

/** As JSON.parse, but a number that a double cannot hold (an integer beyond 2^53, 1e999) stays as its text. */
export function parseExactJson(text: string): Json {
  if (!/\d{16}|\d[eE]\+?\d{3}/.test(text)) return JSON.parse(text) as Json;
  // The third argument has the number's own text; the declared type does not know it yet.
  const keepText = (_: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    const held = Number.isInteger(value)
      ? Number.isSafeInteger(value) || !/^-?\d+$/.test(context.source)
      : Number.isFinite(value);
    return held ? value : context.source;
  };
  return JSON.parse(text, keepText) as Json;
}
