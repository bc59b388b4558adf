import { applyRules, HIDDEN, matchAt, type Rule, WORD_BEGINS } from './engine.ts';
import { kindOf } from './names.ts';
import { DIGIT, isMixed, isPlaceholder, isWords, textOf, valueAt } from './shapes.ts';

/** Options that take a password and whose name does not say so, by program. */
const OPTIONS: Readonly<Record<string, RegExp>> = {
  mysql: /^-p(?=.)/,
  mysqldump: /^-p(?=.)/,
  mysqladmin: /^-p(?=.)/,
  mariadb: /^-p(?=.)/,
  sshpass: /^-p/,
  'redis-cli': /^-a$/,
  'docker login': /^-p$/,
  'podman login': /^-p$/,
  ldapsearch: /^-w$/,
  ldapmodify: /^-w$/,
  unzip: /^-P$/,
  zip: /^-P$/,
};
const PROGRAMS = Object.keys(OPTIONS).sort((a, b) => b.length - a.length);
const ARGUMENT = /[ \t]{1,4}(\\{0,7}["']?)([^\s"'|;&<>\\]{1,100})/y;
const MOST_ARGUMENTS = 10;

/** `mysql -u root -psecret db`, `sshpass -p x ssh …`. */
export const programPasswords: Rule = {
  find: new RegExp(`${WORD_BEGINS}(?<![_.-])(${PROGRAMS.join('|')})(?=[ \\t])`, 'g'),
  locate(text, { 0: program, index }) {
    const option = OPTIONS[program];
    let at = index + program.length;
    for (let n = 0; n < MOST_ARGUMENTS; n++) {
      const argument = matchAt(ARGUMENT, text, at);
      if (argument === null) break;
      const { 0: whole, 2: word = '' } = argument;
      // A longer name that begins the same is another program.
      if (PROGRAMS.includes(word)) break;
      const found = option?.exec(word)?.[0];
      const end = at + whole.length;
      if (found !== undefined) {
        const start = end - word.length + found.length;
        if (start < end) return isPlaceholder(word.slice(found.length)) ? end : { start, end };
        const next = matchAt(ARGUMENT, text, end);
        if (next === null) return end;
        const { 0: following, 2: password = '' } = next;
        const last = end + following.length;
        return isPlaceholder(password) ? end : { start: last - password.length, end: last };
      }
      at = end;
    }
    return at;
  },
};

/** `curl -u user:password`. Two numbers are the ids of a user and a group. */
export const userOptions: Rule = {
  find: /(?<![\w-])(?:-u|--user|--proxy-user)(?:=|[ \t]{0,3}|["'],?[ \t]{0,3})\\{0,7}["']?([^\s:"'\\/=-][^\s:"'\\/]{0,99}):(?=[^\s/])/g,
  locate(text, { 0: found, 1: user = '', index }) {
    const value = valueAt(text, index + found.length);
    const isIds = value.of === DIGIT && /^[0-9]+$/.test(user);
    return isIds || isPlaceholder(textOf(text, value)) ? value.end : { start: value.start, end: value.end };
  },
};

/** `IDENTIFIED BY '…'` (databases), `pass:…` (OpenSSL), `-U user%…` (Samba). */
export const otherPasswords: Rule = {
  find: /(?:identified[ \t]{1,3}by[ \t]{1,3}(?=\\{0,7}["'])|-pass(?:in|out)?[ \t]{1,3}pass:|(?<![\w-])-U[ \t]{1,3}[^\s%"'+]{1,64}%(?=[^\s%]))/gi,
  locate(text, { 0: found, index }) {
    const value = valueAt(text, index + found.length);
    return value.end === value.start ? value.start : { start: value.start, end: value.end };
  },
};

/**
 * Redacts a program's arguments: by `rules`, and those that the argument before (`--password x`, `-u user:x`) or the
 * program (`mysql -px`) makes a secret.
 */
export function cleanArguments(argv: readonly string[], rules: readonly Rule[]): readonly string[] {
  const program = argv[0]?.split('/').at(-1) ?? '';
  return argv.map((argument, n) => {
    const name = /^-{0,2}([\w.:-]{1,64})=(?=\S+$)/.exec(argument);
    if (name?.[1] !== undefined && isSecretName(name[1]) && !isPlaceholder(argument.slice(name[0].length))) {
      return name[0] + HIDDEN;
    }
    const own = applyRules(argument, rules).text;
    if (n === 0 || own !== argument) return own;
    const [option = ''] = argv.slice(n - 1);
    const flag = /^--?([A-Za-z][\w.-]{0,64})$/.exec(option)?.[1];
    if (flag !== undefined && !argument.startsWith('-') && isSecretFlag(flag, argument)) return HIDDEN;
    for (const before of [option, program, `${program} ${option}`]) {
      const together = applyRules(`${before} ${argument}`, rules).text;
      if (together.startsWith(`${before} `) && together !== `${before} ${argument}`) {
        return together.slice(before.length + 1);
      }
    }
    return argument;
  });
}

function isSecretName(name: string): boolean {
  return kindOf(name) !== null || /^key$/i.test(name);
}

function isSecretFlag(flag: string, argument: string): boolean {
  const kind = kindOf(flag);
  if (kind === null || isPlaceholder(argument)) return false;
  return kind !== 'key' || isMixed(argument) || !isWords(argument);
}
