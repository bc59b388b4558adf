import { parseExactJson } from '../../domain/exact-json.ts';

/** The table of types of `pg`, by their number. */
export interface PgTypes {
  getTypeParser(oid: number, format?: string): Parser;
}
/** Makes a value from the text that the server sends. */
export type Parser = (text: string) => unknown;

/** A row of pg_type, as TYPES selects it; numbers are text. */
export type TypeRow = readonly [oid: string, category: string, element: string, base: string, delimiter: string];

/** The types of `$1` and those that they are made of: elements of arrays, bases of domains. */
export const TYPES = `WITH RECURSIVE types AS (
  SELECT oid, typcategory, typelem, typbasetype, typdelim FROM pg_catalog.pg_type WHERE oid = ANY($1)
  UNION SELECT t.oid, t.typcategory, t.typelem, t.typbasetype, t.typdelim FROM pg_catalog.pg_type t
    JOIN types ON t.oid IN (types.typelem, types.typbasetype)
) SELECT oid::text, typcategory::text, typelem::text, typbasetype::text, typdelim::text FROM types`;

const TIMESTAMPTZ = 1184;
/** Types that "pg" and we know: booleans, numbers, texts, JSON, times, UUIDs. */
const USUAL = new Set([16, 17, 20, 21, 23, 25, 114, 700, 701, 1042, 1043, 1082, 1114, 1184, 1186, 1700, 2950, 3802]);

/** Whether TYPES has to be run for a type: any but the usual ones, which are not lists. */
export function isUnknown(oid: number | undefined): oid is number {
  return oid !== undefined && !USUAL.has(oid);
}

/**
 * Returns the parsers of `pg`, but exact: 8-byte integers and numbers in JSON keep their digits, times have all digits and no
 * zone of this machine, numerics and intervals are their text; a list of any type is a list of the same values.
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

/** Converts a time to UTC, except `infinity`. A Date ends with milliseconds: further digits come from the text. */
function instant(text: string, parsed: unknown): string {
  if (!(parsed instanceof Date) || Number.isNaN(parsed.getTime())) return text;
  const [, digits = ''] = /\.(\d+)/.exec(text) ?? [];
  return parsed.toISOString().replace(/\d{3}Z$/, `${digits.padEnd(3, '0')}Z`);
}

/**
 * Parses a list as PostgreSQL writes it (manual, 8.15.6): `{1,"a \"b\"",NULL,{2}}`, perhaps with bounds before it
 * (`[0:1]={1,2}`). Returns other text (an int2vector, separated by spaces) as it is.
 */
function listOf(text: string, delimiter: string, parse: Parser): unknown {
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0;
  if (text[start] !== '{') return text;
  const whole: unknown[] = [];
  const open = [whole];
  let quoted: string | null = null;
  for (const [token] of text.slice(start).matchAll(/\\.|["{}]|[^\\"{}]+/gs)) {
    const list = open.at(-1);
    if (token === '"') {
      if (quoted !== null) list?.push(parse(quoted));
      quoted = quoted === null ? '' : null;
    } else if (quoted !== null) quoted += token.startsWith('\\') ? token.slice(1) : token;
    else if (token === '}') open.pop();
    else if (token === '{') {
      const inner: unknown[] = [];
      list?.push(inner);
      open.push(inner);
    } else for (const word of token.split(delimiter)) if (word !== '') list?.push(word === 'NULL' ? null : parse(word));
  }
  return whole[0];
}
