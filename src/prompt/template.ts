import { AbpError } from '../domain/error.ts';
import type { Json, JsonObject } from '../domain/json.ts';
import { nearest } from '../domain/nearest.ts';
import type { Step } from '../domain/step.ts';

/** What a template may name: the fields of the items, and the steps before its own. */
export interface Names {
  readonly fields: Iterable<string>;
  /** Their schemas say which fields results have; null = any. */
  readonly steps?: readonly Pick<Step, 'name' | 'outputSchema'>[] | undefined;
}

/** What placeholders are replaced by: an item, and its earlier results by the name of their step. */
export interface Values {
  readonly payload: JsonObject;
  readonly results?: JsonObject;
}

/** Part of a template: text, a placeholder, or an unknown name. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'payload' }
  /** The result of an earlier step, or the value at a path in it. */
  | { readonly kind: 'result'; readonly step: string; readonly path: readonly string[] }
  | { readonly kind: 'unknown'; readonly name: string; readonly line: number };

/** Placeholder for the whole payload as JSON; a field of this name is reachable only inside it. */
export const PAYLOAD = 'payload';

/**
 * Matches an escape, braced text without braces in it, or a single brace. Whether `}}` is an escape depends on what it
 * closes.
 */
const TOKEN = /\{\{|\{([^{}]*)\}|[{}]/g;
const NAME_CHARACTERS = /^[\p{L}\p{M}\p{N}_. -]+$/u;
const NAME_CORE = /[\p{L}\p{N}_]/u;

/** Tells whether a field can be a placeholder: not with a brace in its name. */
export function isAddressable(field: string): boolean {
  return field !== '' && field !== PAYLOAD && !/[{}]/.test(field);
}

/**
 * Splits a template into parts, in one pass. `{name}` is a placeholder when name is a field (or `payload`), an earlier
 * step (`{score}`) or a place in its result (`{score.value}`); `{{` and `}}` are literal braces, braced text that looks like a name is `unknown`, all other braces are text. A JSON example
 * with nested braces stays as it is, since a `}` that closes a single `{` is never half an escape.
 */
export function parseTemplate(template: string, { fields, steps = [] }: Names): readonly TemplatePart[] {
  const known = new Set([...fields].filter(isAddressable));
  const parts: TemplatePart[] = [];
  const open: ('{' | '{{')[] = [];
  let text = '';
  let end = 0;
  const push = (part: TemplatePart) => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
    parts.push(part);
  };

  for (const match of template.matchAll(TOKEN)) {
    if (match.index < end) continue;
    const [token, name] = match;
    text += template.slice(end, match.index);
    end = match.index + token.length;
    if (name !== undefined) {
      const result = resultNamed(name, steps);
      if (name === PAYLOAD) push({ kind: 'payload' });
      else if (known.has(name)) push({ kind: 'field', name });
      else if (result) push(result);
      else if (looksLikeName(name)) push({ kind: 'unknown', name, line: lineAt(template, match.index) });
      else text += token;
    } else if (token === '}') {
      const escaped = open.pop() !== '{' && template[end] === '}';
      if (escaped) end += 1;
      text += '}';
    } else {
      open.push(token as '{' | '{{');
      text += '{';
    }
  }
  text += template.slice(end);
  if (text !== '') parts.push({ kind: 'text', text });
  return parts;
}

/** Returns the place in an earlier result that a name means; null = none that its schema knows. */
function resultNamed(name: string, steps: Names['steps'] = []): Extract<TemplatePart, { kind: 'result' }> | null {
  const [step = '', ...path] = name.split('.');
  const found = steps.find((each) => each.name === step);
  if (!found) return null;
  const { properties } = found.outputSchema ?? {};
  const [first] = path;
  const isKnown = first === undefined || !isObject(properties) || Object.hasOwn(properties, first);
  return isKnown ? { kind: 'result', step, path } : null;
}

/** Checks that a template names only what there is. Throws AbpError `invalid_input`. */
export function checkTemplate(template: string, has: Names): void {
  const unknown = parseTemplate(template, has).filter((part) => part.kind === 'unknown');
  const [first] = unknown;
  if (first === undefined) return;
  const expected = [...[...has.fields].filter(isAddressable), PAYLOAD, ...(has.steps ?? []).flatMap(resultNames)];
  const guess = nearest(first.name.trim(), expected);
  const names = [...new Set(unknown.map((part) => part.name))];
  throw new AbpError(
    'invalid_input',
    `The prompt template names ${names.map(braced).join(', ')} (first on line ${first.line}), but the items have: ${listed(expected)}.`,
    {
      hint: `${guess === null ? '' : `Did you mean ${braced(guess)}? `}For the braces themselves write {${braced(first.name)}}.`,
      details: {
        unknown: names,
        line: first.line,
        fields: expected.slice(0, 100),
        ...(guess !== null && { nearest: guess }),
      },
    },
  );
}

/** Names a step's result and the fields that its schema lists. */
function resultNames({ name, outputSchema }: Pick<Step, 'name' | 'outputSchema'>): readonly string[] {
  const { properties } = outputSchema ?? {};
  return [name, ...(isObject(properties) ? Object.keys(properties).map((field) => `${name}.${field}`) : [])];
}

/** Fills parsed parts with values, which are never parsed. */
export function fillParts(parts: readonly TemplatePart[], values: Values): string {
  return parts.map((part) => fillPart(part, values)).join('');
}

/** Doubles the braces of a text, so that a template renders it as `text`. */
export function escapeBraces(text: string): string {
  return text.replace(/[{}]/g, '$&$&');
}

function fillPart(part: TemplatePart, { payload, results = {} }: Values): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'payload':
      return JSON.stringify(payload);
    case 'field':
      return valueText(Object.hasOwn(payload, part.name) ? payload[part.name] : undefined);
    case 'result':
      return valueText([part.step, ...part.path].reduce<Json | undefined>(fieldOf, results));
    case 'unknown':
      throw new AbpError('invalid_input', `The prompt template names {${part.name}}, which no item has.`, {
        hint: 'Fix the template.',
      });
  }
}

function fieldOf(value: Json | undefined, name: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueText(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}

function looksLikeName(text: string): boolean {
  return NAME_CHARACTERS.test(text) && NAME_CORE.test(text);
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function braced(name: string): string {
  return `{${name}}`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 30).map(braced).join(', ');
  return names.length > 30 ? `${shown} and ${names.length - 30} more` : shown;
}
