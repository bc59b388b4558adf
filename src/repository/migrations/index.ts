import { schema } from './0001-schema.ts';

/** One step of the schema, applied whole in one transaction. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** All steps in order; the version of a store is the number of the last one applied (`PRAGMA user_version`). */
export const MIGRATIONS: readonly Migration[] = [schema];
