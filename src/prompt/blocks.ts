import { fillParts, type Names, parseTemplate, type TemplatePart, type Values } from './template.ts';

/** A Markdown code fence: a run of backticks or tildes, and the text around it on its line. */
interface Fence {
  readonly before: string;
  readonly mark: string;
  readonly after: string;
}

/** Part of a template: free text, or the inside of a code fence with its two fence lines. */
export interface Block {
  readonly parts: readonly TemplatePart[];
  readonly fences: {
    readonly open: Fence;
    /** Info string after the opening run: part of the template too. */
    readonly info: readonly TemplatePart[];
    readonly close: Fence;
  } | null;
}

const FENCE_LINE = /^(?<before> {0,3})(?<mark>`{3,}|~{3,})(?<after>.*\n?)$/;

/**
 * Splits a template at its code fences and parses every part. An unclosed fence is free text; so is a fence before a
 * line that can only open one (it has an info string), so that a stray fence in the text above an item's block does not
 * swallow the block.
 */
export function parseBlocks(template: string, names: Names): readonly Block[] {
  const known = { ...names, fields: [...names.fields] };
  const lines = template.split(/(?<=\n)/);
  const blocks: Block[] = [];
  let free = '';
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const open = fenceOf(line);
    const end = open === null ? -1 : lines.findIndex((candidate, index) => index > at && isAsLong(candidate, open));
    const close = fenceOf(lines[end] ?? '');
    if (open === null || close === null || close.after.trim() !== '') {
      free += line;
      continue;
    }
    if (free !== '') blocks.push({ parts: parseTemplate(free, known), fences: null });
    free = '';
    const fences = { open, info: parseTemplate(open.after, known), close };
    blocks.push({ parts: parseTemplate(lines.slice(at + 1, end).join(''), known), fences });
    at = end;
  }
  if (free !== '') blocks.push({ parts: parseTemplate(free, known), fences: null });
  return blocks;
}

/** Tells whether a block renders to the same bytes for every payload. */
export function isStatic({ parts, fences }: Block): boolean {
  return [...parts, ...(fences?.info ?? [])].every((part) => part.kind === 'text');
}

/** Renders blocks. A fence around values is made longer than any run of its mark in them, so that data cannot close it. */
export function fillBlocks(blocks: readonly Block[], values: Values): string {
  return blocks.map((block) => fillBlock(block, values)).join('');
}

function fillBlock(block: Block, values: Values): string {
  const inside = fillParts(block.parts, values);
  if (block.fences === null) return inside;
  const { open, info, close } = block.fences;
  const longer = isStatic(block) ? null : longerThanIn(inside, open.mark);
  const first = open.before + (longer ?? open.mark) + fillParts(info, values);
  return first + inside + close.before + (longer ?? close.mark) + close.after;
}

/** Returns the mark, lengthened to one character more than the longest run of it in the text. */
function longerThanIn(text: string, mark: string): string {
  const runs = text.match(mark.startsWith('`') ? /`+/g : /~+/g) ?? [];
  const longest = runs.reduce((most, run) => Math.max(most, run.length), 0);
  return longest < mark.length ? mark : mark.charAt(0).repeat(longest + 1);
}

function fenceOf(text: string): Fence | null {
  const { before, mark, after } = FENCE_LINE.exec(text)?.groups ?? {};
  if (before === undefined || mark === undefined || after === undefined) return null;
  return mark.startsWith('`') && after.includes('`') ? null : { before, mark, after };
}

function isAsLong(text: string, open: Fence): boolean {
  return fenceOf(text)?.mark.startsWith(open.mark) ?? false;
}
