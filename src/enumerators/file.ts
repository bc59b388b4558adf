import { lstatSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import fastGlob from 'fast-glob';
import { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { absolutePath } from '../domain/paths.ts';
import type { EnumeratedItem, EnumerationContext, Enumerator } from '../ports/enumerator.ts';
import { limitField, onInvalidField } from './reading/fields.ts';
import { GlobFault } from './reading/glob/fault.ts';
import { MAX_WORD, parseGlob } from './reading/glob/paths.ts';
import { directoryOf, parseExclude, type Scope, scopeOf } from './reading/glob/scope.ts';
import { reject } from './reading/invalid.ts';
import { sensitivePowers } from './reading/paths.ts';
import { type FoundFile, WALK_WARNINGS, type WalkOptions, walk, warnUnreadable } from './reading/walk.ts';
import { countWarnings, type WarningCounter } from './reading/warnings.ts';
import { createYielder } from './reading/yielder.ts';

/** A string field that `parse` accepts as a glob. */
const globField = (parse: (glob: string) => unknown) =>
  z
    .string()
    .min(1)
    .refine((glob) => faultOf(glob, parse) === null, {
      error: ({ input }) => `expected a glob, found one that cannot be read: ${faultOf(String(input), parse)}`,
    });

const configSchema = z.strictObject({
  base_directory: z.string().min(1).describe('Directory to look in; `~` is known.'),
  pattern: globField(parseGlob)
    .default('**/*')
    .describe(
      'Glob below base_directory, as bash with globstar and extglob: "src/**/*.{ts,tsx}", "ch{01..12}.md", "[!_]*.pdf".',
    ),
  exclude_patterns: z
    .array(globField(parseExclude))
    .default(['node_modules/**', '.git/**'])
    .describe(
      'Globs to leave out, matched at every depth ("drafts/**", "*.bak"); a leading "/" ties one to base_directory.',
    ),
  include_hidden: z.boolean().default(false).describe('Also names that begin with a dot.'),
  follow_symlinks: z.boolean().default(false).describe('Also what symbolic links point to; loops are left out.'),
  sort: z
    .enum(['path', 'none'])
    .default('path')
    .describe('By relative path, or as the file system gives them (faster start).'),
  // Others may put files there: one bad name must not stop the job unless asked for.
  on_invalid: onInvalidField.default('skip').describe('Names that are not UTF-8.'),
  limit: limitField,
});

type FileConfig = z.infer<typeof configSchema>;

/** Enumerates the regular files below a directory that match a glob; the relative path is the key. */
export const fileEnumerator: Enumerator<FileConfig> = {
  type: 'file',
  description:
    'Files of a directory that match a glob. Fields: file_path, relative_path, file_name, file_extension (".md"), file_size (bytes), modified_at.',
  configSchema,
  example: { base_directory: '~/documents/reports', pattern: '**/*.md', exclude_patterns: ['drafts/**'] },
  resolve: (config, { workingDirectory }) => ({
    ...config,
    base_directory: absolutePath(config.base_directory, workingDirectory),
  }),
  root: ({ base_directory }) => base_directory,
  readable: ({ base_directory }) => [base_directory],
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
  const turns = createYielder(context.signal);
  await turns.turn();
  let left = config.limit ?? Number.POSITIVE_INFINITY;
  try {
    const unnamed: string[] = [];
    const reporting: Reporter = { warnings, unnamed: (path) => unnamed.push(path) };
    // As in bash, a pattern that matches nothing is taken as a literal name.
    const asName = asLiteral(config.pattern).map((pattern) => ({ pattern, reporter: SILENT }));
    for (const { pattern, reporter } of [{ pattern: config.pattern, reporter: reporting }, ...asName]) {
      let found = false;
      for (const file of filesOf({ ...config, pattern }, reporter)) {
        if (turns.due()) await turns.turn();
        if (unnamed.length > 0) await rejectAll(unnamed.splice(0), config, context);
        if (file === null) continue;
        yield { key: file.relative, place: file.relative, payload: payloadOf(file) };
        found = true;
        if (--left === 0) return;
      }
      await rejectAll(unnamed.splice(0), config, context);
      if (found) return;
    }
  } catch (error) {
    throw isSystemError(error) ? unreadable(base, error) : error;
  } finally {
    warnings.report();
  }
}

/** Rejects files and directories whose names are not UTF-8. */
async function rejectAll(paths: readonly string[], config: FileConfig, context: EnumerationContext): Promise<void> {
  for (const place of paths) {
    await reject(context, config, {
      source: config.base_directory,
      place,
      reason: 'expected a name in UTF-8, found bytes that are not',
      hint: 'Rename it; a directory is skipped with all its contents.',
      skipped: config.on_invalid === 'skip',
    });
  }
}

/** Receives what a walk leaves out. */
type Reporter = Pick<WalkOptions, 'warnings' | 'unnamed'>;

function payloadOf({ absolute, relative, stats }: FoundFile): EnumeratedItem['payload'] {
  const name = basename(relative);
  const modified = new Date(stats.mtimeMs);
  return {
    file_path: absolute,
    relative_path: relative,
    file_name: name,
    file_extension: extname(name),
    file_size: stats.size,
    // File systems can hold times beyond the year 275760, the limit of Date.
    modified_at: Number.isNaN(modified.getTime()) ? null : modified.toISOString(),
  };
}

/** Yields the files that a config selects; null from time to time, so that the caller can yield to others. */
function* filesOf(config: FileConfig, reporter: Reporter): Generator<FoundFile | null> {
  const { base_directory: base, pattern, exclude_patterns, include_hidden } = config;
  const start = startOf(config, reporter.warnings);
  if (start === null) return;
  // A name equal to the text of an exclude is left out even if the text is a glob.
  const excludes = exclude_patterns.flatMap((exclude) => [exclude, ...asLiteral(exclude)]);
  let scope: Scope | null = scopeOf({ pattern, excludes, hidden: include_hidden });
  for (const name of start) scope = scope?.enter(name) ?? null;
  if (scope === null) return;
  yield* walk({
    base,
    start: start.join('/'),
    scope,
    followSymlinks: config.follow_symlinks,
    sorted: config.sort === 'path',
    ...reporter,
  });
}

/** The glob that matches the text literally; none if it is the same glob or longer than any path. */
function asLiteral(glob: string): string[] {
  const text = fastGlob.escapePath(glob);
  return text === glob || text.length > MAX_WORD ? [] : [text];
}

/** Drops reports that the first pass already made. */
const SILENT: Reporter = { warnings: { add() {}, report() {} }, unnamed: () => {} };

/** Describes the fault of a glob; null if there is none. */
function faultOf(glob: string, parse: (glob: string) => unknown): string | null {
  try {
    parse(glob);
    return null;
  } catch (error) {
    if (error instanceof GlobFault) return error.message;
    throw error;
  }
}

/** Finds the deepest directory that contains all matches, as names, so that only it is walked; null if it does not exist. */
function startOf(
  { base_directory, pattern, follow_symlinks }: FileConfig,
  warnings: WarningCounter,
): readonly string[] | null {
  const directories = directoryOf(pattern);
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
  return directories;
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

/** Checks whether an error comes from the file system, or from Node for an impossible path. */
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
