import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { openSource } from '../../enumerators/index.ts';
import { preview } from '../../enumerators/preview.ts';
import { EVERYWHERE, operation } from '../operation.ts';
import { PAGE_BYTES, TEXT_BYTES } from '../queries/caps.ts';
import { shownSource } from '../queries/shown-source.ts';
import { sourceNotes } from '../queries/source-notes.ts';
import { sourceInput } from '../shapes.ts';
import { omittedCount, truncateList, truncateObject } from '../truncate.ts';
import { requireSource } from './approval.ts';

const DEFAULT_ITEMS = 5;
const COUNT_S = 10;

/** Shows the first items of a source; stores the question about one that needs an approval. */
export const previewItems = operation({
  name: 'preview_items',
  title: 'Preview a source',
  interfaces: EVERYWHERE,
  description:
    'Shows the first items of a source, their fields and how many there are, without creating a job. Use it to check path, pattern or query, and to see which {fields} a prompt can use.',
  input: z.strictObject({
    source: sourceInput,
    limit: z.int().min(1).max(50).optional().describe(`Items to show; default ${DEFAULT_ITEMS}`),
  }),
  output: z.looseObject({
    items: z.array(z.looseObject({})),
    fields: z.array(z.looseObject({ name: z.string() })),
    total: z.int(),
    complete: z.boolean(),
  }),
  effect: 'read',
  openWorld: true,
  async run(deps, { source, limit = DEFAULT_ITEMS }, call) {
    const { enumerator, config } = await openSource(source, call);
    await requireSource(deps, enumerator, config, call);
    const seen = await preview(
      enumerator,
      config,
      {
        workingDirectory: call.workingDirectory,
        ...(call.signal ? { signal: call.signal } : {}),
      },
      { limit, countForMs: COUNT_S * 1000 },
    );
    const fields = truncateList(
      seen.fields.map((field) => ({ ...field })),
      TEXT_BYTES,
    );
    return {
      total: seen.total,
      complete: seen.complete,
      items: seen.items.map((item) => truncateObject(item, PAGE_BYTES / limit)),
      fields: [...fields],
      ...omittedCount('fields', seen.fields.length - fields.length),
      warnings: [],
      ...sourceNotes(seen),
      source: shownSource(source.type, config as JsonObject),
    };
  },
});
