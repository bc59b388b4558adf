import { isArray, type Json } from '../../domain/json.ts';

const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Checks whether an object in this JSON text repeats a key, of which JSON.parse kept the last: the text then has more
 * keys than the value. Counting keys is much cheaper than remembering them.
 */
export function repeatsKeys(text: string, value: Json): boolean {
  return typeof value === 'object' && value !== null && keysOfText(text) > keysOfValue(value);
}

/** Counts the keys of valid JSON text: a string followed by a colon is a key. */
function keysOfText(text: string): number {
  let keys = 0;
  for (let start = text.indexOf('"'); start >= 0; ) {
    let at = text.indexOf('"', start + 1);
    while (isEscaped(text, at)) at = text.indexOf('"', at + 1);
    do at++;
    while (isSpace(text.charCodeAt(at)));
    if (text.charCodeAt(at) === COLON) keys++;
    start = text.indexOf('"', at);
  }
  return keys;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === BACKSLASH) before--;
  return (at - before) % 2 === 1;
}

/** In valid JSON only white space is at or below U+0020 between tokens. */
function isSpace(code: number): boolean {
  return code <= 0x20;
}

function keysOfValue(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (isArray(value)) for (const inner of value) keys += keysOfValue(inner);
  else {
    for (const key in value) {
      keys++;
      const inner = value[key];
      if (typeof inner === 'object' && inner !== null) keys += keysOfValue(inner);
    }
  }
  return keys;
}
