import { z } from 'zod';
import type { Awaitable } from '../../domain/awaitable.ts';
import { AbpError } from '../../domain/error.ts';
import { outputInPrompt } from '../../domain/job-output.ts';
import type { JsonObject } from '../../domain/json.ts';
import { MAIN, type Step, stepDirectory, stepsOf } from '../../domain/step.ts';
import type { Problem } from '../../domain/validate.ts';
import type { Workers } from '../../ports/worker.ts';
import { JOB_STEP_FIELDS, synthesizeJobStep } from '../../prompt/synthesizer.ts';
import { checkTemplate } from '../../prompt/template.ts';
import { checkSchema } from '../../workers/schema/check.ts';
import { chosenWorker, DEFAULT_WORKER } from '../chosen-worker.ts';
import type { OrchestratorDeps } from '../operation.ts';
import { runInput, schemaInput, words, workerInput } from '../shapes.ts';

/** Names that a placeholder or a condition gives another meaning. */
const RESERVED: readonly string[] = ['item', 'payload', 'unit', 'key', 'status'];
const MAX_STEPS = 20;
const RENAME = 'Give the step another name.';

/** What a step does; a job with one step has these fields itself. */
const task = {
  intent: words.max(100_000).optional(),
  template: words.max(200_000).optional(),
  schema: schemaInput.optional(),
  worker: workerInput.optional(),
  run: runInput.optional(),
};

/** One of the steps of a job. */
export const stepInput = z.strictObject({
  name: z
    .string()
    .max(32)
    .regex(/^[a-z][a-z0-9_]{0,31}$/, {
      error: 'expected a small letter, then up to 31 small letters, digits or _',
    }),
  scope: z.enum(['unit', 'job']).optional().describe('unit (default): for each unit; job: once, over all results'),
  ...task,
  schema: task.schema.describe('Of its results'),
  worker: task.worker.describe('As above, which is its default'),
  run: task.run.describe('As above'),
  on_failures: z.enum(['skip', 'run']).optional().describe('Of scope job, when units failed; default skip'),
});

export const stepsInput = z
  .array(stepInput)
  .min(1)
  .max(MAX_STEPS)
  .describe(
    'Steps that each unit passes in this order, then those over all results (scope job). Later ones may name {step} or {step.field}',
  );

/** Fields of the steps of a job. */
export const stepsFields = { ...task, steps: stepsInput.optional() };

type StepInput = z.output<typeof stepInput>;

/** What a caller gives about the steps of a job: the fields of its only step, its steps, or both for steps of scope job. */
export interface StepsInput extends z.output<z.ZodObject<typeof task>> {
  readonly steps?: readonly StepInput[] | undefined;
}

/** A step as given, and the path of its fields in the input. */
interface Given {
  readonly at: string;
  readonly step: StepInput;
}

/**
 * Checks the steps of a new job and returns them; a template that is to be made from an intent is still empty. Throws
 * `invalid_input` with the path of each problem.
 */
export async function checkedSteps(workers: Workers, input: StepsInput): Promise<readonly Step[]> {
  const given = givenSteps(input);
  for (const [n, { at, step }] of given.entries()) refuseMisplaced(given.slice(0, n), at, step);
  return Promise.all(given.map(({ at, step }) => checkedStep(workers, at, step, input)));
}

/** Returns the steps that the input means: of one without a unit step, its own fields are the step `main`. */
function givenSteps({ steps = [], ...main }: StepsInput): readonly Given[] {
  const others = steps.map((step, n) => ({ at: `steps[${n}].`, step }));
  if (!steps.some(({ scope = 'unit' }) => scope === 'unit')) {
    const { intent, template, schema, worker, run } = main;
    return [{ at: '', step: { name: MAIN, intent, template, schema, worker, run } }, ...others];
  }
  for (const field of ['template', 'schema', 'run'] as const) {
    if (main[field] === undefined) continue;
    throw wrong(field, 'expected in one of the steps, found beside them', 'Move it into the step that it belongs to.');
  }
  return others;
}

function refuseMisplaced(before: readonly Given[], at: string, step: StepInput): void {
  const { name, scope = 'unit', on_failures } = step;
  if (RESERVED.includes(name))
    throw wrong(`${at}name`, `expected another name: ${name} has a meaning of its own`, RENAME);
  if (before.some((other) => other.step.name === name)) {
    throw wrong(`${at}name`, `expected a name of its own, found ${name} a second time`, RENAME);
  }
  if (scope === 'unit' && before.some((other) => other.step.scope === 'job')) {
    const message = 'expected the steps of scope unit before those of scope job, found one after them';
    throw wrong(`${at}scope`, message, 'Put the steps over all results last.');
  }
  if (scope === 'unit' && on_failures !== undefined) {
    const message = 'expected only in a step of scope job, found in one of scope unit';
    throw wrong(`${at}on_failures`, message, 'Leave it out, or give the step scope: job.');
  }
}

async function checkedStep(
  workers: Workers,
  at: string,
  { name, scope = 'unit', intent, template, schema, worker, run, on_failures }: StepInput,
  main: StepsInput,
): Promise<Step> {
  const chosen = await within(at, () => chosenWorker({ worker, run }) ?? chosenWorker(main) ?? DEFAULT_WORKER);
  // A program knows what to do.
  if (intent === undefined && template === undefined && chosen.type !== 'command') {
    const message = 'expected intent (what to do) or template, found neither';
    throw wrong(`${at}intent`, message, 'Say in words what to do (intent), or give the prompt itself (template).');
  }
  const outputSchema = (schema as JsonObject | undefined) ?? null;
  const { worker: driver } = await within(`${at}${run === undefined ? 'worker' : 'run'}`, () => workers.parse(chosen));
  if (outputSchema) {
    await within(`${at}schema`, async () => {
      await checkSchema(outputSchema);
      driver.checkSchema?.(outputSchema);
    });
  }
  return {
    name,
    scope,
    intent: template === undefined ? (intent ?? null) : null,
    template: template ?? '',
    outputSchema,
    worker: chosen,
    onFailures: on_failures ?? 'skip',
  };
}

/** What the templates of a job depend on. */
export interface TemplateFacts {
  readonly fields: readonly string[];
  readonly outputDirectory: string;
  readonly enumeratorType: string;
}

/**
 * Returns the steps with their templates: those with an intent get one that is made from it. Throws `invalid_input` for a
 * placeholder that does not exist, and for a step that is named as a field.
 */
export async function withTemplates(
  deps: Pick<OrchestratorDeps, 'promptSynthesizer'>,
  steps: readonly Step[],
  facts: TemplateFacts,
): Promise<readonly Step[]> {
  const withTemplate = async (step: Step) => ({ ...step, template: await templateOf(deps, steps, step, facts) });
  return Promise.all(steps.map((step) => ofStep(steps, step, () => withTemplate(step))));
}

/** Runs a check of a step; an error names the step where there are several. */
async function ofStep<T>(steps: readonly Step[], { name }: Step, check: () => Awaitable<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AbpError) || steps.length === 1) throw error;
    const { code, message, hint, details } = error;
    throw new AbpError(code, `Step ${name}: ${message}`, {
      ...(hint === undefined ? {} : { hint }),
      details: { ...details, step: name },
      cause: error,
    });
  }
}

async function templateOf(
  { promptSynthesizer }: Pick<OrchestratorDeps, 'promptSynthesizer'>,
  steps: readonly Step[],
  step: Step,
  { fields, outputDirectory, enumeratorType }: TemplateFacts,
): Promise<string> {
  const { name, scope, intent, outputSchema, worker } = step;
  if (fields.includes(name) && steps.length > 1) {
    throw new AbpError('invalid_input', 'the items have a field of that name.', {
      hint: 'Give the step another name.',
    });
  }
  const names = stepsBefore(steps, step).map((other) => other.name);
  const directory = outputInPrompt(worker.type, stepDirectory(outputDirectory, step));
  const request = { userIntent: intent ?? '', steps: names, outputDirectory: directory };
  const make = () =>
    scope === 'job'
      ? synthesizeJobStep(request)
      : promptSynthesizer.synthesize({ ...request, enumeratorType, outputSchema, fields });
  const template = intent === null ? step.template : await make();
  checkStepTemplate(steps, { ...step, template }, { fields });
  return template;
}

/** Checks that the templates of all steps name only what there is. Throws AbpError `invalid_input`. */
export async function checkTemplates(
  steps: readonly Step[],
  facts: { readonly fields: readonly string[] },
): Promise<void> {
  for (const step of steps) await ofStep(steps, step, () => checkStepTemplate(steps, step, facts));
}

/** Checks that the template of a step names only what there is. Throws AbpError `invalid_input`. */
function checkStepTemplate(
  steps: readonly Step[],
  step: Step,
  { fields }: { readonly fields: readonly string[] },
): void {
  const names = step.scope === 'job' ? JOB_STEP_FIELDS : fields;
  checkTemplate(step.template, { fields: names, steps: stepsBefore(steps, step) });
}

/** Returns the steps of the same scope before a step, whose results it may name. */
function stepsBefore(steps: readonly Step[], step: Step): readonly Step[] {
  const ofScope = stepsOf({ steps }, step.scope);
  return ofScope.slice(
    0,
    ofScope.findIndex(({ name }) => name === step.name),
  );
}

/** Checks a change of one step and returns the step with it. Throws `invalid_input`. */
export async function changedStep(
  workers: Workers,
  step: Step,
  { template, schema, worker, run }: Omit<StepsInput, 'intent' | 'steps'>,
): Promise<Step> {
  const { name, scope, outputSchema } = step;
  const task = {
    template: template ?? (step.template || undefined),
    schema: schema ?? outputSchema ?? undefined,
    worker,
    run,
  };
  const given = { name, scope, ...task };
  const checked = await checkedStep(workers, '', given, { worker: step.worker });
  return {
    ...step,
    ...(template === undefined ? {} : { intent: null, template }),
    outputSchema: checked.outputSchema,
    worker: checked.worker,
  };
}

/** Returns the names of the environment variables that the workers of these steps need. */
export async function variablesOf(workers: Workers, steps: readonly Step[]): Promise<readonly string[]> {
  const parsed = await Promise.all(steps.map(({ worker }) => workers.parse(worker)));
  return [...new Set(parsed.flatMap(({ worker, config }) => worker.policy(config).variables))];
}

function wrong(path: string, message: string, hint: string): AbpError {
  return new AbpError('invalid_input', `${path}: ${message}.`, { hint, details: { problems: [{ path, message }] } });
}

/** Runs a check of a part of the input; the problems of an error get their place in the whole. */
async function within<T>(at: string, check: () => Promise<T> | T): Promise<T> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AbpError) || error.code !== 'invalid_input') throw error;
    const { message, hint, details } = error;
    const found = (details?.problems ?? [{ path: '', message }]) as readonly Problem[];
    const problems = found.map((problem) => ({ ...problem, path: joined(at, problem.path) }));
    throw new AbpError('invalid_input', at.includes('.') ? `${at.replace(/\.$/, '')}: ${message}` : message, {
      ...(hint === undefined ? {} : { hint }),
      details: { ...details, problems },
      cause: error,
    });
  }
}

function joined(at: string, path: string): string {
  if (at === '' || at.endsWith('.') || path === '') return at + path;
  return path.startsWith('[') ? at + path : `${at}.${path}`;
}
