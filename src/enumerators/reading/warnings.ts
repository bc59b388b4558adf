import type { EnumerationContext } from '../../ports/enumerator.ts';

const EXAMPLES = 5;

/** Counts what was left out, by kind, in constant memory. */
export interface WarningCounter {
  add(kind: string, example: string): void;
  /** Tells the context, once per kind. */
  report(): void;
}

/** Collects warnings of the kinds in `messages` (kind → sentence for a person) until the end of an enumeration. */
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
