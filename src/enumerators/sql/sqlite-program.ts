/**
 * Opens the file read-only and lets the engine judge the query: it must give rows and write nothing (`readonly` alone also
 * holds for ATTACH and for some PRAGMAs). It runs in a process of its own, because SQLite blocks the one it is in.
 * Its driver gives text that is not UTF-8 with U+FFFD where bytes do not fit. A row that holds one is compared with the same
 * row of the same query, as bytes.
 */
export const SQLITE_PROGRAM = `
import { isUtf8 } from 'node:buffer';
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
// The values of row after row as bytes, read only as far as they are asked for; none where the query cannot be asked for them.
const bytesOf = (database, query, columns, values) => {
  const names = columns.map((_, at) => 'c' + at);
  const asked = 'WITH abp(' + names + ') AS (' + query.replace(/;\\s*$/, '') + '\\n) SELECT ' +
    names.map((name) => 'CAST(' + name + ' AS BLOB)') + ' FROM abp';
  let next = 0;
  let all;
  return (row) => {
    try {
      all ??= database.prepare(asked).raw().iterate(...values);
      for (;;) {
        const { value } = all.next();
        if (next++ === row) return value ?? [];
      }
    } catch {
      return [];
    }
  };
};
const isBroken = (text, bytes) => Buffer.isBuffer(bytes) && !isUtf8(bytes) && bytes.toString() === text;
const isSuspect = (row) => {
  for (const value of row) if (typeof value === 'string' && value.includes('\\ufffd')) return true;
  return false;
};
const sayBroken = (row, columns, bytes) => {
  const at = row.findIndex((value, at) => isBroken(value, bytes[at]));
  if (at >= 0) sayInTime({ broken: columns[at].name, bytes: bytes[at].toString('hex', 0, 20) });
  return at >= 0;
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
    const columns = statement.columns();
    const bytes = bytesOf(database, query, columns, bindings(params));
    for (const row of statement.iterate(...bindings(params))) {
      if (!isSuspect(row) || !sayBroken(row, columns, bytes(rows))) sayInTime(row.map(plain));
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
