import type { EnumerationContext } from '../../ports/enumerator.ts';

const EXAMPLES = 5;

/** Counts warnings by kind, in constant memory. */
export interface WarningCounter {
  add(kind: string, example: string): void;
  /** Reports each kind to the context once. */
  report(): void;
}

/** Creates a counter for the kinds in `messages` (kind → sentence), reported at the end of an enumeration. */
export function countWarnings(
  warn: EnumerationContext['warn'],
  messages: Readonly<Record<string, string>>,
): WarningCounter {
  const seen = new Map<string, { count: number; examples: string[] }>();
  return {
    add(kind, example) {
      const entry = seen.get(kind) ?? { count: 0, examples: [] };
      entry.count++;
      if (entry.examples.length < EXAMPLES) entry.examples.push(example);
      seen.set(kind, entry);
    },
    report() {
      for (const [kind, entry] of seen) warn?.({ kind, message: messages[kind] ?? kind, ...entry });
    },
  };
}
