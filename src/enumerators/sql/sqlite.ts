import { constants, copyFile, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { show } from '../../domain/validate.ts';
import { type ChildEnding, childLines } from '../reading/child.ts';
import { MAX_ITEM_LENGTH } from '../reading/rows.ts';
import { notAQuery, queryRefused, type SqlPart, type SqlQuery, type SqlRow } from './source.ts';
import { SQLITE_PROGRAM } from './sqlite-program.ts';

/** A query has no bound but the patience of who runs it. */
const CPU_SECONDS = 24 * 3600;

/** What the program says in a line that is no row. */
type Message =
  | { readonly columns: readonly string[] }
  | { readonly broken: string; readonly bytes: string }
  | { readonly end: true }
  | { readonly refused: true }
  | { readonly error: { readonly message: string; readonly code: string; readonly rows: number } };

/**
 * Rows of a query on a SQLite file, which is opened read-only. A file in WAL mode in a directory that cannot be written is
 * read from a copy: SQLite needs files beside it.
 */
export async function* sqlite(query: SqlQuery): AsyncGenerator<SqlPart> {
  await refuseUnlessFile(query.connection);
  try {
    yield* read(query);
  } catch (error) {
    if (!(error instanceof WalOutOfReach)) throw error;
    const copy = await copyOf(query.connection, error.code);
    try {
      yield* read({ ...query, connection: copy.path });
    } finally {
      await copy.remove();
    }
  }
}

async function* read({ connection: path, query, params, limit, signal }: SqlQuery): AsyncGenerator<SqlPart> {
  const driver = pathToFileURL(createRequire(import.meta.url).resolve('better-sqlite3')).href;
  const lines = childLines({
    program: SQLITE_PROGRAM,
    input: { driver, path, query, params, limit: limit ?? null },
    flags: [],
    environment: {},
    workingDirectory: dirname(path),
    signal,
    limits: { timeMs: null, memoryBytes: null, outputBytes: null, cpuSeconds: CPU_SECONDS },
    failed: died,
  });
  for await (const batch of lines) {
    const rows: SqlRow[] = [];
    for (const line of batch) {
      const said = JSON.parse(line) as Json[] | Message;
      if (Array.isArray(said)) rows.push(said);
      else if ('broken' in said) rows.push(notUtf8(said));
      else if ('columns' in said) yield { columns: said.columns };
      else if ('refused' in said) throw notAQuery();
      else if ('error' in said) throw await refusal(path, said.error);
    }
    if (rows.length > 0) yield { rows };
  }
}

function notUtf8({ broken, bytes }: Extract<Message, { broken: string }>): SqlRow {
  return {
    reason: `expected text in UTF-8 in column ${show(broken)}, found bytes that are not (they begin ${bytes})`,
    hint: `Fix that text, or select CAST(${broken} AS BLOB): bytes come as { "$base64": … }.`,
  };
}

async function refuseUnlessFile(path: string): Promise<void> {
  const found = await stat(path).then(
    (stats) => (stats.isFile() ? null : 'a directory or device'),
    ({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' ? 'nothing' : `one that cannot be read (${code})`),
  );
  if (found === null) return;
  throw new AbpError('invalid_input', `connection_string: expected a SQLite file, found ${found}: ${path}`, {
    hint: 'Give the path of the file, or sqlite:///path; relative paths start at the working directory.',
  });
}

async function refusal(
  path: string,
  { message, code, rows }: Extract<Message, { error: unknown }>['error'],
): Promise<Error> {
  const cause = { code };
  if (code === 'SQLITE_NOTADB') {
    return new AbpError(
      'invalid_input',
      `connection_string: expected a SQLite file, found another kind of file: ${path}`,
      {
        hint: 'For CSV and JSON files there are the enumerators csv and json.',
        cause,
      },
    );
  }
  if (/^SQLITE_(CANTOPEN|READONLY|IOERR)/.test(code) && (await isWal(path))) {
    return new WalOutOfReach(code);
  }
  if (/^SQLITE_(BUSY|LOCKED|CANTOPEN|READONLY|IOERR|PERM|AUTH)/.test(code)) {
    return new AbpError('environment', `${path} cannot be read: ${message} (${code})`, {
      hint: 'Check the permissions of the file and its directory, and whether another program holds it.',
      cause,
    });
  }
  return queryRefused(message, cause, rows, /parameter/.test(message) ? PARAMETERS : undefined);
}

const PARAMETERS =
  'A list in params fills the ? of the query in order; :name, @name, $name, ?1 and $1 take an object: { "name": … }, { "1": … }.';

/** A healthy file in WAL mode, which SQLite reads only where it can make its -wal and -shm files beside it. */
class WalOutOfReach extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** A private copy of a file in WAL mode, with its -wal file, made while nobody changes them. */
async function copyOf(path: string, code: string): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'abp-sqlite-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const target = join(directory, 'copy.db');
    const before = await stateOf(path);
    await copyFile(path, target, constants.COPYFILE_FICLONE);
    await copyFile(`${path}-wal`, `${target}-wal`).catch(ignoreMissing);
    if (before !== (await stateOf(path))) throw new Error('it was changed while it was copied');
    return { path: target, remove };
  } catch (cause) {
    await remove();
    const message = `${path} is in WAL mode, which SQLite reads only where it can make its -wal and -shm files beside it (${code}), and it cannot be copied: ${(cause as Error).message}.`;
    throw new AbpError('environment', message, {
      hint: 'Copy the file, with its -wal file, to a directory that you can write, or have its owner run PRAGMA journal_mode=DELETE.',
      cause,
    });
  }
}

/** What changes when somebody writes a file in WAL mode. */
async function stateOf(path: string): Promise<string> {
  const wal = await stat(`${path}-wal`).catch(ignoreMissing);
  const main = await stat(path);
  return [main, wal].map((stats) => `${stats?.size} ${stats?.mtimeMs}`).join(', ');
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Byte 18 of the header is 2 in WAL mode. */
async function isWal(path: string): Promise<boolean> {
  await using file = await open(path).catch(() => null);
  const header = await file?.read(Buffer.alloc(20), 0, 20, 0);
  return header?.buffer[18] === 2;
}

function died({ reason, exit, log }: ChildEnding): AbpError {
  if (reason === 'item') {
    return new AbpError(
      'invalid_input',
      `query: expected at most ${MAX_ITEM_LENGTH} characters in one row, found more`,
      {
        hint: 'Leave the large column out of the query, or take a part of it with substr().',
      },
    );
  }
  return new AbpError('internal', `The process that reads the SQLite file ended with ${exit}. ${log}`.trim(), {
    hint: '`abp doctor` checks the installation.',
  });
}
