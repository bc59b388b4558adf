import type { z } from 'zod';
import type { JsonObject } from '../domain/json.ts';
import type { Bounds, Power } from '../domain/power.ts';

/** One item of a source. `key` is unique within the source; absent = the item's position is its key. */
export interface EnumeratedItem {
  readonly key?: string;
  /** Where it is in the source, for messages about it: `line 17`, `row 12`, a path. */
  readonly place?: string;
  readonly payload: JsonObject;
}

/** A record of a source that cannot be an item. */
export interface InvalidRecord {
  /** The file, query or code, as messages name it. */
  readonly source: string;
  /** As of an item: `line 17`. */
  readonly place: string;
  /** What was expected and what was found. */
  readonly reason: string;
  /** What to do about it; found out only for one that is told, where that takes reading. */
  readonly hint: string | (() => Promise<Hint>);
  /** Skipped whatever the config says of invalid records: another field of it says so. */
  readonly skipped?: boolean;
}

/** What to do; perhaps with the note that leaving the record out would be no help: others of the source are misread, too. */
export type Hint = string | { readonly hint: string; readonly helpsToSkip: false };

/** Something in the source that was left out and must not go unnoticed: an unreadable directory, a name that is not UTF-8. */
export interface EnumerationWarning {
  readonly kind: string;
  readonly message: string;
  readonly count: number;
  /** The first few places, escaped for display. */
  readonly examples: readonly string[];
}

/** What an enumeration may need from outside. */
export interface EnumerationContext {
  /** Absolute; relative paths in a config start here. */
  readonly workingDirectory: string;
  readonly signal?: AbortSignal;
  /** Called at most once per kind, at the end. */
  readonly warn?: (warning: EnumerationWarning) => void;
  /** Takes a record that cannot be an item, so that the enumeration goes on. Absent = the first one ends it. */
  readonly reject?: (record: InvalidRecord) => void;
}

/**
 * The port of an enumerator: turns a source into payloads, streaming. `enumerate` throws AbpError `invalid_input` that
 * names the place (file, line, column), the expected and the found.
 */
export interface Enumerator<Config = unknown> {
  readonly type: string;
  readonly description: string;
  /** Strict zod object with `.describe` on every field; its JSON Schema is shown by list_enumerators. */
  readonly configSchema: z.ZodType<Config>;
  /** A config that shows the usual fields. */
  readonly example: JsonObject;
  /** The config with every path absolute (`~` and relative ones resolved): what is stored and shown. */
  resolve(config: Config, context: Pick<EnumerationContext, 'workingDirectory'>): Config;
  /** The directory or file that it reads, absolute; null when it reads none. `config` resolved. */
  root(config: Config): string | null;
  /** What reading it can do beyond reading its root, from the whole of the config. `config` resolved. */
  powers(config: Config, bounds: Bounds): readonly Power[];
  enumerate(config: Config, context: EnumerationContext): AsyncIterable<EnumeratedItem>;
}
