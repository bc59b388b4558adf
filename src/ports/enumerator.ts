import type { z } from 'zod';
import type { JsonObject } from '../domain/json.ts';
import type { Bounds, Power } from '../domain/power.ts';

/** One item of a source. `key` is unique in the source; absent = the item's position is its key. */
export interface EnumeratedItem {
  readonly key?: string;
  /** Place in the source, for messages: `line 17`, `row 12`, a path. */
  readonly place?: string;
  readonly payload: JsonObject;
}

/** A record of a source that cannot be an item. */
export interface InvalidRecord {
  /** Name of the file, query or code in messages. */
  readonly source: string;
  /** Place in the source: `line 17`. */
  readonly place: string;
  /** What was expected and what was found. */
  readonly reason: string;
  /** Next step; a function where finding it takes reading, called only for a record that is reported. */
  readonly hint: string | (() => Promise<Hint>);
  /** True = skipped whatever the config says about invalid records: another field of the config asks for that. */
  readonly skipped?: boolean;
}

/** Next step; `helpsToSkip: false` = leaving the record out would not help, since others of the source are misread too. */
export type Hint = string | { readonly hint: string; readonly helpsToSkip: false };

/** Something in the source that was left out and must be reported: an unreadable directory, a name that is not UTF-8. */
export interface EnumerationWarning {
  readonly kind: string;
  readonly message: string;
  readonly count: number;
  /** The first few places, escaped for display. */
  readonly examples: readonly string[];
}

/** Context of an enumeration. */
export interface EnumerationContext {
  /** Absolute; base of the config's relative paths. */
  readonly workingDirectory: string;
  readonly signal?: AbortSignal;
  /** Called at most once per kind, at the end. */
  readonly warn?: (warning: EnumerationWarning) => void;
  /** Receives a record that cannot be an item, and the enumeration continues. Absent = the first one ends it. */
  readonly reject?: (record: InvalidRecord) => void;
}

/**
 * The port of an enumerator: streams a source as payloads. `enumerate` throws AbpError `invalid_input` that names the
 * place (file, line, column), the expected and the found.
 */
export interface Enumerator<Config = unknown> {
  readonly type: string;
  readonly description: string;
  /** Strict zod object with `.describe` on every field; its JSON Schema is shown by list_enumerators. */
  readonly configSchema: z.ZodType<Config>;
  /** Example config with the usual fields. */
  readonly example: JsonObject;
  /** Returns the config with absolute paths (`~` and relative ones resolved), which is stored and shown. */
  resolve(config: Config, context: Pick<EnumerationContext, 'workingDirectory'>): Config;
  /** Returns the directory or file that it reads, absolute; null = none. `config` resolved. */
  root(config: Config): string | null;
  /** Returns the directories whose files its items name, absolute: runs may read them. `config` resolved. */
  readable(config: Config): readonly string[];
  /** Returns the powers of reading the source, beyond reading its root, derived from the whole config. `config` resolved. */
  powers(config: Config, bounds: Bounds): readonly Power[];
  enumerate(config: Config, context: EnumerationContext): AsyncIterable<EnumeratedItem>;
}
