/*
 * What guarded writes answer: words, never booleans. A promise is always true, so that a boolean behind a forgotten `await`
 * silently passes for success. A promise compared with a word does not compile, and a word as a condition fails the lint.
 */

/** Of a change of status; `conflict` = it was none of those that were asked for: nothing is written. */
export type Moved = 'moved' | 'conflict';

/** Of other fields; `conflict` = the row is gone, or in none of the statuses that were asked for: nothing is written. */
export type Written = 'written' | 'conflict';

/** Of a lease that is shown to be alive; `lost` = somebody else has claimed it, or it was released: stop. */
export type LeaseState = 'held' | 'lost';

/** Of a lease that is let go of; `lost` = it was not held any more. */
export type Released = 'released' | 'lost';

/** Of a note on an attempt; `ended` = it runs no more: nothing is written. */
export type Noted = 'noted' | 'ended';

/**
 * Of an attempt that is ended. `settled`: the unit moved. `fenced`: the unit was taken away meanwhile; the attempt and its
 * cost are recorded all the same, unless somebody else has recorded them.
 */
export type Settled = 'settled' | 'fenced';

/** Of one step of a deletion; `left` = there is more to delete. */
export type Deleted = 'deleted' | 'left';

/** Of a person's yes; `unknown` = it was never asked about. */
export type Approved = 'approved' | 'unknown';

/** Of a yes that is taken back; `unchanged` = there was none. */
export type Revoked = 'revoked' | 'unchanged';

/** Of work that needs a right, or a state, to begin; `conflict` = it has neither: nothing is begun. */
export type Begun = 'begun' | 'conflict';
