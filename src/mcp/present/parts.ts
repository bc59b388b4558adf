import { truncateParts } from '../../orchestrator/truncate.ts';

/** Maximum size of an answer, bytes: it fills a conversation. */
export const ANSWER_BYTES = 10_000;

/**
 * How parts of an answer are presented: by field, from its value (and the whole answer) to the fields that a model sees in
 * its place. Other parts get `OTHER_BYTES` each.
 */
export type Parts = Readonly<Record<string, (value: never, answer: never) => object>>;

/** Bytes of a part that has no presentation of its own: names and paths stay whole, and a new field is bounded. */
const OTHER_BYTES = 1500;

/** Leaves a part out. */
export const omitted = (): object => ({});

/** Presents an answer part by part, in the order of its fields. */
export function presentParts(answer: object, parts: Parts): Record<string, unknown> {
  const shown = Object.entries(answer).map(([name, value]: [string, unknown]) =>
    value === undefined
      ? {}
      : (parts[name]?.(value as never, answer as never) ?? truncateParts({ [name]: value }, OTHER_BYTES)),
  );
  return Object.assign({}, ...shown) as Record<string, unknown>;
}
