import { outputInPrompt } from '../domain/job-output.ts';
import { checkTemplate } from '../prompt/template.ts';
import type { OrchestratorDeps } from './operation.ts';
import type { Settings } from './settings.ts';

/** What the prompt template of a new job comes from. */
export interface TemplateSource {
  readonly user_intent: string;
  readonly prompt_template?: string | undefined;
  readonly enumerator_type: string;
}

/** The user's own template, or one made from their intent; checked against the fields that the items have. */
export async function templateOf(
  deps: Pick<OrchestratorDeps, 'promptSynthesizer'>,
  given: TemplateSource,
  { outputSchema, worker }: Pick<Settings, 'outputSchema' | 'worker'>,
  job: { readonly fields: readonly string[]; readonly outputDirectory: string },
): Promise<string> {
  const template =
    given.prompt_template ??
    (await deps.promptSynthesizer.synthesize({
      userIntent: given.user_intent,
      enumeratorType: given.enumerator_type,
      outputSchema,
      fields: job.fields,
      outputDirectory: outputInPrompt(worker.type, job.outputDirectory),
    }));
  checkTemplate(template, job.fields);
  return template;
}
