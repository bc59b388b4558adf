import { ledger } from './0001-ledger.ts';
import { views } from './0002-views.ts';
import { redaction } from './0003-redaction.ts';
import { approvals } from './0004-approvals.ts';
import { recovery } from './0005-recovery.ts';
import { terms } from './0006-terms.ts';
import { output } from './0007-output.ts';
import { machines } from './0008-machines.ts';
import { unitKeys } from './0009-unit-keys.ts';
import { pauseClass } from './0010-pause-class.ts';

/** One step of the schema, applied whole in one transaction. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

/** All steps in order; the version of a store is the number of the last one applied (`PRAGMA user_version`). */
export const MIGRATIONS: readonly Migration[] = [
  ledger,
  views,
  redaction,
  approvals,
  recovery,
  terms,
  output,
  machines,
  unitKeys,
  pauseClass,
];
