import { resolve } from 'node:path';
import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { openSource } from '../../enumerators/index.ts';
import { preview } from '../../enumerators/preview.ts';
import { createPromptRenderer } from '../../prompt/render.ts';
import { type Call, type OrchestratorDeps, operation, TERMINAL } from '../operation.ts';
import { columnsMissing, missingColumns } from '../queries/missing-columns.ts';
import { type SourceNotes, sourceNotes } from '../queries/source-notes.ts';
import { requireSource } from './approval.ts';
import { type CreateInput, createInput } from './new-job.ts';
import { checkedSteps, withTemplates } from './steps.ts';

const COUNT_MS = 10_000;
/** Items that are read for their fields: a template may name a field that the first item lacks. */
const SAMPLED_ITEMS = 1000;

const rendered = z.object({
  /** Items counted; at least so many when not `complete`: counting stops after 10 s. */
  total: z.int(),
  complete: z.boolean(),
  /** Records and files of the source that would not become units. */
  source: z.custom<SourceNotes>(),
  fields: z.array(z.string()),
  template: z.string(),
  /** The part of the prompt that is the same for every unit. */
  system: z.string(),
  prompts: z.array(z.object({ payload: z.custom<JsonObject>(), user: z.string() })),
  missing_columns: missingColumns,
});

/** Returns items, template and prompts of the job that create_job would make of the same arguments. */
export const previewPrompts = operation({
  name: 'preview_prompts',
  title: 'Preview the prompts of a job',
  interfaces: TERMINAL,
  description: 'Renders the prompts of the first items of a job that does not exist yet; stores nothing.',
  input: createInput.extend({ prompts: z.int().min(1).max(1000).describe('Items whose prompts are rendered') }),
  output: rendered,
  effect: 'read',
  openWorld: true,
  run: (deps, { prompts, ...given }, call) => promptsOf(deps, given, call, prompts),
});

/** Renders the prompts of the first `count` items. Throws the errors of create_job for its source and template. */
export async function promptsOf(
  deps: OrchestratorDeps,
  given: CreateInput,
  call: Pick<Call, 'workingDirectory' | 'signal'>,
  count: number,
): Promise<z.input<typeof rendered>> {
  const { enumerator, config } = await openSource(given.source, call);
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
  const { directory } = given.output ?? {};
  const outputDirectory =
    directory === undefined ? deps.places.outputs('<job>') : resolve(call.workingDirectory, directory);
  const facts = { fields: names, outputDirectory, enumeratorType: enumerator.type };
  const steps = await withTemplates(deps, await checkedSteps(deps.workers, given), facts);
  const template = steps[0]?.template ?? '';
  const renderer = await createPromptRenderer({ template, fields: names, outputDirectory });
  return {
    total,
    complete,
    source: sourceNotes({ skipped, warnings }),
    fields: names,
    template,
    system: renderer.system,
    prompts: items.slice(0, count).map((payload) => ({ payload, user: renderer.render({ payload }).user })),
    missing_columns: columnsMissing(given.output?.fields ?? [], steps, names, items[0] ?? {}),
  };
}
