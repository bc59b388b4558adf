import { lstatSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import fastGlob from 'fast-glob';
import picomatch from 'picomatch';
import { z } from 'zod';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../domain/enumerator.ts';
import { AbpError } from '../domain/error.ts';
import { limitField } from './reading/fields.ts';
import { absolutePath, sensitivePowers } from './reading/paths.ts';
import { takeTurns } from './reading/turns.ts';
import { type FoundFile, WALK_WARNINGS, walk, warnUnreadable } from './reading/walk.ts';
import { countWarnings, type WarningCounter } from './reading/warnings.ts';

const globField = z
  .string()
  .min(1)
  .refine((glob) => globFault(glob) === null, {
    error: ({ input }) => `expected a glob, found one that cannot be read: ${globFault(String(input))}`,
  });

const configSchema = z.strictObject({
  base_directory: z
    .string()
    .min(1)
    .describe('Directory to look in; `~` and paths relative to the working directory are resolved.'),
  pattern: globField
    .refine((pattern) => !pattern.startsWith('/') && !pattern.split('/').includes('..'), {
      error: 'expected a glob relative to base_directory, found an absolute one or one with ".."',
    })
    .default('**/*')
    .describe('Glob, relative to base_directory: "**/*.md", "src/**/*.{ts,tsx}", "reports/2024-*.pdf".'),
  exclude_patterns: z
    .array(globField)
    .default(['node_modules/**', '.git/**'])
    .describe(
      'Globs to leave out, matched at every depth ("drafts/**", "*.bak"); a leading "/" ties one to base_directory.',
    ),
  include_hidden: z.boolean().default(false).describe('Also files and directories whose name starts with a dot.'),
  follow_symlinks: z.boolean().default(false).describe('Also what symbolic links point to; loops are left out.'),
  sort: z
    .enum(['path', 'none'])
    .default('path')
    .describe('By relative path, or as the file system gives them (faster start).'),
  limit: limitField,
});

type FileConfig = z.infer<typeof configSchema>;

/** Every regular file below a directory that matches a glob; the relative path is the key. */
export const fileEnumerator: Enumerator<FileConfig> = {
  type: 'file',
  description:
    'Files of a directory that match a glob. Fields: file_path (absolute), relative_path, file_name, file_extension (".md"), file_size (bytes), modified_at (ISO 8601).',
  configSchema,
  example: { base_directory: '~/documents/reports', pattern: '**/*.md', exclude_patterns: ['drafts/**'] },
  resolve: (config, { workingDirectory }) => ({
    ...config,
    base_directory: absolutePath(config.base_directory, workingDirectory),
  }),
  root: ({ base_directory }) => base_directory,
  powers: ({ base_directory, follow_symlinks }, bounds) => [
    ...sensitivePowers(base_directory, bounds),
    ...(bounds.isTooWide(base_directory) ? [{ kind: 'reads', what: bounds.nameOf(base_directory) } as const] : []),
    ...(follow_symlinks
      ? [{ kind: 'reads', what: `whatever links below ${bounds.nameOf(base_directory)} lead to` } as const]
      : []),
  ],
  enumerate,
};

async function* enumerate(given: FileConfig, context: EnumerationContext): AsyncGenerator<EnumeratedItem> {
  const config = fileEnumerator.resolve(given, context);
  const base = config.base_directory;
  refuseUnlessDirectory(base);
  const warnings = countWarnings(context.warn, WALK_WARNINGS);
  const turns = takeTurns(context.signal);
  await turns.turn();
  let left = config.limit ?? Number.POSITIVE_INFINITY;
  try {
    const start = startOf(config, warnings);
    if (start === null) return;
    const rules = { ...predicates(config), followSymlinks: config.follow_symlinks, sorted: config.sort === 'path' };
    for (const file of walk({ base, start, ...rules, warnings })) {
      if (turns.due()) await turns.turn();
      yield { key: file.relative, place: file.relative, payload: payloadOf(file) };
      if (--left === 0) return;
    }
  } catch (error) {
    throw isSystemError(error) ? unreadable(base, error) : error;
  } finally {
    warnings.report();
  }
}

function payloadOf({ absolute, relative, stats }: FoundFile): EnumeratedItem['payload'] {
  const name = basename(relative);
  const modified = new Date(stats.mtimeMs);
  return {
    file_path: absolute,
    relative_path: relative,
    file_name: name,
    file_extension: extname(name),
    file_size: stats.size,
    // A file system can hold times beyond the year 275760, which a Date cannot.
    modified_at: Number.isNaN(modified.getTime()) ? null : modified.toISOString(),
  };
}

/** Which directories are worth entering and which files are wanted, from pattern, excludes and the hidden rule. */
function predicates({ pattern, exclude_patterns, include_hidden }: FileConfig) {
  const wanted = matcher([pattern], include_hidden);
  const excluded = matcher(exclude_patterns.flatMap(everywhere), true);
  const hidden = include_hidden || /(^|[/{,(|])\\?\./.test(pattern);
  const depth = /\*\*|[{(]/.test(pattern) ? Number.POSITIVE_INFINITY : pattern.split('/').length - 1;
  return {
    entersDirectory: (relative: string) =>
      (hidden || !basename(relative).startsWith('.')) && relative.split('/').length <= depth && !excluded(relative),
    takesFile: (relative: string) => wanted(relative) && !excluded(relative),
  };
}

/** An exclude holds at every depth, unless it starts with `/` or `./`. */
function everywhere(exclude: string): string[] {
  const glob = exclude.replace(/\/$/, '').replace(/^\.\//, '/');
  return glob.startsWith('/') ? [glob.slice(1)] : [glob, `**/${glob}`];
}

/** What the libraries that read globs say against one (its length, a range without end); null = nothing. */
function globFault(glob: string): string | null {
  try {
    fastGlob.generateTasks(glob);
    picomatch.makeRe(glob);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether a relative path matches one of the globs. A name that is the glob's very text matches, whatever is in it. */
function matcher(globs: readonly string[], dot: boolean): (relative: string) => boolean {
  // `s`: names may hold line breaks, and `**` compiles to dots. Plain expressions are five times as fast as matchers.
  const expressions = globs.map((glob) => picomatch.makeRe(glob, { dot, flags: 's', nonegate: true }));
  return (relative) => globs.includes(relative) || expressions.some((expression) => expression.test(relative));
}

/**
 * The directory that all matches of the pattern lie in, so that only that one is walked; null when there is no such.
 * fast-glob plans where a pattern has to look; its walk is not used, because it buffers without bound and reads names as
 * text, which loses those that are not UTF-8.
 */
function startOf({ base_directory, pattern, follow_symlinks }: FileConfig, warnings: WarningCounter): string | null {
  const [first = [], ...others] = fastGlob.generateTasks(pattern).map(({ base }) => stepsOf(base));
  const shared = first.findIndex((step, depth) => others.some((steps) => steps[depth] !== step));
  const directories = shared < 0 ? first : first.slice(0, shared);
  for (let depth = 1; depth <= directories.length; depth++) {
    const relative = directories.slice(0, depth).join('/');
    try {
      const path = join(base_directory, relative);
      const stats = (follow_symlinks ? statSync : lstatSync)(path, { throwIfNoEntry: false });
      if (!stats?.isDirectory()) return null;
    } catch (error) {
      warnUnreadable(warnings, relative, error);
      return null;
    }
  }
  return directories.join('/');
}

function stepsOf(base: string): string[] {
  return base.split('/').filter((step) => step !== '' && step !== '.');
}

function refuseUnlessDirectory(base: string): void {
  try {
    if (statSync(base).isDirectory()) return;
  } catch (error) {
    throw isSystemError(error) ? unreadable(base, error) : error;
  }
  throw new AbpError('invalid_input', `base_directory: expected a directory, found a file: ${base}`, {
    hint: 'Give the directory in base_directory and the name of the file in pattern.',
  });
}

/** An error of the file system, or of Node for a path that no file can have. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && !(error instanceof AbpError) && 'code' in error;
}

function unreadable(path: string, error: NodeJS.ErrnoException): AbpError {
  const found = error.code === 'ENOENT' ? 'nothing' : `one that cannot be read (${error.code})`;
  return new AbpError(
    'invalid_input',
    `base_directory: expected a directory that can be read, found ${found}: ${path}`,
    {
      hint: 'Check the spelling and the permissions; relative paths start at the working directory.',
      cause: error,
    },
  );
}
