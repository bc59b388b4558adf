/** The methods of a port as SQLite answers them: at once, without a promise. */
export type Sync<Port> = {
  readonly [Name in keyof Port]: Port[Name] extends (...args: infer Args) => Promise<infer Answer>
    ? (...args: Args) => Answer
    : Port[Name];
};

/**
 * Makes a port of a store that answers at once: each method resolves with its answer, or rejects with its error, after the
 * promise of `before`, if there is one. Methods are looked up at each call, so that they can be replaced.
 */
export function promised<Port extends object>(store: Sync<Port>, before: () => Promise<void> | null): Port {
  const methods = Object.keys(store).map((name) => [
    name,
    async (...args: readonly unknown[]) => {
      const wait = before();
      if (wait) await wait;
      return (store as Record<string, (...args: readonly unknown[]) => unknown>)[name]?.(...args);
    },
  ]);
  return Object.fromEntries(methods) as Port;
}

/** Runs what answers at once; rejects with what it throws. Node 22 has no `Promise.try`. */
export function attempt<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
