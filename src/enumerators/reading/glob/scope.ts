import { expandBraces } from './braces.ts';
import { GlobFault } from './fault.ts';
import type { NameMatcher } from './match.ts';
import { parseGlob, type Step } from './paths.ts';

/** Selects entries of one directory. */
export interface Scope {
  /** The scope of a subdirectory; null if nothing in it is wanted. */
  enter(name: string): Scope | null;
  /** Checks whether a file in it is wanted. */
  takes(name: string): boolean;
}

/** File selection; the globs have been checked with parseGlob. */
export interface Wanted {
  readonly pattern: string;
  /**
   * Match at every depth, unless they start with `/` or `./`; an excluded directory is excluded with all its contents.
   */
  readonly excludes: readonly string[];
  /** True if wildcards of the pattern match names with a leading dot; those of excludes always do. */
  readonly hidden: boolean;
}

/** Builds the scope of the base directory. */
export function scopeOf({ pattern, excludes, hidden }: Wanted): Scope {
  return scopeBetween(rootOf(parseGlob(pattern), hidden), rootOf(excludes.flatMap(parseExclude), true));
}

function scopeBetween(wanted: Layer, left: Layer | null): Scope {
  return {
    enter(name) {
      const inside = wanted.enter(name);
      if (inside === null || left?.takes(name)) return null;
      const excluded = left?.enter(name) ?? null;
      return excluded?.takesAll ? null : scopeBetween(inside, excluded);
    },
    takes: (name) => wanted.takes(name) && !left?.takes(name),
  };
}

/**
 * Parses an exclude: matches at every depth, or from the base directory if it starts with a slash. Throws GlobFault as
 * parseGlob does.
 */
export function parseExclude(exclude: string): readonly (readonly Step[])[] {
  if (expandBraces(exclude).some((word) => /^!(?!\()/.test(word))) {
    throw new GlobFault(
      '"!" cannot re-include files: write a narrower exclude, such as "!(keep)*.md", or "\\!" for a name that begins with it',
    );
  }
  const tied = exclude.replace(/^\.?\//, '');
  const paths = parseGlob(tied.replace(/\/$/, ''));
  return tied === exclude ? paths.map((path) => (path[0] === '**' ? path : ['**', ...path])) : paths;
}

/** The literal directory that contains all matches of a pattern, as names. */
export function directoryOf(pattern: string): readonly string[] {
  const [first = [], ...others] = parseGlob(pattern).map((path) => {
    const names = path.slice(0, -1).map((step) => (step !== '**' && 'literal' in step ? step.literal : null));
    return names.slice(0, names.includes(null) ? names.indexOf(null) : names.length) as readonly string[];
  });
  const shared = first.findIndex((name, depth) => others.some((names) => names[depth] !== name));
  return shared < 0 ? first : first.slice(0, shared);
}

/** Progress of a set of globs in one directory. */
interface Layer {
  enter(name: string): Layer | null;
  takes(name: string): boolean;
  /** True if everything below is matched. */
  readonly takesAll: boolean;
}

/** Steps of all paths, concatenated; a step is addressed by its index. */
interface Plan {
  readonly steps: readonly Step[];
  /** Marks the last step of each path. */
  readonly last: readonly boolean[];
  readonly hidden: boolean;
  /** Cache of layers by their steps: few, since directories differ little. */
  readonly layers: Map<string, Layer>;
}

function rootOf(paths: readonly (readonly Step[])[], hidden: boolean): Layer {
  const starts: number[] = [];
  const steps = paths.flat();
  const last = paths.flatMap((path) => path.map((_, at) => at === path.length - 1));
  for (let at = 0; at < steps.length; at++) if (at === 0 || last[at - 1]) starts.push(at);
  return layerOf({ steps, last, hidden, layers: new Map() }, starts) ?? NOTHING;
}

const NOTHING: Layer = { enter: () => null, takes: () => false, takesAll: false };

/** The layer whose next steps are these; null if there are none. */
function layerOf(plan: Plan, starts: readonly number[]): Layer | null {
  if (starts.length === 0) return null;
  const current = new Set(starts);
  // `**` also matches no directory at all. (A Set iterates over entries added meanwhile.)
  for (const at of current) if (plan.steps[at] === '**' && !plan.last[at]) current.add(at + 1);
  const key = [...current].sort((a, b) => a - b).join();
  const known = plan.layers.get(key);
  if (known) return known;
  const layer = makeLayer(plan, current);
  plan.layers.set(key, layer);
  return layer;
}

function makeLayer(plan: Plan, current: ReadonlySet<number>): Layer {
  const deep = [...current].filter((at) => plan.steps[at] === '**');
  const takesAll = deep.some((at) => plan.last[at]);
  const files = namesOf(
    plan,
    [...current].filter((at) => plan.last[at]),
  );
  const directories = namesOf(
    plan,
    [...current].filter((at) => !plan.last[at]),
  );
  const isVisible = (name: string) => plan.hidden || !name.startsWith('.');
  let below: Layer | null | undefined;
  return {
    takesAll,
    takes: (name) => (takesAll && isVisible(name)) || files.has(name),
    enter(name) {
      const stay = isVisible(name) ? deep : [];
      const next = directories.has(name) ? directories.of(name).map((at) => at + 1) : [];
      if (next.length > 0) return layerOf(plan, [...stay, ...next]);
      if (below === undefined) below = layerOf(plan, deep);
      return stay.length > 0 ? below : null;
    },
  };
}

/** Indexes the names that steps match. Literal names are looked up: a long list in braces costs nothing. */
function namesOf(plan: Plan, steps: readonly number[]): { has(name: string): boolean; of(name: string): number[] } {
  const literals = new Map<string, number[]>();
  const patterns: { readonly at: number; readonly matches: NameMatcher }[] = [];
  for (const at of steps) {
    const step = plan.steps[at];
    if (step === undefined || step === '**') continue;
    if ('matches' in step) patterns.push({ at, matches: step.matches });
    else if (literals.has(step.literal)) literals.get(step.literal)?.push(at);
    else literals.set(step.literal, [at]);
  }
  return {
    has(name) {
      // A plain loop: this runs for every name of a walk.
      for (const { matches } of patterns) if (matches(name, plan.hidden)) return true;
      return literals.size > 0 && literals.has(name);
    },
    of: (name) => [
      ...(literals.get(name) ?? []),
      ...patterns.filter(({ matches }) => matches(name, plan.hidden)).map(({ at }) => at),
    ],
  };
}
