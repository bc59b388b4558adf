import { cutMiddleBriefly } from './cut.ts';
import type { FailureClass } from './failure.ts';

/** A failed unit, as far as clustering looks at it. */
export interface FailedUnit {
  readonly index: number;
  readonly failureClass: FailureClass;
  readonly message: string;
}

/** Failed units with one cause. `units` are their indexes, ascending; `example` is the first one's message. */
export interface FailureCluster {
  readonly failureClass: FailureClass;
  readonly cause: string;
  readonly example: string;
  readonly units: readonly number[];
}

/** What differs from unit to unit in messages about one cause: quoted names, paths, addresses, ids, numbers. */
const VARYING: readonly (readonly [RegExp, string | ((found: string) => string)])[] = [
  [/(["'`“])(?:(?!\1|[”\n]).){1,300}["'`”]/g, '“…”'],
  [/\bhttps?:\/\/\S+/g, '…'],
  [/[\w.@~/-]+/g, (word) => (/[\w.@~-]\//.test(word) ? '…' : word)],
  [/\b[0-9a-f]{8,}(?:-[0-9a-f]{4,}){0,4}\b/gi, '…'],
  [/\d+(?:[.,:]\d+)*/g, '#'],
];
const CAUSE_CHARS = 160;

/**
 * What a message says when all that varies is taken out: its first line and its last one, which says why; at most 160
 * characters, without the middle of what is longer.
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

/** No line is looked at for longer than this. */
function endsOf(line: string): string {
  return cutMiddleBriefly(line, 1000);
}

/** Failed units by class and cause, the most frequent first. */
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
