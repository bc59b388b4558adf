import { realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { AbpError } from '../../domain/error.ts';
import { isWithin } from '../../domain/paths.ts';
import type { CommandConfig } from '../command.ts';
import { findProgram, isDirectory } from '../process/program.ts';

/**
 * Characters that separate words of a shell or program, and those that may be part of a file name or precede it
 * (`--import=./x.mjs`).
 */
const BETWEEN_WORDS = /[\s"'`;|&<>(){}[\]]+/;
const WITHIN_NAMES = /[=:,@]/g;
/** Names checked at most in a command: each is looked up in every named directory before every run. */
const MAX_NAMES = 2000;
/** Separators within one file name, and directories named by a command, at most: more are implausible. */
const MAX_PARTS = 4;
const MAX_DIRECTORIES = 12;

/** All substrings of a command line that could be file names. */
function namesIn(command: readonly string[]): readonly string[] {
  const names = new Set<string>();
  const add = (name: string) => {
    if (name !== '') names.add(name.replace(/^\/{2,}/, '/'));
    if (names.size > MAX_NAMES) throw tooManyNames();
  };
  for (const argument of command) {
    for (const word of [argument, ...argument.split(/["'`]/), ...argument.split(BETWEEN_WORDS)]) {
      add(word);
      if (/^-[^-]/.test(word)) add(word.slice(2));
      // Each part, and adjacent parts joined: `--require=./a,b.cjs`, `./packages/@acme/hook.cjs`.
      const bounds = [-1, ...Array.from(word.matchAll(WITHIN_NAMES), ({ index }) => index), word.length];
      for (let from = 0; from + 1 < bounds.length; from++) {
        for (let to = from + 1; to < bounds.length && to <= from + MAX_PARTS; to++) {
          add(word.slice((bounds[from] ?? 0) + 1, bounds[to]));
        }
      }
    }
  }
  return [...names];
}

function tooManyNames(): AbpError {
  const message = `worker.command: expected at most ${MAX_NAMES} words that could name files, found more.`;
  return new AbpError('invalid_input', message, {
    hint: 'Put the command into a script and name the script: its contents are checked before every run.',
  });
}

/**
 * Files that a command line names, below its cwd or the job's home, also through links: scripts, whose contents decide
 * what runs. A program found in the inherited PATH is not included; one found in a PATH that the job sets is.
 */
export function filesNamed(
  { command, cwd: directory = '.', env }: CommandConfig,
  base: string,
  home: string | null,
): string[] {
  const cwd = path.resolve(base, directory);
  const [name = ''] = command;
  const program = env?.PATH === undefined ? null : findProgram(name, cwd, env.PATH);
  const names = namesIn(command);
  const roots = [cwd, ...(home === null ? [] : [home])].flatMap((root) => [root, resolveLinks(root)]);
  // `cd sub && sh ./x.sh`, `make -C sub`: a named file may be in a named directory.
  const directories = names
    .map((name) => path.resolve(cwd, name))
    .filter((name) => isDirectory(name) && roots.some((root) => isBelow(name, root)));
  const candidates = [cwd, ...directories.slice(0, MAX_DIRECTORIES)].flatMap((base) =>
    names.map((name) => path.resolve(base, name)),
  );
  const isNamed = (file: string) =>
    isFile(file) && roots.some((root) => isBelow(file, root) || isBelow(resolveLinks(file), root));
  return [...new Set([...(program === null ? [] : [program]), ...candidates])].filter(isNamed);
}

/** Resolves links; returns the path unchanged if it leads nowhere. */
function resolveLinks(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

function isBelow(file: string, directory: string): boolean {
  return file !== directory && isWithin(file, directory);
}

function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    // Missing, or not a path: an ordinary argument.
    return false;
  }
}
