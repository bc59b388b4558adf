/** The port that wakes watchers of a store, so that none of them polls it. */
export interface EventFeed {
  /**
   * Calls `wake` soon after every commit by any process, and when the store becomes unreadable; returns how to stop. Several
   * commits may be one call, and a call may come without a commit: a watcher reads what it watches and compares. Holds no
   * timer or connection while there is no watcher.
   */
  watch(wake: () => void): () => void;
}
