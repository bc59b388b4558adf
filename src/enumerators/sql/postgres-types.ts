import { parseExactJson } from '../../domain/exact-json.ts';

/** What `pg` knows of types, by their number. */
export interface PgTypes {
  getTypeParser(oid: number, format?: string): Parser;
}
type Parser = (text: string) => unknown;

const TEXTS = 1009;
const TIMESTAMPTZ = 1184;
/** Lists of a type → the type. */
const ELEMENTS: Readonly<Record<number, number>> = {
  199: 114,
  1016: 20,
  1115: 1114,
  1182: 1082,
  1185: TIMESTAMPTZ,
  1187: 1186,
  3807: 3802,
};

/**
 * The types of `pg`, but exact: 8-byte integers and numbers in JSON whole, times with all their digits and without the zone
 * of this machine, intervals as their text; alone and in lists.
 */
export function exactTypes(types: PgTypes): PgTypes {
  const parsers: Readonly<Record<number, Parser>> = {
    20: BigInt,
    114: parseExactJson,
    1082: String,
    1114: (text) => text.replace(' ', 'T'),
    [TIMESTAMPTZ]: (text) => instant(text, types.getTypeParser(TIMESTAMPTZ)(text)),
    1186: String,
    3802: parseExactJson,
  };
  return {
    getTypeParser(oid, format) {
      const element = parsers[ELEMENTS[oid] ?? -1];
      if (element) return (text) => eachText(types.getTypeParser(TEXTS)(text), element);
      return parsers[oid] ?? types.getTypeParser(oid, format);
    },
  };
}

/** A time in UTC; `infinity` has none. A Date ends with milliseconds: the digits behind them are in the text. */
function instant(text: string, parsed: unknown): string {
  if (!(parsed instanceof Date) || Number.isNaN(parsed.getTime())) return text;
  const [, digits = ''] = /\.(\d+)/.exec(text) ?? [];
  return parsed.toISOString().replace(/\d{3}Z$/, `${digits.padEnd(3, '0')}Z`);
}

/** Lists may be of lists, and hold null. */
function eachText(value: unknown, parse: Parser): unknown {
  if (Array.isArray(value)) return value.map((inner) => eachText(inner, parse));
  return typeof value === 'string' ? parse(value) : value;
}
