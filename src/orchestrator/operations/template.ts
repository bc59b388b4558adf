import { outputInPrompt } from '../../domain/job-output.ts';
import { checkTemplate } from '../../prompt/template.ts';
import type { OrchestratorDeps } from '../operation.ts';
import type { Settings } from './settings.ts';

/** Inputs of the prompt template of a new job. */
export interface TemplateSource {
  readonly intent: string;
  readonly template?: string | undefined;
  readonly source: { readonly type: string };
}

/** Returns the user's own template, or makes one from their intent. Throws `invalid_input` for a field that no item has. */
export async function templateOf(
  deps: Pick<OrchestratorDeps, 'promptSynthesizer'>,
  given: TemplateSource,
  { outputSchema, worker }: Pick<Settings, 'outputSchema' | 'worker'>,
  job: { readonly fields: readonly string[]; readonly outputDirectory: string },
): Promise<string> {
  const template =
    given.template ??
    (await deps.promptSynthesizer.synthesize({
      userIntent: given.intent,
      enumeratorType: given.source.type,
      outputSchema,
      fields: job.fields,
      outputDirectory: outputInPrompt(worker.type, job.outputDirectory),
    }));
  checkTemplate(template, job);
  return template;
}
