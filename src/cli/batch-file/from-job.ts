import { Document, visit } from 'yaml';
import { escapeUnseen, firstUnseen } from '../../domain/unseen-characters.ts';
import type { InputOf } from '../../orchestrator/index.ts';

/** Converts the arguments of create_job to a batch file: the inverse of reading one. */
export function batchOf(input: InputOf<'create_job'>): Record<string, unknown> {
  const { enumerator_type: type, enumerator_config: config, prompt_template } = input;
  const batch = {
    name: input.name,
    intent: input.user_intent,
    prompt_template,
    source: { type, ...config },
    worker: input.worker,
    output: given({ ...input.output, schema: input.output_schema, directory: input.output_directory }),
    limits: input.limits,
    test: given({ units: input.test_units }),
    require_human_approval: input.require_human_approval,
    redact_results: input.redact_results,
    post_processing: given({
      prompt: input.post_processing_prompt,
      name: input.post_processing_name,
      output_directory: input.post_processing_output_directory,
      on_failures: input.post_processing_on_failures,
    }),
  };
  return given(batch) ?? {};
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

/** The fields with a value; undefined when there are none. */
function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined);
  return there.length === 0 ? undefined : Object.fromEntries(there);
}
