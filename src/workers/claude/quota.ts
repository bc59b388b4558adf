import { resetTime } from './reset-time.ts';
import { classInWords } from './wordings.ts';

/** The CLI's notice of a closed quota window as a whole answer; a model's text about limits is longer or worded differently. */
const BANNER =
  /^(?:You(?:'ve| have) (?:hit|reached) your [\w' -]{0,40}limits?\b|(?:You're out|You've run out|Out) of (?:extra )?usage\b|spending cap reached\b|(?:[\w-]{1,20} ){0,3}limit reached\b)[^\n]{0,200}$/i;

/** Checks whether a text is only the CLI's notice of a closed quota window. */
export function isQuotaBanner(text: string): boolean {
  const words = text.trim();
  return BANNER.test(words) && classInWords([words]) === 'usage_limit';
}

/** Opening time of the window, epoch ms, from text of time `now`; null if it names none. */
export function openingTime(words: readonly string[], now: number): number | null {
  for (const text of words) {
    const at = resetTime(text, now);
    if (at !== null) return at;
  }
  return null;
}
