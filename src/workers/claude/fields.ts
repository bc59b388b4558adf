/** An object of unknown shape; absent and wrongly typed fields are treated alike. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; empty if it is none. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The value as text, or null. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** The value as a finite number, or null. */
export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** The value as a list; empty if it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Parses a stream line to an object with a type; null for anything else. */
export function parseEvent(line: string): Fields | null {
  if (!line.startsWith('{')) return null;
  try {
    const event = fieldsOf(JSON.parse(line));
    return typeof event.type === 'string' ? event : null;
  } catch {
    return null;
  }
}
