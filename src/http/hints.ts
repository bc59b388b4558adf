import { HINT_FIELDS, hintText, replaceHints } from '../domain/hint.ts';

/** A part of a JSON Schema. */
type Part = Readonly<Record<string, unknown>>;

/**
 * Words each hint of an answer for programs, beside its parts for the page, which has words of its own: `advice` and
 * `advice_parts`. A hint that names no operation has no parts.
 */
export function withHintsWorded(answer: object): object {
  return replaceHints(answer, (field, given) => ({ [field]: hintText(given), [partsField(field)]: given })) as object;
}

/** Name of the field with the parts of a hint. */
function partsField(field: string): string {
  return `${field}_parts`;
}

/** Describes answers as `withHintsWorded` makes them, from the JSON Schema of what operations answer. */
export function hintsWordedIn(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(hintsWordedIn);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { properties, ...rest } = schema as Part & { readonly properties?: Part };
  const described = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, hintsWordedIn(value)]));
  if (properties === undefined) return described;
  const fields = Object.entries(properties).flatMap(([field, value]): readonly (readonly [string, unknown])[] => {
    const parts = partsIn(field, value);
    if (parts === null) return [[field, hintsWordedIn(value)]];
    return [
      [field, { type: 'string' }],
      [partsField(field), parts],
    ];
  });
  return { ...described, properties: Object.fromEntries(fields) };
}

/** The schema of the parts of a hint; null for another field. */
function partsIn(field: string, schema: unknown): unknown {
  const choices = (schema as { readonly anyOf?: readonly Part[] } | null)?.anyOf ?? [];
  const isHint = (HINT_FIELDS as readonly string[]).includes(field);
  return (isHint && choices.find(({ type }) => type === 'array')) || null;
}
