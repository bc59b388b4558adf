/** The key of a unit and the unit's index. */
export interface UnitKey {
  readonly key: string;
  readonly index: number;
}

/** The keys of a source while it is read: a temporary file that no other process sees and that ends with this one. */
export interface SourceKeys {
  /** Adds a key; `repeated` = it was added before, and nothing changed. Throws AbpError `environment` on a full disk. */
  add(key: string, index: number): 'added' | 'repeated';
  /** All keys, in the order of the store's index. */
  sorted(): Iterable<UnitKey>;
  close(): void;
}
