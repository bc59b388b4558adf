import { constants, copyFile, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { show } from '../../domain/validate.ts';
import { programPath } from '../../package-root.ts';
import { type ChildEnding, childLines } from '../reading/child.ts';
import { MAX_ITEM_LENGTH } from '../reading/rows.ts';
import { notAQuery, queryRefused, type SqlPart, type SqlQuery, type SqlRow } from './source.ts';
import type { SqliteMessage, SqliteRequest } from './sqlite-program.ts';

/** A query may take long; its caller ends it. */
const CPU_SECONDS = 24 * 3600;

/**
 * Reads the rows of a query on a SQLite file, opened read-only, in a child process. A file in WAL mode in a directory that
 * cannot be written is read from a copy, because SQLite has to create files next to it.
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

async function* read({ connection, query, params, limit, signal }: SqlQuery): AsyncGenerator<SqlPart> {
  const lines = childLines({
    program: programPath('enumerators/sql/sqlite-program'),
    input: { connection, query, params, limit: limit ?? null } satisfies SqliteRequest,
    flags: [],
    environment: {},
    workingDirectory: dirname(connection),
    signal,
    limits: { timeMs: null, memoryBytes: null, outputBytes: null, cpuSeconds: CPU_SECONDS },
    failed: died,
  });
  for await (const batch of lines) {
    const rows: SqlRow[] = [];
    for (const line of batch) {
      const said = JSON.parse(line) as Json[] | SqliteMessage;
      if (Array.isArray(said)) rows.push(said);
      else if ('broken' in said) rows.push(notUtf8(said));
      else if ('columns' in said) yield { columns: said.columns };
      else if ('refused' in said) throw notAQuery();
      else throw await refusal(connection, said.error);
    }
    if (rows.length > 0) yield { rows };
  }
}

function notUtf8({ broken, bytes }: Extract<SqliteMessage, { broken: string }>): SqlRow {
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
  { message, code, rows }: Extract<SqliteMessage, { error: unknown }>['error'],
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

/** Reports a sound file in WAL mode, which SQLite reads only where it can create its -wal and -shm files next to it. */
class WalOutOfReach extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Makes a private copy of a file in WAL mode and its -wal file; AbpError `environment` when they change meanwhile. */
async function copyOf(path: string, code: string): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'abp-sqlite-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const target = join(directory, 'copy.db');
    const before = await stateOf(path);
    await copyFile(path, target, constants.COPYFILE_FICLONE);
    await copyFile(`${path}-wal`, `${target}-wal`).catch(ignoreMissing);
    if (before !== (await stateOf(path))) throw new Error('it was changed during the copy');
    return { path: target, remove };
  } catch (cause) {
    await remove();
    const message = `${path} is in WAL mode, which SQLite reads only where it can create its -wal and -shm files next to it (${code}), and it cannot be copied: ${(cause as Error).message}.`;
    throw new AbpError('environment', message, {
      hint: 'Copy the file and its -wal file to a directory that you can write, or have its owner run PRAGMA journal_mode=DELETE.',
      cause,
    });
  }
}

/** Sizes and times of a file in WAL mode and its -wal file; a write changes them. */
async function stateOf(path: string): Promise<string> {
  const wal = await stat(`${path}-wal`).catch(ignoreMissing);
  const main = await stat(path);
  return [main, wal].map((stats) => `${stats?.size} ${stats?.mtimeMs}`).join(', ');
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Whether a file is in WAL mode: byte 18 of its header is 2. */
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
