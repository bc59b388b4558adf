import path from 'node:path';
import { AbpError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import { type Block, fillBlocks, parseBlocks } from './blocks.ts';
import { loadPromptFile, promptsDirectory } from './prompt-file.ts';

/** One of ABP's own prompts; `variables` are all its placeholders. */
export interface OwnPrompt {
  readonly variables: readonly string[];
  fill(values: JsonObject): string;
}

const loaded = new Map<string, Promise<OwnPrompt>>();

/** Loads `<name>.md` from the prompts folder, once per process. Throws AbpError when it is missing or invalid. */
export function ownPrompt(name: string): Promise<OwnPrompt> {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const loading = load(name);
  loaded.set(name, loading);
  return loading;
}

async function load(name: string): Promise<OwnPrompt> {
  const { text, variables } = await loadPromptFile(path.join(promptsDirectory(), `${name}.md`));
  const blocks = parseBlocks(text.trimEnd(), { fields: variables });
  const used = namesIn(blocks);
  const mismatched = [
    ...used.filter((used) => !variables.includes(used)),
    ...variables.filter((name) => !used.includes(name)),
  ];
  if (mismatched.length > 0) {
    throw new AbpError('internal', `prompts/${name}.md and its list of variables differ in: ${mismatched.join(', ')}.`);
  }
  return { variables, fill: (values) => fillBlocks(blocks, { payload: values }) };
}

function namesIn(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap(({ parts }) =>
    parts.flatMap((part) => {
      if (part.kind === 'text') return [];
      if (part.kind === 'result') return [part.step];
      return part.kind === 'payload' ? ['payload'] : [part.name];
    }),
  );
}
