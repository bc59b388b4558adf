import { cutMiddle } from '../domain/cut.ts';
import { FAILURE_MARKER } from '../domain/report.ts';
import type { RenderedPrompt } from '../ports/worker.ts';
import { type Block, fillBlocks, isStatic, parseBlocks } from './blocks.ts';
import { ownPrompt } from './own-prompt.ts';
import { checkTemplate, type Names, PAYLOAD, type TemplatePart, type Values } from './template.ts';

/** Settings that all prompts of a step share. */
export interface PromptSettings {
  readonly template: string;
  /** Union of the fields of the job's items: `job.fields`. */
  readonly fields: readonly string[];
  /** The steps before this one, whose results it may name. */
  readonly steps?: Names['steps'] | undefined;
  /** Absolute; agents may write below it. */
  readonly outputDirectory: string;
}

/** Input of one attempt's prompt. */
export interface PromptItem extends Values {
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

/** Appended to a template without placeholders: the agent must receive the item, and what earlier steps made of it. */
function wholeItem({ steps = [] }: PromptSettings): string {
  const block = (title: string, name: string) => `${title}:\n\n\`\`\`json\n{${name}}\n\`\`\``;
  return [block('The item', PAYLOAD), ...steps.map(({ name }) => block(`Result of ${name}`, name))].join('\n\n');
}

/**
 * Prepares a job's template once. `system` is ABP's preamble and the template up to the first line or fenced block with
 * a placeholder, cacheable; `user` is the rest, with the reason of a retry at its end. Throws AbpError `invalid_input`
 * for a placeholder that no item has.
 */
export async function createPromptRenderer(settings: PromptSettings): Promise<PromptRenderer> {
  checkTemplate(settings.template, settings);
  const [preamble, retry] = await Promise.all([ownPrompt('worker-system'), ownPrompt('retry-reason')]);
  const { head, rest } = splitAtFirstPlaceholder(parseBlocks(settings.template, settings));
  const variable = rest.length > 0 ? rest : parseBlocks(wholeItem(settings), { ...settings, fields: [] });
  const about = preamble.fill({ output_directory: settings.outputDirectory, failure_marker: FAILURE_MARKER });
  const system = [about, head.trim()].filter((text) => text !== '').join('\n\n');
  return {
    system,
    render: ({ retryReason, ...values }) => {
      const item = fillBlocks(variable, values).trimEnd();
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
  if (first < 0) return { head: fillBlocks(blocks, { payload: {} }), rest: [] };
  const before = fillBlocks(blocks.slice(0, first), { payload: {} });
  const [block, ...after] = blocks.slice(first);
  if (block === undefined || block.fences !== null) return { head: before, rest: blocks.slice(first) };
  const [lead, ...parts] = block.parts;
  const text = lead?.kind === 'text' ? lead.text : '';
  const cut = text.lastIndexOf('\n') + 1;
  const line: readonly TemplatePart[] =
    lead?.kind === 'text' ? [{ kind: 'text', text: text.slice(cut) }, ...parts] : block.parts;
  return { head: before + text.slice(0, cut), rest: [{ parts: line, fences: null }, ...after] };
}
