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
  /**
   * Looks the file over, about a second for 300 MB; `found` is what SQLite says of it, null = sound. `indexes` says whether
   * they were compared with their tables too, which takes several times as long and is left out for a large file.
   */
  faults(): { readonly found: string | null; readonly indexes: boolean };
  /** Makes sure that there is a reserve of room for a full disk, where the disk has plenty. */
  keepReserve(): void;
  /** Whether hardly anything can be written to the disk any more; of a store in memory nobody can tell, and it may be. */
  isDiskFull(): boolean;
  /** Gives the disk part of that reserve; false = nothing is left of it. */
  useReserve(): boolean;
  /** Keeps this connection from merging the log into the database, which takes room before it gives any, until `emptyLog`. */
  keepLog(): void;
}
