import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { ownPrompt } from '../../prompt/own-prompt.ts';
import { IN_PROCESS, operation } from '../operation.ts';

/** Fills one of ABP's own prompts. */
export const fillPrompt = operation({
  name: 'fill_prompt',
  title: 'Fill a prompt of ABP',
  interfaces: IN_PROCESS,
  description: 'The text of a file in the folder of prompts with its placeholders replaced by the values.',
  input: z.strictObject({ name: z.string(), values: z.custom<JsonObject>() }),
  output: z.object({ text: z.string() }),
  effect: 'read',
  run: async (_deps, { name, values }) => ({ text: (await ownPrompt(name)).fill(values) }),
});
