/**
 * How parts of an answer are presented: by field, from its value (and the whole answer) to the fields that a model sees in
 * its place. Other parts stay as they are.
 */
export type Parts = Readonly<Record<string, (value: never, answer: never) => object>>;

/** Leaves a part out. */
export const omitted = (): object => ({});

/** Presents an answer part by part, in the order of its fields. */
export function presentParts(answer: object, parts: Parts): Record<string, unknown> {
  const shown = Object.entries(answer).map(([name, value]: [string, unknown]) =>
    value === undefined ? {} : (parts[name]?.(value as never, answer as never) ?? { [name]: value }),
  );
  return Object.assign({}, ...shown) as Record<string, unknown>;
}
