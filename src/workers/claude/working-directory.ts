import { realpathSync } from 'node:fs';
import path from 'node:path';
import { AbpError } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import { absolutePath } from '../../domain/paths.ts';
import { isDirectory } from '../process/program.ts';

const PLACEHOLDER = /\{([^{}]+)\}/g;

/**
 * Resolves the directory of a unit: `template` relative to `base`, with `{field}` replaced from the payload. The result
 * must stay below the part before the first placeholder, also through symbolic links. Throws AbpError `invalid_input`.
 */
export function resolveWorkingDirectory(template: string, base: string, payload: JsonObject): string {
  const directory = absolutePath(
    template.replace(PLACEHOLDER, (_, name: string) => fieldText(name, payload)),
    base,
  );
  if (!isDirectory(directory)) {
    throw new AbpError('invalid_input', `working_directory ${directory} is not a directory.`, {
      hint: 'Create it, or change worker.working_directory.',
    });
  }
  if (fixedPart(template) === template) return directory;
  const fixed = absolutePath(fixedPart(template), base);
  const inside = path.relative(realpathSync(fixed), realpathSync(directory));
  if (inside === '..' || inside.startsWith(`..${path.sep}`) || path.isAbsolute(inside)) {
    throw new AbpError('invalid_input', `working_directory ${directory} is outside ${fixed}.`, {
      hint: 'An item may only choose a directory below the fixed part of worker.working_directory.',
    });
  }
  return directory;
}

/** The constant part of a template: all of it, or the directories before the first placeholder. */
export function fixedPart(template: string): string {
  const [before = '', ...fields] = template.split(PLACEHOLDER);
  return fields.length === 0 ? template : before.slice(0, before.lastIndexOf('/') + 1);
}

function fieldText(name: string, payload: JsonObject): string {
  const value = payload[name];
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  throw new AbpError('invalid_input', `working_directory needs the field {${name}}, which this item does not have.`, {
    hint: `Fields of this item: ${Object.keys(payload).join(', ')}.`,
  });
}
