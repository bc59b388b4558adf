import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { AbpError } from '../domain/error.ts';
import { parseWith } from '../domain/validate.ts';
import { packageRoot } from '../package-root.ts';

/** A prompt in a Markdown file: its front matter, and the text below. */
export interface PromptFile {
  readonly name: string;
  readonly description: string;
  /** Names of the placeholders in the text. */
  readonly variables: readonly string[];
  readonly text: string;
}

const FRONT_MATTER = /^\uFEFF?---[ \t]*\r?\n(?<yaml>[\s\S]*?)^---[ \t]*(?:\r?\n|$)(?:\r?\n)?/m;

const FRONT_MATTER_HINT = 'Put it between two lines of ---, with name, description, variables (a list): all optional.';

const frontMatterSchema = z.strictObject({
  name: z.string().min(1).optional(),
  description: z.string().optional(),
  variables: z.array(z.string().min(1)).optional(),
});

/**
 * Reads a prompt template with YAML front matter (name, description, variables: all optional in a user's own file).
 * Throws AbpError `invalid_input` that names the file and the problem.
 */
export async function loadPromptFile(file: string): Promise<PromptFile> {
  const source = await readText(file);
  const match = source.startsWith('---') || source.startsWith('\uFEFF---') ? FRONT_MATTER.exec(source) : null;
  const front = match === null ? {} : await parseFrontMatter(file, match.groups?.yaml ?? '');
  const text = source.slice(match?.[0].length ?? 0).replace(/^\uFEFF/, '');
  if (text.trim() === '') {
    throw new AbpError('invalid_input', `The prompt file ${file} is empty: expected a template.`, {
      hint: 'Write the task below the front matter.',
    });
  }
  return {
    name: front.name ?? path.basename(file, path.extname(file)),
    description: front.description ?? '',
    variables: front.variables ?? [],
    text,
  };
}

/** Folder of ABP's own prompts, in the sources and in the bundle alike. */
export function promptsDirectory(): string {
  return path.join(packageRoot(), 'prompts');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new AbpError('invalid_input', `The prompt file ${file} cannot be read (${reason}).`, {
      hint: 'Give the path of a Markdown or text file.',
      cause,
    });
  }
}

async function parseFrontMatter(file: string, source: string): Promise<z.infer<typeof frontMatterSchema>> {
  // A CommonJS package: loaded lazily from a bundle it has only its default export.
  const { default: yaml } = await import('yaml');
  let value: unknown;
  try {
    value = yaml.parse(source) ?? {};
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AbpError('invalid_input', `The front matter of ${file} is not YAML: ${reason}`, {
      hint: FRONT_MATTER_HINT,
      cause,
    });
  }
  return parseWith(frontMatterSchema, value, `front matter of ${file}`, FRONT_MATTER_HINT);
}
