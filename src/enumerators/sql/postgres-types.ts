import { parseExactJson } from '../../domain/exact-json.ts';

/** What `pg` knows of types, by their number. */
export interface PgTypes {
  getTypeParser(oid: number, format?: string): Parser;
}
/** Makes a value from the text that the server gives. */
export type Parser = (text: string) => unknown;

/** A row of pg_type, as TYPES asks for it; numbers are text. */
export type TypeRow = readonly [oid: string, category: string, element: string, base: string, delimiter: string];

/** The types of `$1` and those that they are made of: elements of arrays, bases of domains. */
export const TYPES = `WITH RECURSIVE types AS (
  SELECT oid, typcategory, typelem, typbasetype, typdelim FROM pg_catalog.pg_type WHERE oid = ANY($1)
  UNION SELECT t.oid, t.typcategory, t.typelem, t.typbasetype, t.typdelim FROM pg_catalog.pg_type t
    JOIN types ON t.oid IN (types.typelem, types.typbasetype)
) SELECT oid::text, typcategory::text, typelem::text, typbasetype::text, typdelim::text FROM types`;

const TIMESTAMPTZ = 1184;
const NOT_ASKED = new Set([
  16,
  17,
  20,
  21,
  23,
  25,
  114,
  700,
  701,
  1042,
  1043,
  1082,
  1114,
  TIMESTAMPTZ,
  1186,
  1700,
  2950,
  3802,
]);

/** Whether the server has to be asked what a type is: any but the usual ones, which are no lists. */
export function isUnknown(oid: number | undefined): oid is number {
  return oid !== undefined && !NOT_ASKED.has(oid);
}

/**
 * The parsers of `pg`, but exact: 8-byte integers and numbers in JSON whole, times with all their digits and without the
 * zone of this machine, numerics and intervals as their text; lists of whatever type as lists of the same values.
 */
export function exactParsers(types: PgTypes, asked: readonly TypeRow[]): (oid: number) => Parser {
  const known = new Map(asked.map((row) => [Number(row[0]), row]));
  const exact: Readonly<Record<number, Parser>> = {
    20: BigInt,
    114: parseExactJson,
    1082: String,
    1114: (text) => text.replace(' ', 'T'),
    [TIMESTAMPTZ]: (text) => instant(text, types.getTypeParser(TIMESTAMPTZ)(text)),
    1186: String,
    1700: String,
    3802: parseExactJson,
  };

  return function parserOf(oid: number): Parser {
    const [, category, element, base] = known.get(oid) ?? [];
    if (Number(base) > 0) return parserOf(Number(base));
    // Lists of unnamed composites are pseudo-types.
    if ((category !== 'A' && category !== 'P') || Number(element) === 0) return exact[oid] ?? types.getTypeParser(oid);
    const parse = parserOf(Number(element));
    const delimiter = known.get(Number(element))?.[4] ?? ',';
    return (text) => listOf(text, delimiter, parse);
  };
}

/** A time in UTC; `infinity` has none. A Date ends with milliseconds: the digits behind them are in the text. */
function instant(text: string, parsed: unknown): string {
  if (!(parsed instanceof Date) || Number.isNaN(parsed.getTime())) return text;
  const [, digits = ''] = /\.(\d+)/.exec(text) ?? [];
  return parsed.toISOString().replace(/\d{3}Z$/, `${digits.padEnd(3, '0')}Z`);
}

/**
 * A list as PostgreSQL writes it (manual, 8.15.6): `{1,"a \"b\"",NULL,{2}}`, perhaps with bounds before it (`[0:1]={1,2}`);
 * text that is none (an int2vector, which has spaces between) as it is.
 */
function listOf(text: string, delimiter: string, parse: Parser): unknown {
  let at = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  if (text[at] !== '{') return text;

  return list();

  function list(): unknown[] {
    const values: unknown[] = [];
    for (at++; at < text.length && text[at] !== '}'; ) {
      values.push(text[at] === '{' ? list() : text[at] === '"' ? parse(quoted()) : bare());
      if (text[at] === delimiter) at++;
    }
    at++;
    return values;
  }

  function quoted(): string {
    let value = '';
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text[at] === '\\') at++;
      value += text[at];
    }
    at++;
    return value;
  }

  function bare(): unknown {
    const start = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== '}') at++;
    const value = text.slice(start, at);
    return value === 'NULL' ? null : parse(value);
  }
}
