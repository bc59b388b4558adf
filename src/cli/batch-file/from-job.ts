import { Document, visit } from 'yaml';
import { escapeUnseen, firstUnseen } from '../../domain/unseen-characters.ts';
import type { InputOf } from '../../orchestrator/index.ts';

/** Converts the arguments of create_job to a batch file: the inverse of reading one. */
export function batchOf({ request_id: _, ...batch }: InputOf<'create_job'>): Record<string, unknown> {
  return batch;
}

/** Writes a batch as YAML, with unseen characters as escapes; reading it returns the same batch. */
export function batchText(batch: object): string {
  const document = new Document(batch);
  visit(document, {
    Scalar(_key, scalar) {
      if (typeof scalar.value === 'string' && firstUnseen(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return escapeUnseen(document.toString());
}
