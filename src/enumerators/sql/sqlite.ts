import { open, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AbpError } from '../../domain/error.ts';
import type { Json } from '../../domain/json.ts';
import { type ChildEnding, childLines } from '../reading/child.ts';
import { MAX_ITEM_LENGTH } from '../reading/rows.ts';
import { notAQuery, queryRefused, type SqlPart, type SqlQuery } from './source.ts';

/** A query has no bound but the patience of who runs it. */
const CPU_SECONDS = 24 * 3600;

/**
 * Opens the file read-only and lets the engine judge the query: it must give rows and write nothing (`readonly` alone also
 * holds for ATTACH and for some PRAGMAs). It runs in a process of its own, because SQLite blocks the one it is in.
 */
const PROGRAM = `
import { readFileSync, writeSync } from 'node:fs';
const { driver, path, query, params, limit } = JSON.parse(readFileSync(0, 'utf8'));
const { default: Database } = await import(driver);
let lines = '';
let due = 0;
const flush = () => {
  const bytes = Buffer.from(lines);
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
  lines = '';
};
const say = (value) => {
  lines += JSON.stringify(value) + '\\n';
};
// Who looks at the first rows does not wait for the last.
const sayInTime = (row) => {
  say(row);
  const now = performance.now();
  if (lines.length < 65536 && now < due) return;
  flush();
  due = now + 20;
};
// A whole number is an INTEGER: as the REAL that it would be, '5' is not found. Booleans are 1 and 0.
const bound = (value) => (typeof value === 'boolean' || Number.isSafeInteger(value) ? BigInt(value) : value);
const boundFields = ([name, value]) => [name, bound(value)];
const bindings = (params) => {
  if (params === null) return [];
  return [Array.isArray(params) ? params.map(bound) : Object.fromEntries(Object.entries(params).map(boundFields))];
};
const plain = (value) => {
  if (typeof value === 'bigint') return BigInt.asIntN(54, value) === value ? Number(value) : String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return Buffer.isBuffer(value) ? { $base64: value.toString('base64') } : value;
};
let rows = 0;
try {
  const database = new Database(path, { readonly: true, fileMustExist: true, timeout: 2000 });
  const statement = database.prepare(query);
  if (!statement.reader || !statement.readonly) say({ refused: true });
  else {
    statement.safeIntegers().raw();
    say({ columns: statement.columns().map(({ name }) => name) });
    flush();
    for (const row of statement.iterate(...bindings(params))) {
      sayInTime(row.map(plain));
      if (++rows === limit) break;
    }
    say({ end: true });
  }
} catch (error) {
  say({ error: { message: error.message, code: error.code ?? error.name, rows } });
}
flush();
process.exit(0);
`;

/** What the program says in a line that is no row. */
type Message =
  | { readonly columns: readonly string[] }
  | { readonly end: true }
  | { readonly refused: true }
  | { readonly error: { readonly message: string; readonly code: string; readonly rows: number } };

/** Rows of a query on a SQLite file, which is opened read-only. */
export async function* sqlite({ connection: path, query, params, limit, signal }: SqlQuery): AsyncGenerator<SqlPart> {
  await refuseUnlessFile(path);
  const driver = pathToFileURL(createRequire(import.meta.url).resolve('better-sqlite3')).href;
  const lines = childLines({
    program: PROGRAM,
    input: { driver, path, query, params, limit: limit ?? null },
    flags: [],
    environment: {},
    workingDirectory: dirname(path),
    signal,
    limits: { timeMs: null, memoryBytes: null, outputBytes: null, cpuSeconds: CPU_SECONDS },
    failed: died,
  });
  for await (const batch of lines) {
    const rows: Json[][] = [];
    for (const line of batch) {
      const said = JSON.parse(line) as Json[] | Message;
      if (Array.isArray(said)) rows.push(said);
      else if ('columns' in said) yield { columns: said.columns };
      else if ('refused' in said) throw notAQuery();
      else if ('error' in said) throw await refusal(path, said.error);
    }
    if (rows.length > 0) yield { rows };
  }
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
): Promise<AbpError> {
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
    const message = `${path} is in WAL mode, which SQLite reads only where it can make its -wal and -shm files beside it: it cannot (${code}).`;
    return new AbpError('environment', message, {
      hint: 'Copy the file, with its -wal file, to a directory that you can write, or have its owner run PRAGMA journal_mode=DELETE.',
      cause,
    });
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

/** Byte 18 of the header is 2 in WAL mode. */
async function isWal(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  const header = await file?.read(Buffer.alloc(20), 0, 20, 0).finally(() => file.close());
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
