import type { JsonObject } from '../../domain/json.ts';
import { truncateField } from '../../orchestrator/truncate.ts';

/** Presents notes about records of a source that became no units: the first of them. */
export const notes = {
  skipped_records: (records: readonly JsonObject[]) => truncateField('skipped_records', records, 1000),
  warnings: (warnings: readonly JsonObject[]) =>
    warnings.length === 0 ? { warnings } : truncateField('warnings', warnings, 1000),
};
