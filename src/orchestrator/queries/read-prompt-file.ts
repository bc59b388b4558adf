import { resolve } from 'node:path';
import { z } from 'zod';
import { loadPromptFile } from '../../prompt/prompt-file.ts';
import { operation, TERMINAL } from '../operation.ts';

/** Reads a prompt template from a file of the user. */
export const readPromptFile = operation({
  name: 'read_prompt_file',
  title: 'Read a prompt file',
  interfaces: TERMINAL,
  description: 'The template in a Markdown or text file, without its front matter.',
  input: z.strictObject({ path: z.string() }),
  output: z.object({ template: z.string() }),
  effect: 'read',
  run: async (_deps, { path }, { workingDirectory }) => ({
    template: (await loadPromptFile(resolve(workingDirectory, path))).text,
  }),
});
