import { z } from 'zod';
import { operation, TERMINAL } from '../operation.ts';

/** Returns the commands that save what can be read of a damaged store. */
export const rescueSteps = operation({
  name: 'rescue_steps',
  title: 'Rescue of a damaged store',
  interfaces: TERMINAL,
  description: 'The shell commands that put what can be read of a damaged store into a new one. Runs nothing.',
  input: z.strictObject({ path: z.string() }),
  output: z.object({ commands: z.array(z.string()) }),
  effect: 'read',
  run: ({ repository: { maintenance } }, { path }) => ({ commands: [...maintenance.rescueCommands(path)] }),
});
