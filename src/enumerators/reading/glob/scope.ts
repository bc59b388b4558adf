import { expandBraces } from './braces.ts';
import { GlobFault } from './fault.ts';
import type { NameMatcher } from './match.ts';
import { parseGlob, type Step } from './paths.ts';

/** What is wanted of one directory. */
export interface Scope {
  /** What is wanted of a directory in it; null when nothing is. */
  enter(name: string): Scope | null;
  /** Whether a file in it is wanted. */
  takes(name: string): boolean;
}

/** Which files are wanted; the globs have been checked with parseGlob. */
export interface Wanted {
  readonly pattern: string;
  /** Hold at every depth, unless they start with `/` or `./`; what lies below an excluded directory is left out with it. */
  readonly excludes: readonly string[];
  /** Whether wildcards of the pattern also take names that start with a dot; those of excludes always do. */
  readonly hidden: boolean;
}

/** What is wanted of the base directory. */
export function scopeOf({ pattern, excludes, hidden }: Wanted): Scope {
  return narrow(rootOf(parseGlob(pattern), hidden), rootOf(excludes.flatMap(parseExclude), true));
}

function narrow(wanted: Layer, left: Layer | null): Scope {
  return {
    enter(name) {
      const inside = wanted.enter(name);
      if (inside === null || left?.takes(name)) return null;
      const excluded = left?.enter(name) ?? null;
      return excluded?.takesAll ? null : narrow(inside, excluded);
    },
    takes: (name) => wanted.takes(name) && !left?.takes(name),
  };
}

/** The paths of an exclude, as it is meant: at every depth, or tied to the base. GlobFault as parseGlob. */
export function parseExclude(exclude: string): readonly (readonly Step[])[] {
  if (expandBraces(exclude).some((word) => /^!(?!\()/.test(word))) {
    throw new GlobFault(
      '"!" takes nothing back: write an exclude that leaves it, such as "!(keep)*.md", or "\\!" where a name begins with it',
    );
  }
  const tied = exclude.replace(/^\.?\//, '');
  const paths = parseGlob(tied.replace(/\/$/, ''));
  return tied === exclude ? paths.map((path) => (path[0] === '**' ? path : ['**', ...path])) : paths;
}

/** The names that all paths of a pattern begin with, without the last: its matches lie below this directory. */
export function directoryOf(pattern: string): readonly string[] {
  const [first = [], ...others] = parseGlob(pattern).map((path) => {
    const names = path.slice(0, -1).map((step) => (step !== '**' && 'literal' in step ? step.literal : null));
    return names.slice(0, names.includes(null) ? names.indexOf(null) : names.length) as readonly string[];
  });
  const shared = first.findIndex((name, depth) => others.some((names) => names[depth] !== name));
  return shared < 0 ? first : first.slice(0, shared);
}

/** How far the paths of a set of globs have come in one directory. */
interface Layer {
  enter(name: string): Layer | null;
  takes(name: string): boolean;
  /** Whether everything below is taken. */
  readonly takesAll: boolean;
}

/** Steps of all paths, one behind the other; the number of a step is its place here. */
interface Plan {
  readonly steps: readonly Step[];
  /** Whether a step is the last of its path. */
  readonly last: readonly boolean[];
  readonly hidden: boolean;
  /** Layers by their steps: few, since directories differ little. */
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

/** The layer in which these steps are next; null = none is. */
function layerOf(plan: Plan, starts: readonly number[]): Layer | null {
  if (starts.length === 0) return null;
  const current = new Set(starts);
  // `**` also stands for no directory at all. (A set goes through what is added meanwhile.)
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

/** Which of these steps a name matches. Literal names are looked up: a long list in braces costs nothing. */
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
      // A loop: this is asked for every name of a walk.
      for (const { matches } of patterns) if (matches(name, plan.hidden)) return true;
      return literals.size > 0 && literals.has(name);
    },
    of: (name) => [
      ...(literals.get(name) ?? []),
      ...patterns.filter(({ matches }) => matches(name, plan.hidden)).map(({ at }) => at),
    ],
  };
}
