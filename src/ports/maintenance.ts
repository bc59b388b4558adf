/** Size of the store's file. */
export interface StoreSize {
  /** Size of the database file and its write-ahead log. */
  readonly bytes: number;
  /** Size of the free pages in the file. */
  readonly freeBytes: number;
}

/** Maintenance of the store's file. */
export interface Maintenance {
  size(): Promise<StoreSize>;
  /** Returns up to `pages` free pages to the file system, in one short transaction; returns the bytes still free. */
  vacuum(pages: number): Promise<number>;
  /** Merges the write-ahead log into the database and empties it; false = a reader prevents that for now. */
  checkpoint(): Promise<boolean>;
  /**
   * Checks the whole file; null = sound, else the report of SQLite. Takes seconds for a large file, whose indexes are
   * then not compared with their tables.
   */
  integrityCheck(): Promise<string | null>;
  /** Returns the shell commands that put what can be read of the damaged store at a path into a new one. */
  rescueCommands(path: string): readonly string[];
  /** Allocates the reserve of room for a full disk, if it is missing. */
  keepReserve(): void;
  /**
   * Tells whether the disk has little room left apart from what this process spent of the reserve; true for a store in
   * memory, where that is unknown.
   */
  hasNoRoom(): boolean;
  /** Frees part of the reserve; false = nothing is left of it. */
  spendReserve(): boolean;
  /** Merges the write-ahead log into the database so that the next write reuses its space; false = no room for that. */
  mergeLog(): Promise<boolean>;
  /**
   * Throws AbpError `environment` (`details.disk`) unless the disk has room for `bytes` more, and for deleting them
   * again: a store that fills the disk completely could not be emptied.
   */
  requireRoom(bytes: number): void;
}
