/*
 * Answers of guarded writes: words, never booleans. A promise is truthy, so a boolean behind a forgotten `await` would pass
 * for success. Comparing a promise with a word does not compile, and a word as a condition fails the lint.
 */

/** Answer to a change of status; `conflict` = the status was none of the expected ones, nothing is written. */
export type Moved = 'moved' | 'conflict';

/** Answer to a write of other fields; `conflict` = the row is gone or has another status, nothing is written. */
export type Written = 'written' | 'conflict';

/** Answer to a heartbeat; `lost` = the lease was claimed by another process or released: stop. */
export type LeaseState = 'held' | 'lost';

/** Answer to the release of a lease; `lost` = it was no longer held. */
export type Released = 'released' | 'lost';

/** Answer to a note on an attempt; `ended` = the attempt no longer runs, nothing is written. */
export type Noted = 'noted' | 'ended';

/**
 * Answer to the settlement of an attempt. `settled`: the unit moved. `fenced`: the unit was taken away meanwhile; the
 * attempt and its cost are recorded, unless another process has done so.
 */
export type Settled = 'settled' | 'fenced';

/** Answer to one step of a deletion; `left` = more remains to be deleted. */
export type Deleted = 'deleted' | 'left';

/** Answer to an approval; `unknown` = no approval was requested for this definition. */
export type Approved = 'approved' | 'unknown';

/** Answer to a revocation; `unchanged` = there was no approval. */
export type Revoked = 'revoked' | 'unchanged';

/** Answer to a start of work that needs a right or a state; `conflict` = one is missing, nothing is started. */
export type Begun = 'begun' | 'conflict';
