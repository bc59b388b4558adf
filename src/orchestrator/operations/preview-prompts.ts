import { resolve } from 'node:path';
import type { JsonObject } from '../../domain/json.ts';
import { getEnumerator, parseConfig } from '../../enumerators/index.ts';
import { preview } from '../../enumerators/preview.ts';
import { createPromptRenderer } from '../../prompt/render.ts';
import type { InputOf } from '../index.ts';
import type { Call, OrchestratorDeps } from '../operation.ts';
import { type SourceNotes, sourceNotes } from '../queries/source-notes.ts';
import { requireSource } from './approval.ts';
import { DEFAULT_WORKER } from './settings.ts';
import { templateOf } from './template.ts';

const COUNT_MS = 10_000;
/** Items that are read for their fields: a template may name a field that the first item lacks. */
const SAMPLED_ITEMS = 1000;

/** Items, template and prompts of the job that create_job would make. */
export interface PromptPreview {
  /** Items counted; at least so many when not `complete`: counting stops after 10 s. */
  readonly total: number;
  readonly complete: boolean;
  /** Records and files of the source that would not become units. */
  readonly source: SourceNotes;
  readonly fields: readonly string[];
  readonly template: string;
  /** The part of the prompt that is the same for every unit. */
  readonly system: string;
  readonly prompts: readonly { readonly payload: JsonObject; readonly user: string }[];
}

/**
 * Renders the prompts of the first `count` items of a job with these arguments; stores nothing. Throws the errors of
 * create_job for its source and template.
 */
export async function previewPrompts(
  deps: OrchestratorDeps,
  given: InputOf<'create_job'>,
  call: Pick<Call, 'workingDirectory' | 'signal'>,
  count: number,
): Promise<PromptPreview> {
  const enumerator = await getEnumerator(given.enumerator_type);
  const config = enumerator.resolve(parseConfig(enumerator, given.enumerator_config), call);
  await requireSource(deps, enumerator, config, call);
  const { items, total, complete, warnings, skipped, fields } = await preview(
    enumerator,
    config,
    {
      workingDirectory: call.workingDirectory,
      ...(call.signal ? { signal: call.signal } : {}),
    },
    { limit: Math.max(count, SAMPLED_ITEMS), countForMs: COUNT_MS },
  );
  const names = fields.map(({ name }) => name);
  const outputDirectory =
    given.output_directory === undefined
      ? deps.places.outputs('<job>')
      : resolve(call.workingDirectory, given.output_directory);
  const outputSchema = (given.output_schema as JsonObject | undefined) ?? null;
  const template = await templateOf(
    deps,
    given,
    { outputSchema, worker: DEFAULT_WORKER },
    { fields: names, outputDirectory },
  );
  const renderer = await createPromptRenderer({ template, fields: names, outputDirectory });
  return {
    total,
    complete,
    source: sourceNotes({ skipped, warnings }),
    fields: names,
    template,
    system: renderer.system,
    prompts: items.slice(0, count).map((payload) => ({ payload, user: renderer.render({ payload }).user })),
  };
}
