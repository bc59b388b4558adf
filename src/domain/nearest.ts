import { closest, distance } from 'fastest-levenshtein';

/** Returns the known name that `name` probably means; null = none is close enough. */
export function nearest(name: string, known: Iterable<string>): string | null {
  const wanted = fold(name);
  const folded = new Map([...known].map((candidate) => [fold(candidate), candidate]));
  const exact = folded.get(wanted);
  if (exact !== undefined) return exact;
  const whole = [...folded.keys()].filter((candidate) => isPart(wanted, candidate) || isPart(candidate, wanted));
  if (folded.size === 0) return null;
  const best = closest(wanted, whole.length > 0 ? whole : [...folded.keys()]);
  const allowed = Math.max(1, Math.round(Math.max(wanted.length, best.length) / 3));
  const near = whole.length > 0 || swapped(wanted, best) || distance(wanted, best) <= allowed;
  return (near ? folded.get(best) : undefined) ?? null;
}

/** Returns ` Did you mean "x"?` to append to a message; empty when no known name is close. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const meant = nearest(name, known);
  return meant === null ? '' : ` Did you mean ${JSON.stringify(meant)}?`;
}

/** Ignores case and word separators: `filePath`, `file-path` and `file_path` are one name. */
function fold(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-\s.]+/g, '_')
    .toLowerCase();
}

/** Tells whether `part` is whole words of `name` or its beginning: `path` of `file_path`, `base_dir` of `base_directory`. */
function isPart(part: string, name: string): boolean {
  return part.length > 2 && (`_${name}_`.includes(`_${part}_`) || name.startsWith(part));
}

/** Tells whether two names have the same letters in another order: `cvs`, `calude`. */
function swapped(one: string, other: string): boolean {
  return [...one].sort().join('') === [...other].sort().join('');
}
