import type { z } from 'zod';
import type { Job } from '../../domain/job.ts';
import type { testInput } from '../shapes.ts';

/** Converts a job's number of test units, of which 0 means no test, to the input that makes it. */
export function testInputOf({ testUnits }: Pick<Job, 'testUnits'>): z.output<typeof testInput> {
  return testUnits === 0 ? { skip: true } : { units: testUnits };
}
