import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { redactJson } from '../../domain/redact.ts';

/** Shape of a source as it is shown: its type and the fields of its config. */
export const shownSourceShape = z.looseObject({ type: z.string() });

/** Shows a source with secrets hidden. */
export function shownSource(type: string, config: JsonObject): z.input<typeof shownSourceShape> {
  return { ...redactJson(config, 'logs'), type };
}

/** Shows a source that a person is asked about: its code stays as it is. */
export function reviewedSource(type: string, config: JsonObject): z.input<typeof shownSourceShape> {
  const { code } = config;
  return { ...shownSource(type, config), ...(typeof code === 'string' ? { code } : {}) };
}
