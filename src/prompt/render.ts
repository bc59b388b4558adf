import { cutMiddle } from '../domain/cut.ts';
import type { JsonObject } from '../domain/json.ts';
import { FAILURE_MARKER } from '../domain/report.ts';
import type { RenderedPrompt } from '../ports/worker.ts';
import { type Block, fillBlocks, isStatic, parseBlocks } from './blocks.ts';
import { ownPrompt } from './own-prompt.ts';
import { checkTemplate, PAYLOAD, type TemplatePart } from './template.ts';

/** Settings that all prompts of a job share. */
export interface PromptSettings {
  readonly template: string;
  /** Union of the fields of the job's items: `job.fields`. */
  readonly fields: readonly string[];
  /** Absolute; agents may write below it. */
  readonly outputDirectory: string;
}

/** Input of one attempt's prompt. */
export interface PromptItem {
  readonly payload: JsonObject;
  /** Reason of the previous failure; only for failure classes with `tellNextAttempt`. */
  readonly retryReason?: string;
}

/** Renderer of one job's prompts; all have the same `system`, byte for byte. */
export interface PromptRenderer {
  readonly system: string;
  render(item: PromptItem): RenderedPrompt;
}

/** Longest reason: it is a hint, not a log. */
const MAX_REASON_CHARS = 4_000;

/** Appended to a template without placeholders: the agent must receive the item. */
const WHOLE_ITEM = `The item:\n\n\`\`\`json\n{${PAYLOAD}}\n\`\`\``;

/**
 * Prepares a job's template once. `system` is ABP's preamble and the template up to the first line or fenced block with
 * a placeholder, cacheable; `user` is the rest, with the reason of a retry at its end. Throws AbpError `invalid_input`
 * for a placeholder that no item has.
 */
export async function createPromptRenderer(settings: PromptSettings): Promise<PromptRenderer> {
  checkTemplate(settings.template, settings.fields);
  const [preamble, retry] = await Promise.all([ownPrompt('worker-system'), ownPrompt('retry-reason')]);
  const { head, rest } = splitAtFirstPlaceholder(parseBlocks(settings.template, settings.fields));
  const variable = rest.length > 0 ? rest : parseBlocks(WHOLE_ITEM, []);
  const about = preamble.fill({ output_directory: settings.outputDirectory, failure_marker: FAILURE_MARKER });
  const system = [about, head.trim()].filter((text) => text !== '').join('\n\n');
  return {
    system,
    render: ({ payload, retryReason }) => {
      const item = fillBlocks(variable, payload).trimEnd();
      if (retryReason === undefined) return { system, user: item };
      const reason = retry.fill({ reason: cutMiddle(retryReason.trim(), MAX_REASON_CHARS) });
      return { system, user: `${item}\n\n${reason}` };
    },
  };
}

/** Renders one prompt for a preview; an executor keeps the renderer of its job. */
export async function renderPrompt(input: PromptSettings & PromptItem): Promise<RenderedPrompt> {
  return (await createPromptRenderer(input)).render(input);
}

/** Splits a template into the static text before the first line or fenced block with a placeholder, and the rest. */
function splitAtFirstPlaceholder(blocks: readonly Block[]): { head: string; rest: readonly Block[] } {
  const first = blocks.findIndex((block) => !isStatic(block));
  if (first < 0) return { head: fillBlocks(blocks, {}), rest: [] };
  const before = fillBlocks(blocks.slice(0, first), {});
  const [block, ...after] = blocks.slice(first);
  if (block === undefined || block.fences !== null) return { head: before, rest: blocks.slice(first) };
  const [lead, ...parts] = block.parts;
  const text = lead?.kind === 'text' ? lead.text : '';
  const cut = text.lastIndexOf('\n') + 1;
  const line: readonly TemplatePart[] =
    lead?.kind === 'text' ? [{ kind: 'text', text: text.slice(cut) }, ...parts] : block.parts;
  return { head: before + text.slice(0, cut), rest: [{ parts: line, fences: null }, ...after] };
}
