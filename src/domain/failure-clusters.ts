import { cutMiddleBriefly } from './cut.ts';
import type { FailureClass } from './failure.ts';

/** Fields of a failed unit that clustering uses. */
export interface FailedUnit {
  readonly index: number;
  readonly failureClass: FailureClass;
  readonly message: string;
}

/** Failed units with the same cause. `units` are their indexes, ascending; `example` is the first unit's message. */
export interface FailureCluster {
  readonly failureClass: FailureClass;
  readonly cause: string;
  readonly example: string;
  readonly units: readonly number[];
}

/** Parts that vary between messages of one cause: quoted names, paths, addresses, ids, numbers. */
const VARYING: readonly (readonly [RegExp, string | ((found: string) => string)])[] = [
  [/(["'`“])(?:(?!\1|[”\n]).){1,300}["'`”]/g, '“…”'],
  [/\bhttps?:\/\/\S+/g, '…'],
  [/[\w.@~/-]+/g, (word) => (/[\w.@~-]\//.test(word) ? '…' : word)],
  [/\b[0-9a-f]{8,}(?:-[0-9a-f]{4,}){0,4}\b/gi, '…'],
  [/\d+(?:[.,:]\d+)*/g, '#'],
];
const CAUSE_CHARS = 160;

/**
 * Reduces a message to its cause: first and last line (the last says why) with the varying parts replaced, at most 160
 * characters, the middle of longer ones cut.
 */
export function causeOf(message: string): string {
  const text = message.trim();
  const [first = ''] = text.split('\n', 1);
  const last = first.length === text.length ? '' : text.slice(text.lastIndexOf('\n') + 1);
  const line = last === '' ? endsOf(first) : `${endsOf(first)} … ${endsOf(last)}`;
  const cause = VARYING.reduce(
    (text, [find, replace]) =>
      typeof replace === 'string' ? text.replace(find, replace) : text.replace(find, replace),
    line,
  );
  return cutMiddleBriefly(cause, CAUSE_CHARS);
}

/** Bounds the length of a line for the patterns. */
function endsOf(line: string): string {
  return cutMiddleBriefly(line, 1000);
}

/** Groups failed units by class and cause, largest group first. */
export function clusterFailures(failed: Iterable<FailedUnit>): readonly FailureCluster[] {
  const clusters = new Map<string, FailureCluster & { readonly units: number[] }>();
  for (const { index, failureClass, message } of failed) {
    const cause = causeOf(message);
    const key = `${failureClass}\0${cause}`;
    const known = clusters.get(key);
    if (known) known.units.push(index);
    else clusters.set(key, { failureClass, cause, example: message, units: [index] });
  }
  return [...clusters.values()].sort((a, b) => b.units.length - a.units.length);
}
