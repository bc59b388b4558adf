import { z } from 'zod';
import { checkTarget } from '../../export/atomic-file.ts';
import { fileTarget } from '../../export/write-target.ts';
import { operation, TERMINAL } from '../operation.ts';
import { outputInput } from '../shapes.ts';

/** Checks whether the results of a job that does not exist yet could be written. */
export const checkOutput = operation({
  name: 'check_output',
  title: 'Check an output',
  interfaces: TERMINAL,
  description:
    'Checks whether the output of a new job could be written, before anything is read; an error says why not.',
  input: z.strictObject({ output: outputInput }),
  output: z.object({ ok: z.literal(true) }),
  effect: 'read',
  async run({ places }, { output }, { workingDirectory }) {
    // There is no job yet that could have exported to this file.
    if (output.path) await checkTarget(fileTarget(places, output.path, [workingDirectory]), output);
    return { ok: true as const };
  },
});
