/** How large the store's file is. */
export interface StoreSize {
  /** Of the database file and its write-ahead log. */
  readonly bytes: number;
  /** Of pages in the file that hold nothing. */
  readonly freeBytes: number;
}

/** Looking after the file of the store itself. */
export interface Maintenance {
  size(): StoreSize;
  /** Gives up to so many free pages back to the file system, in one short transaction; bytes that are still free then. */
  giveBack(pages: number): number;
  /** Brings the write-ahead log into the database and empties it; false = a reader keeps it from being emptied yet. */
  emptyLog(): boolean;
  /** Looks the whole file over; null = sound, else what SQLite says. May take seconds for a large one. */
  faults(): string | null;
}
