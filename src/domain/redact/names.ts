/**
 * Last words of names whose value is a secret, and the form of the value: for `password` nearly anything, for `token`
 * what looks generated, for `key` only what cannot be anything else. For logs.
 */
export const KINDS = {
  password: 'pass(?:word|wd|phrase|code|wort)?|pwd|psk|credentials?',
  token:
    'secret(?:[_-]?id)?|token|jwt|auth|sig(?:nature)?|sess(?:ion)?(?:[_-]?id)?|sid|(?:api|app|auth|access|account|admin|client|consumer|deploy|encryption|hmac|license|master|private|secret|service|shared|shared[_-]?access|signing|storage|webhook)[ _-]?key',
  key: 'key',
} as const;

export type Kind = keyof typeof KINDS;

/** Tells whether a word of the table is the last one of its name: not that of `compass`, `monkey` or `design`. */
export function isLastWord(word: string, before: string): boolean {
  const isKey = word.length === 3 && /^key$/i.test(word);
  if (!isKey && !/[A-Za-z]/.test(before)) return true;
  if (/^(?:password|passwd|passphrase|secret|token)/i.test(word)) return true;
  // A capital begins a word: `dbPass`.
  const beginsByCase = /[a-z]/.test(before) && /[A-Z]/.test(word.charAt(0));
  if (isKey) return before === '_' || before === '-' || beginsByCase;
  if (/[a-z]/.test(before)) return beginsByCase;
  // PGPASS, MYSQLPWD, PHPSESSID
  return !/[A-Z]/.test(before) || (/^(?:pass|pwd|sess|sid|auth)/i.test(word) && word === word.toUpperCase());
}

const NAME = new RegExp(`(?:(${KINDS.password})|(${KINDS.token})|(${KINDS.key}))(?:[_-]?[0-9]{1,5})?$`, 'i');

/** Returns the kind of secret that a name announces; null = none. */
export function kindOf(name: string): Kind | null {
  const end = name.slice(-64);
  const match = NAME.exec(end);
  if (match === null) return null;
  const [, password, token, key = ''] = match;
  if (!isLastWord(password ?? token ?? key, end.charAt(match.index - 1))) return null;
  return password !== undefined ? 'password' : token !== undefined ? 'token' : 'key';
}

const OWNER =
  '(?:new|old|current|confirm|user|admin|root|db|database|login|account|postgres|postgresql|pg|mysql|redis|mongo|mongodb|smtp|imap|mail|email|ftp|sftp|ssh|wifi|ldap|proxy|keystore|master|default|temp|temporary|initial|my)';
const TOKEN_OF =
  '(?:api|app|access|auth|authentication|authorization|bearer|bot|csrf|xsrf|deploy|github|gitlab|hf|id|jwt|login|npm|oauth|personalaccess|refresh|security|service|session|slack|user|vault|webhook|x)';

/** Names, in lower case and without separators, that identify a secret in a structured result. */
const EXACT: Readonly<Record<'password' | 'token' | 'header', RegExp>> = {
  password: new RegExp(`^${OWNER}?(?:password|passwd|pwd|passphrase)$`),
  token: new RegExp(
    `^(?:${TOKEN_OF}{0,2}token|(?:app|api|client|consumer|jwt|oauth|shared|signing|webhook|my)?secret|(?:client|app|api)secretkey|secretkey|privatekey|encryptionkey|signingkey|masterkey|sessionkey|accesskey|sharedaccesskey|accountkey|(?:aws)?secretaccesskey|x?[a-z]{0,20}apikey)$`,
  ),
  header: /^(?:proxy)?authorization$|^(?:set)?cookie2?$/,
};

/** Returns what an exact name identifies in a structured result; null for any other name. */
export function exactKindOf(name: string): keyof typeof EXACT | null {
  if (name.length > 40) return null;
  const plain = name.toLowerCase().replaceAll(/[_.\s-]/g, '');
  for (const [kind, names] of Object.entries(EXACT)) if (names.test(plain)) return kind as keyof typeof EXACT;
  return null;
}

/** Names beside which a `token` belongs to a language or a program. */
const LEXICAL =
  /^(?:pos|tag|lemma|stem|logprob|top_logprobs|bytes|offset|start|end|line|column|index|dep|head|ner|freq|frequency|count|score|weight|rank|prob|probability|kind|lexeme|translation|gloss|label|syllables?)$/i;

/** Tells whether the fields beside a `token` mark it as part of a text or a program. */
export function isLexical(names: readonly string[]): boolean {
  return names.some((name) => LEXICAL.test(name));
}
