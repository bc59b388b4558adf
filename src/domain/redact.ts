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
 * What is hidden. `results` are the user's product: only what certainly is a secret goes, never a word of prose or code.
 * `logs` (logs, errors, events, displays): also what probably is one.
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

/** Hides the secrets in a text, in time that grows with its length alone. */
export function redact(text: string, profile: Profile): string {
  return applyRules(text, RULES[profile]).text;
}

/** The same for every string of a JSON value, and for the values whose name is that of a secret; shape and names stay. */
export function redactJson<T extends Json | undefined>(value: T, profile: Profile): T {
  if (value === undefined) return value;
  return cleanJson(value, RULES[profile], NAMES[profile]).value as T;
}

/** A result without what certainly is a secret, and how many were removed. */
export function redactResult(result: UnitResult): { readonly result: UnitResult; readonly removed: number } {
  const { text, structured } = result;
  if (structured === undefined) {
    const clean = applyRules(text ?? '', RULES.results);
    return { result: { ...result, text: text === null ? null : clean.text }, removed: clean.removed };
  }
  const json = cleanJson(structured, RULES.results, NAMES.results);
  // The text says the same as JSON, or about it: there nothing is counted twice.
  const rules = json.named.size === 0 ? RULES.results : [...RULES.results, namedValues(json.named)];
  const clean = applyRules(text ?? '', rules);
  return {
    result: { ...result, text: text === null ? null : clean.text, structured: json.value },
    removed: Math.max(json.removed, clean.removed),
  };
}

/** The arguments of a program without their secrets, for logs and displays. */
export function redactArguments(argv: readonly string[]): readonly string[] {
  return cleanArguments(argv, RULES.logs);
}

/** Redacts texts that follow each other, such as the lines of a log: a private key may go from one to the next. */
export function redactLines(): (text: string) => string {
  let inKey = false;
  return (text) => {
    const clean = inKey && KEY_LINE.test(text) ? HIDDEN : redact(text, 'logs');
    inKey = leavesKeyOpen(text) ?? (inKey && (KEY_LINE.test(text) || text.trim() === ''));
    return clean;
  };
}

const KEY_LINE = /^\s{0,8}(?:[A-Za-z0-9+/=]{1,100}|(?:Proc-Type|DEK-Info|Version|Comment): ?.{0,200})\s{0,8}$/;
