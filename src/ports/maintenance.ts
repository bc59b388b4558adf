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
  vacuum(pages: number): number;
  /** Brings the write-ahead log into the database and empties it; false = a reader keeps it from being emptied yet. */
  checkpoint(): boolean;
  /**
   * Looks the whole file over; null = sound, else what SQLite says. Seconds for a large one, whose indexes are then not
   * compared with their tables.
   */
  integrityCheck(): string | null;
  /** Makes sure that there is a reserve of room for a full disk. */
  keepReserve(): void;
  /**
   * Whether the disk has hardly any room but what this process has spent of the reserve; of a store in memory nobody can
   * tell, and it may be so.
   */
  isDiskFull(): boolean;
  /** Gives the disk part of that reserve; false = nothing is left of it. */
  spendReserve(): boolean;
  /** Merges the write-ahead log into the database, so that what is written next takes its place; false = no room for that. */
  mergeLog(): boolean;
  /**
   * Throws AbpError `environment` (`details.disk`) unless the disk has room for so many bytes more, and for taking them back
   * afterwards: a store that fills the disk to its end could not be emptied any more.
   */
  requireRoom(bytes: number): void;
}
