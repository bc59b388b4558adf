import { z } from 'zod';
import { operation, TERMINAL } from '../operation.ts';

/** Checks the file of the store. */
export const checkStore = operation({
  name: 'check_store',
  title: 'Check the store',
  interfaces: TERMINAL,
  description: 'Checks the whole file of the store: its damage (null = none), its size and the number of its jobs.',
  input: z.strictObject({}),
  output: z.object({ damage: z.string().nullable(), bytes: z.int(), free_bytes: z.int(), jobs: z.int() }),
  effect: 'read',
  async run({ repository: { maintenance, jobs } }) {
    const damage = await maintenance.integrityCheck();
    if (damage !== null) return { damage, bytes: 0, free_bytes: 0, jobs: 0 };
    const { bytes, freeBytes } = await maintenance.size();
    return { damage, bytes, free_bytes: freeBytes, jobs: (await jobs.list({ limit: 1 })).total };
  },
});
