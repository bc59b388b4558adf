import { POWERS, type Power } from '../../domain/power.ts';
import { redact } from '../../domain/redact.ts';

/** Powers as one phrase: each kind in words, with its object. */
export function powersPhrase(powers: readonly Power[]): string {
  return shownPowers(powers)
    .map(({ can, what }) => `${can} (${what})`)
    .join('; ');
}

/** Powers as answers show them, the most serious kind first; secrets are hidden. */
export function shownPowers(powers: readonly Power[]): { readonly can: string; readonly what: string }[] {
  const order = Object.keys(POWERS);
  return [...powers]
    .sort((one, other) => order.indexOf(one.kind) - order.indexOf(other.kind))
    .map(({ kind, what }) => ({ can: POWERS[kind], what: redact(what, 'logs') }));
}
