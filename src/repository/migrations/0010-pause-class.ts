import type { Migration } from './index.ts';

/** A pause records the failure class that caused it: what to do about it is derived from that, and no longer stored. */
export const pauseClass: Migration = {
  version: 10,
  name: 'pause class',
  sql: 'ALTER TABLE jobs ADD COLUMN pause_class TEXT;',
};
