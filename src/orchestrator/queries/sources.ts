import { z } from 'zod';
import { listEnumerators as allEnumerators, enumerators, getEnumerator } from '../../enumerators/index.ts';
import { EVERYWHERE, operation } from '../operation.ts';

/** The types of sources. */
export const SOURCE_TYPES: readonly string[] = Object.keys(enumerators);

/** Lists the kinds of sources. */
export const listEnumerators = operation({
  name: 'list_enumerators',
  title: 'Kinds of sources',
  interfaces: EVERYWHERE,
  description:
    'Lists the kinds of sources with their config fields and an example: files of a directory, rows of a CSV file or a query, elements of a JSON file, code. Call it before preview_items or create_job.',
  input: z.strictObject({ type: z.string().max(50).optional().describe('Only this type') }),
  output: z.looseObject({
    enumerators: z.array(z.looseObject({ type: z.string(), description: z.string() })),
  }),
  effect: 'read',
  async run(_deps, { type }) {
    const chosen = type === undefined ? await allEnumerators() : [await getEnumerator(type)];
    return {
      enumerators: chosen.map(({ type: name, description, configSchema, example }) => ({
        type: name,
        description,
        config_schema: z.toJSONSchema(configSchema, { io: 'input' }),
        example,
      })),
    };
  },
});
