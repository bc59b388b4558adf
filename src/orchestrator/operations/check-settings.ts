import { z } from 'zod';
import type { WorkerChoice } from '../../domain/job.ts';
import { openSource } from '../../enumerators/index.ts';
import { operation, TERMINAL } from '../operation.ts';
import { sourceInput } from '../shapes.ts';
import { checkedSteps, stepsFields } from './steps.ts';

/** Checks settings of a job that does not exist yet, each by its driver. */
export const checkSettings = operation({
  name: 'check_settings',
  title: 'Check settings of a job',
  interfaces: TERMINAL,
  description:
    'Checks the config of a source, or the steps of a job: for a file that is read before a job exists. Answers the workers of the steps with absolute paths.',
  input: z.strictObject({ source: sourceInput.optional(), ...stepsFields }),
  output: z.object({ workers: z.array(z.custom<WorkerChoice>()).readonly() }),
  effect: 'read',
  async run(deps, { source, ...given }, { workingDirectory }) {
    if (source) {
      await openSource(source, { workingDirectory });
      return { workers: [] };
    }
    const steps = await checkedSteps(deps.workers, given);
    const resolved = async ({ worker: choice }: { readonly worker: WorkerChoice }) => {
      const { type, ...config } = choice;
      return { type, ...(await deps.workers.parse(choice)).worker.resolve(config, workingDirectory) };
    };
    return { workers: await Promise.all(steps.map(resolved)) };
  },
});
