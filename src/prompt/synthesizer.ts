import { existsSync } from 'node:fs';
import path from 'node:path';
import type { JsonObject } from '../domain/json.ts';
import { FAILURE_MARKER } from '../domain/report.ts';
import { ownPrompt } from './own-prompt.ts';
import { promptsDirectory } from './prompt-file.ts';
import { escapeBraces, isAddressable, PAYLOAD } from './template.ts';

/** Input of a synthesis. */
interface SynthesisRequest {
  /** The user's own words, kept verbatim, never parsed as a template. */
  readonly userIntent: string;
  readonly enumeratorType: string;
  /** Union of the items' fields. */
  readonly fields: readonly string[];
  /** Names of the steps before this one, whose results belong to the item. */
  readonly steps?: readonly string[];
  readonly outputSchema?: JsonObject | null;
  /** Absolute; agents may write below it. */
  readonly outputDirectory: string;
}

/** The port that makes a job's prompt template from the user's intent. */
export interface PromptSynthesizer {
  synthesize(request: SynthesisRequest): Promise<string>;
}

/** Payload of the unit of scope job; `results_path` is a JSON Lines file with one object per unit. */
export interface JobStepPayload extends JsonObject {
  readonly results_path: string;
  readonly units_total: number;
  readonly units_completed: number;
  readonly units_failed: number;
}

/** Fields of a step of scope job. */
export const JOB_STEP_FIELDS = [
  'results_path',
  'units_total',
  'units_completed',
  'units_failed',
] as const satisfies readonly (keyof JobStepPayload)[];

/** Most fields listed one a line; above, the payload as JSON is shorter. */
const MAX_LISTED_FIELDS = 40;

/** Creates the synthesizer that fills the Markdown templates in `prompts/`: one per enumerator type, else `item.md`. */
export function createPromptSynthesizer(): PromptSynthesizer {
  return { synthesize };
}

async function synthesize(request: SynthesisRequest): Promise<string> {
  const prompt = await ownPrompt(hasOwnPrompt(request.enumeratorType) ? request.enumeratorType : 'item');
  return prompt.fill({
    intent: escapeBraces(request.userIntent),
    result: request.outputSchema ? 'the structured output that the schema asks for' : 'the result itself, nothing else',
    failure_marker: FAILURE_MARKER,
    output_directory: escapeBraces(request.outputDirectory),
    item: [itemLines(request.fields), ...(request.steps ?? []).map(lineOf)].join('\n'),
  });
}

/** Synthesizes the template of a step of scope job, for a `JobStepPayload` and the results of such steps before it. */
export async function synthesizeJobStep(
  request: Pick<SynthesisRequest, 'userIntent' | 'steps' | 'outputDirectory'>,
): Promise<string> {
  const prompt = await ownPrompt('job-step');
  return prompt.fill({
    intent: escapeBraces(request.userIntent),
    failure_marker: FAILURE_MARKER,
    output_directory: escapeBraces(request.outputDirectory),
    item: [itemLines(JOB_STEP_FIELDS), ...(request.steps ?? []).map(lineOf)].join('\n'),
  });
}

/** Tells whether the type has a prompt of its own. A type that could be a path has none. */
function hasOwnPrompt(type: string): boolean {
  return /^[a-z][a-z0-9_]*$/.test(type) && existsSync(path.join(promptsDirectory(), `${type}.md`));
}

/** Returns one line per field, or the whole payload when a field cannot be a placeholder or there are too many. */
function itemLines(fields: readonly string[]): string {
  if (fields.length > MAX_LISTED_FIELDS || !fields.every(isAddressable)) return `{${PAYLOAD}}`;
  return fields.map(lineOf).join('\n');
}

function lineOf(name: string): string {
  return `${name}: {${name}}`;
}
