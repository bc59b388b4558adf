import type { Json, JsonObject } from '../../domain/json.ts';
import { show } from '../../domain/validate.ts';
import type { EnumeratedItem } from '../../ports/enumerator.ts';
import type { JsonConfig } from '../json.ts';
import { hasUndecodable, type TextFaults } from '../reading/decoder.ts';
import { textFault } from '../reading/invalid.ts';
import { ENCODING_HINT, undecodable } from '../reading/text.ts';
import type { WarningCounter } from '../reading/warnings.ts';
import { repeatsKeys } from './repeated-keys.ts';
import { didYouMeanStep, EVERY, itemsPath, splitPath } from './route.ts';

/** A value and its place; `key`: its name if it is a member of an object. */
export interface Located {
  readonly text: string;
  readonly value: Json;
  readonly key: string | null;
  readonly place: string;
}

/** A value that cannot be an item: expected and found. */
export interface Fault {
  readonly place: string;
  readonly reason: string;
  readonly hint: string | (() => Promise<string>);
}

/** A key, or the reason why there is none. */
type Key = { readonly key: string } | { readonly reason: string };

const FIX = 'Fix that item, or leave it out.';
const ID_HINT = 'Every item needs the id_field; leave it out to number the items.';
/** An escape that may be an unpaired surrogate. */
const SURROGATE = /\\u[dD][89a-fA-F]/;

/**
 * Creates the function that turns a value into an item or a fault. `index` counts values, `position` items before it;
 * `faults` are those of the text.
 */
export function jsonItems({ items_path, id_field }: JsonConfig, warnings: WarningCounter, faults: TextFaults) {
  const idPath = id_field === undefined ? null : splitPath(id_field);
  // Names of several objects may collide.
  const isNamed = items_path !== undefined && !itemsPath(items_path).includes(EVERY);

  return ({ text, value, key: name, place }: Located, index: number, position: number): EnumeratedItem | Fault => {
    if (faults.undecodable && hasUndecodable(`${text}${name ?? ''}`)) {
      return { place, reason: undecodable(faults.encoding), hint: ENCODING_HINT };
    }
    if (repeatsKeys(text, value)) warnings.add('repeated_field', place);
    const fields = fieldsOf(value, name);
    const found = idPath ? keyAt(idPath, fields) : isNamed && name !== null ? keyOf(name, 'a name') : null;
    const fault = text.includes('\\u') && SURROGATE.test(text) ? textFault(value) : null;
    if (fault !== null) return { place, reason: fault, hint: FIX };
    if (found && 'reason' in found) return { place, reason: found.reason, hint: idPath ? ID_HINT : FIX };
    const key = found?.key ?? String(index);
    const payload = {
      ...fields,
      ...(Object.hasOwn(fields, '_index') ? {} : { _index: index }),
      ...(Object.hasOwn(fields, '_id') ? {} : { _id: key }),
    };
    return found === null && index === position ? { place, payload } : { key, place, payload };
  };

  function keyAt(path: readonly string[], item: JsonObject): Key {
    const what = `a text or number in id_field ${show(id_field)}`;
    let value: Json = item;
    for (const [at, step] of path.entries()) {
      const fields: JsonObject = isObject(value) ? value : {};
      const next: Json | undefined = Object.hasOwn(fields, step) ? fields[step] : undefined;
      if (next === undefined) {
        return { reason: `expected ${what}, found no such field.${didYouMeanStep(path, at, Object.keys(fields))}` };
      }
      value = next;
    }
    return keyOf(typeof value === 'number' ? String(value) : value, what);
  }
}

/** Accepts non-empty text; unpaired surrogates cannot be stored. */
function keyOf(value: Json, what: string): Key {
  if (typeof value === 'string' && value !== '' && value.isWellFormed()) return { key: value };
  return { reason: `expected ${what}, found ${show(value)}` };
}

/** The fields of a value; a value that is not an object becomes the field `value`. */
function fieldsOf(value: Json, name: string | null): JsonObject {
  const fields = isObject(value) ? value : { value };
  return name === null || Object.hasOwn(fields, '_key') ? fields : { ...fields, _key: name };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
