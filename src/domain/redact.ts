import type { UnitResult } from './attempt.ts';
import type { Json } from './json.ts';
import {
  addressParameters,
  addressPasswords,
  certainValues,
  connectionPasswords,
  driverPasswords,
  oraclePasswords,
} from './redact/addresses.ts';
import { assignments } from './redact/assignments.ts';
import { cleanArguments, otherPasswords, programPasswords, userOptions } from './redact/commands.ts';
import { applyRules, HIDDEN, type Rule } from './redact/engine.ts';
import { passwordHashes, pgpassLines } from './redact/files.ts';
import { authorizationHeaders, basicCredentials, bearerTokens, cookieHeaders, keyHeaders } from './redact/headers.ts';
import { certainName, cleanJson, likelyName, namedValues } from './redact/json.ts';
import {
  jsonWebTokens,
  keyLines,
  leavesKeyOpen,
  privateKeys,
  providerKeys,
  providerKeysByMiddle,
} from './redact/keys.ts';

/**
 * Redaction profile. `results` (the user's product) hides only certain secrets, never a word of prose or code; `logs`
 * (logs, errors, events, displays) also hides probable ones.
 */
export type Profile = 'results' | 'logs';

const FORMATS: readonly Rule[] = [
  privateKeys,
  jsonWebTokens,
  addressPasswords,
  oraclePasswords,
  providerKeys,
  providerKeysByMiddle,
  basicCredentials,
  certainValues,
  connectionPasswords,
  driverPasswords,
  addressParameters,
];

const headers = (strict: boolean): readonly Rule[] => [
  authorizationHeaders(strict),
  cookieHeaders(strict),
  keyHeaders(strict),
  bearerTokens(strict),
];

const RULES: Readonly<Record<Profile, readonly Rule[]>> = {
  results: [...FORMATS, ...headers(true)],
  logs: [
    ...FORMATS,
    keyLines,
    pgpassLines,
    passwordHashes,
    ...headers(false),
    programPasswords,
    userOptions,
    otherPasswords,
    assignments,
  ],
};
const NAMES = { results: certainName, logs: likelyName } as const;

/** Hides the secrets in a text, in linear time. */
export function redact(text: string, profile: Profile): string {
  return applyRules(text, RULES[profile]).text;
}

/** Redacts every string of a JSON value, and the values under secret names; shape and names stay. */
export function redactJson<T extends Json | undefined>(value: T, profile: Profile): T {
  if (value === undefined) return value;
  return cleanJson(value, RULES[profile], NAMES[profile]).value as T;
}

/** Removes certain secrets from a result; `removed` is their number. */
export function redactResult(result: UnitResult): { readonly result: UnitResult; readonly removed: number } {
  const { text, structured } = result;
  if (structured === undefined) {
    const clean = applyRules(text ?? '', RULES.results);
    return { result: { ...result, text: text === null ? null : clean.text }, removed: clean.removed };
  }
  const json = cleanJson(structured, RULES.results, NAMES.results);
  // The text repeats the JSON or describes it: no secret counts twice.
  const rules = json.named.size === 0 ? RULES.results : [...RULES.results, namedValues(json.named)];
  const clean = applyRules(text ?? '', rules);
  return {
    result: { ...result, text: text === null ? null : clean.text, structured: json.value },
    removed: Math.max(json.removed, clean.removed),
  };
}

/** Redacts a program's arguments for logs and displays. */
export function redactArguments(argv: readonly string[]): readonly string[] {
  return cleanArguments(argv, RULES.logs);
}

/** Returns a redactor for consecutive texts, such as lines of a log: a private key may span several. */
export function redactLines(): (text: string) => string {
  let inKey = false;
  return (text) => {
    const clean = inKey && KEY_LINE.test(text) ? HIDDEN : redact(text, 'logs');
    inKey = leavesKeyOpen(text) ?? (inKey && (KEY_LINE.test(text) || text.trim() === ''));
    return clean;
  };
}

const KEY_LINE = /^\s{0,8}(?:[A-Za-z0-9+/=]{1,100}|(?:Proc-Type|DEK-Info|Version|Comment): ?.{0,200})\s{0,8}$/;
