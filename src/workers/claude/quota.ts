import { resetTime } from './reset-time.ts';

/** How the CLI says that a quota window is closed, in its versions since 1.0; behind a colon or a dot it is the cause of another error. */
const CLOSED: readonly RegExp[] = [
  /(?:^|[:·∙] )(?:You've (?:hit|reached) your|You're out of|Your org is out of usage)\b/i,
  /(?:^|[:·∙] )(?:Claude(?: AI)?|usage|session|5-hour|weekly|monthly|opus|sonnet|haiku|fable|spend)(?: (?:usage|weekly|spend))? limit reached\b/i,
  /(?:^|[:·∙] )limit reached\b/i,
];
/** One of them as a whole answer: what a model writes about limits is longer, or says something else. */
const BANNER =
  /^(?:You've (?:hit|reached) your [\w' -]{0,40}limit\b|You're out of (?:extra )?usage\b|(?:[\w-]{1,20} ){0,3}limit reached\b)[^\n]{0,200}$/i;

/** Whether words of an error say that the quota window is closed. */
export function saysQuotaClosed(words: string): boolean {
  return CLOSED.some((pattern) => pattern.test(words));
}

/** Whether a text is nothing but the CLI's note about a closed window. */
export function isQuotaBanner(text: string): boolean {
  const words = text.trim();
  return BANNER.test(words) && saysQuotaClosed(words);
}

/** When the window opens, epoch ms, from what was said at `now`; null where nothing says it. */
export function openingTime(words: readonly string[], now: number): number | null {
  for (const text of words) {
    const at = resetTime(text, now);
    if (at !== null) return at;
  }
  return null;
}
