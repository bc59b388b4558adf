import { Document, visit } from 'yaml';
import { escapeUnseen, firstUnseen } from '../../domain/unseen-characters.ts';
import type { InputOf } from '../../orchestrator/index.ts';

/** Converts the arguments of create_job to a batch file: the inverse of reading one. */
export function batchOf(input: InputOf<'create_job'>): Record<string, unknown> {
  const {
    request_id: _,
    post_processing_prompt: prompt,
    post_processing_name: name,
    post_processing_output_directory: directory,
    post_processing_on_failures: on_failures,
    ...batch
  } = input;
  if (prompt === undefined) return batch;
  const output = directory === undefined ? {} : { output_directory: directory };
  return { ...batch, post_processing: { prompt, name, ...output, on_failures } };
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
