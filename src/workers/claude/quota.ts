import { resetTime } from './reset-time.ts';
import { classInWords } from './wordings.ts';

/** The CLI's note about a closed window as a whole answer: what a model writes about limits is longer, or says something else. */
const BANNER =
  /^(?:You(?:'ve| have) (?:hit|reached) your [\w' -]{0,40}limits?\b|(?:You're out|You've run out|Out) of (?:extra )?usage\b|spending cap reached\b|(?:[\w-]{1,20} ){0,3}limit reached\b)[^\n]{0,200}$/i;

/** Whether a text is nothing but the CLI's note about a closed window. */
export function isQuotaBanner(text: string): boolean {
  const words = text.trim();
  return BANNER.test(words) && classInWords([words]) === 'usage_limit';
}

/** When the window opens, epoch ms, from what was said at `now`; null where nothing says it. */
export function openingTime(words: readonly string[], now: number): number | null {
  for (const text of words) {
    const at = resetTime(text, now);
    if (at !== null) return at;
  }
  return null;
}
