import { spawnSync } from 'node:child_process';

/** One selection of the file source. */
export interface Selection {
  readonly pattern: string;
  readonly excludes?: readonly string[];
  readonly hidden?: boolean;
}

/** Whether this machine has the bash that the rules are taken from. */
export function hasBash(): boolean {
  const { stdout } = spawnSync('bash', ['-c', 'echo "$BASH_VERSINFO"'], { encoding: 'utf8' });
  return Number(stdout) >= 5;
}

/** The regular files below a directory that bash selects, as relative paths, sorted. */
export function selectWithBash(base: string, { pattern, excludes = [], hidden = false }: Selection): string[] {
  const left = excludes.flatMap((exclude) => {
    const tied = exclude.replace(/^\.?\//, '').replace(/\/$/, '');
    return exclude.startsWith('/') || exclude.startsWith('./')
      ? expand(base, tied, true, '-e')
      : [...expand(base, tied, true, '-e'), ...expand(base, `**/${tied}`, true, '-e')];
  });
  const isLeft = (path: string) => left.some((out) => path === out || path.startsWith(`${out}/`));
  return [...new Set(expand(base, pattern, hidden, '-f'))].filter((path) => !isLeft(path)).sort();
}

/** The existing paths that a glob becomes, in their shortest form. */
function expand(base: string, glob: string, hidden: boolean, kind: '-e' | '-f'): string[] {
  const show = `show() { local f; for f; do [[ ${kind} $f ]] && printf '%s\\0' "$f"; done; return 0; }`;
  const options = `shopt -s globstar extglob${hidden ? ' dotglob' : ''}`;
  // Typed, as in a shell; what its grammar has no place for ("a(b)", an open group) as the value of a variable.
  const typed = bash(base, `${options}\n${show}\nshow ${quote(glob)}`);
  const shown = typed ?? bash(base, `${options}\n${show}\nIFS=\nshow $GLOB`, glob) ?? '';
  return shown
    .split('\0')
    .filter((path) => path !== '')
    .map((path) => path.replace(/\/+(\.?\/+)*/g, '/').replace(/^(\.\/)+|\/$/g, ''));
}

function bash(cwd: string, script: string, glob = ''): string | null {
  const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', GLOB: glob };
  const { status, stdout } = spawnSync('bash', ['--norc', '-c', script], { cwd, env, encoding: 'utf8' });
  return status === 0 ? stdout : null;
}

/** A glob as one types it: what only the shell reads is escaped. */
function quote(glob: string): string {
  return glob.replace(/\\.|\\$|\n|[ \t'"$`;&<>#~]/gs, (found) => {
    if (found === '\n') return "$'\\n'";
    if (found === '\\') return '\\\\';
    return found.startsWith('\\') ? found : `\\${found}`;
  });
}
