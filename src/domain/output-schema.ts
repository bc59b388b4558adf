import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import type { DataValidateFunction } from 'ajv/dist/types/index.js';
import { isDecimalMultiple } from './decimal.ts';
import { AbpError } from './error.ts';
import type { Json, JsonObject } from './json.ts';
import { endlessReference, misreadReference } from './schema-references.ts';

/** Checks a result: null = valid, else the problems in one line, fit for the agent's next prompt. */
export type OutputCheck = (value: Json) => string | null;

type AjvConstructor = new (options: object) => Ajv;

/**
 * JSON Schema dialects by `$schema`; the first is the default. These packages are CommonJS: a bundle that loads them
 * lazily keeps only their default export.
 */
const DIALECTS: readonly { readonly uri: RegExp; readonly load: () => Promise<{ readonly default: unknown }> }[] = [
  { uri: /draft\/2020-12\//, load: () => import('ajv/dist/2020.js') },
  { uri: /draft\/2019-09\//, load: () => import('ajv/dist/2019.js') },
  { uri: /draft-0[67]\//, load: () => import('ajv') },
  { uri: /draft-04\//, load: () => import('ajv-draft-04') },
];

const SHOWN_ERRORS = 10;
/** Longest text of one problem: the names in it may come from the agent. */
const SHOWN_CHARS = 300;
const KEPT_CHECKS = 16;
const PROTO = '__proto__';
const checks = new Map<string, OutputCheck>();

/**
 * Compiles a job's output schema. Ignores unknown keywords and formats (they are notes to the agent). Throws AbpError
 * `invalid_input` when the schema does not compile.
 */
export async function compileSchema(schema: JsonObject): Promise<OutputCheck> {
  const text = JSON.stringify(schema);
  const known = checks.get(text);
  if (known) return known;
  const check = await compile(schema);
  if (checks.size >= KEPT_CHECKS) checks.clear();
  checks.set(text, check);
  return check;
}

async function compile(schema: JsonObject): Promise<OutputCheck> {
  const { $schema: named } = schema;
  const dialect = DIALECTS.find(({ uri }) => named === undefined || (typeof named === 'string' && uri.test(named)));
  if (!dialect) {
    throw refusal(`$schema is ${JSON.stringify(named)}, expected draft 2020-12, 2019-09, 07, 06 or 04`);
  }
  const [{ default: AjvDialect }, { default: formats }] = await Promise.all([dialect.load(), import('ajv-formats')]);
  // Without ownProperties every object has a property `constructor`.
  const options = { strict: false, allErrors: true, logger: false, ownProperties: true };
  const ajv = new (AjvDialect as AjvConstructor)(options);
  (formats as unknown as (ajv: Ajv) => void)(ajv);
  addDecimalMultiples(ajv);
  let validate: ValidateFunction;
  try {
    const endless = endlessReference(schema);
    if (endless !== null)
      throw new Error(`the reference ${JSON.stringify(endless)} leads to itself and checks nothing`);
    const misread = misreadReference(schema);
    if (misread !== null)
      throw new Error(
        `the reference ${JSON.stringify(misread)} is to a member "" and not supported; "#" is the whole schema`,
      );
    validate = ajv.compile(withoutDialect(protoAsPattern(schema) as JsonObject));
  } catch (error) {
    throw refusal((error as Error).message, error);
  }
  return (value) => (validate(value) ? null : describe(validate.errors as readonly ErrorObject[]));
}

/**
 * Removes `$schema`, for which Ajv would look up a meta-schema of exactly that name (draft 06, `https` instead of
 * `http`), and Ajv's keyword `$async`, which would make every check a promise (always truthy).
 */
function withoutDialect({ $schema: _, $async: __, ...rest }: JsonObject): JsonObject {
  return rest;
}

/** Replaces Ajv's `multipleOf`, which divides doubles: 19.99 would be no multiple of 0.01 at any precision. */
function addDecimalMultiples(ajv: Ajv): void {
  ajv.removeKeyword('multipleOf');
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    errors: true,
    compile: (divisor: number) => {
      const errors = [{ keyword: 'multipleOf', message: `must be multiple of ${divisor}`, params: {} }];
      const validate: DataValidateFunction = (value: number) => {
        validate.errors = errors;
        return isDecimalMultiple(value, divisor);
      };
      return validate;
    },
  });
}

/**
 * Moves a property called `__proto__` to a pattern: Ajv ignores it in `properties`, and rejects it where additional
 * properties are not allowed.
 */
function protoAsPattern(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(protoAsPattern);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.entries(schema).map(([name, value]) => [name, protoAsPattern(value)] as const);
  const { properties, patternProperties, ...rest }: JsonObject = Object.fromEntries(inner);
  const own = {
    ...(properties !== undefined && { properties }),
    ...(patternProperties !== undefined && { patternProperties }),
  };
  if (typeof properties !== 'object' || properties === null || !Object.hasOwn(properties, PROTO))
    return { ...rest, ...own };
  const { [PROTO]: described = true, ...others } = properties as JsonObject;
  const patterns = { ...(patternProperties as JsonObject | undefined), [`^${PROTO}$`]: described };
  return { ...rest, properties: others, patternProperties: patterns };
}

function describe(errors: readonly ErrorObject[]): string {
  const lines = errors.slice(0, SHOWN_ERRORS).map(({ instancePath, message, params }) => {
    const detail = Object.values(params as object).filter((value) => typeof value === 'string' || Array.isArray(value));
    const named = detail.length > 0 ? ` (${detail.flat().slice(0, 5).join(', ')})` : '';
    const line = `${instancePath === '' ? 'the result' : instancePath} ${message}${named}`;
    return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
  });
  const more = errors.length > SHOWN_ERRORS ? `; and ${errors.length - SHOWN_ERRORS} more` : '';
  return lines.join('; ') + more;
}

function refusal(reason: string, cause?: unknown): AbpError {
  return new AbpError('invalid_input', `schema is not a usable JSON Schema: ${reason}`, {
    hint: 'Give a JSON Schema object (draft 2020-12 unless $schema names another), for example {"type":"object","properties":{"title":{"type":"string"}},"required":["title"]}.',
    ...(cause === undefined ? {} : { cause }),
  });
}
