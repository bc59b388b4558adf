import type { z } from 'zod';
import { AbpError } from './error.ts';
import { didYouMean } from './nearest.ts';
import { sentences } from './sentences.ts';

type RawIssue = z.core.$ZodRawIssue;

/**
 * One problem of a value: its path (`limits.max_workers`, empty = the value itself), and expected and found in one
 * sentence.
 */
export interface Problem {
  readonly path: string;
  readonly message: string;
  /** Name of an unknown field of the object at `path`. */
  readonly key?: string;
}

/** Problems listed one by one; the rest are counted: fixing the first often fixes the others. */
const SHOWN_PROBLEMS = 10;

/**
 * Parses a value. Throws AbpError `invalid_input` that lists the problems with path, expected and found, and suggests
 * the closest known name for an unknown field. `what` names the value in the message ("config of enumerator csv"),
 * `hint` is the next step.
 */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, what: string, hint?: string): T {
  const fields = new Set<string>();
  const parsed = schema.safeParse(value, {
    reportInput: true,
    error: (issue) => explain(issue, fields),
  });
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error.issues, []);
  const known = fields.size > 0 ? `Known fields: ${[...fields].join(', ')}.` : undefined;
  const hints = sentences(known, hint);
  const shown = problems.slice(0, SHOWN_PROBLEMS);
  const list = [...shown.map(sentence), ...omitted(problems.length)];
  throw new AbpError('invalid_input', `Invalid ${what}: ${list.join('; ')}`, {
    ...(hints === '' ? {} : { hint: hints }),
    details: { problems: shown },
  });
}

/** Formats a found value for a message: JSON, at most 80 characters. */
export function show(value: unknown): string {
  const isNumber = typeof value === 'bigint' || typeof value === 'number';
  // undefined and functions have no JSON, whatever the type says.
  const json = isNumber ? undefined : (JSON.stringify(value) as string | undefined);
  const text = json ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function omitted(problems: number): string[] {
  const count = problems - SHOWN_PROBLEMS;
  return count > 0 ? [`and ${count} more problem${count === 1 ? '' : 's'}`] : [];
}

function sentence({ path, message }: Problem): string {
  return path === '' ? message : `${path}: ${message}`;
}

function problemsOf(issues: readonly z.core.$ZodIssue[], before: readonly PropertyKey[]): Problem[] {
  const kept = issues.filter((issue) => !issues.some((other) => saysMore(other, issue)));
  return kept.flatMap((issue) => problemsOfOne(issue, before));
}

/**
 * Tells whether another issue of the same field says more: a whole number far out of range also breaks the bound of all
 * whole numbers, and only the field's own bound is reported.
 */
function saysMore(other: z.core.$ZodIssue, issue: z.core.$ZodIssue): boolean {
  if (issue.code !== 'too_big' && issue.code !== 'too_small') return false;
  const sameBound = other.code === issue.code && pathText(other.path) === pathText(issue.path);
  return sameBound && issue.origin === 'int' && other.origin === 'number';
}

/** Returns the problems of one issue; for a union, those of the branch with the fewest. */
function problemsOfOne(issue: z.core.$ZodIssue, before: readonly PropertyKey[]): Problem[] {
  const path = [...before, ...issue.path];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const inside = issue.errors.filter((branch) => !branch.some(rejectsWhole));
    const branch = inside.toSorted((a, b) => a.length - b.length)[0];
    if (branch) return problemsOf(branch, path);
  }
  if (issue.code === 'invalid_key') return problemsOf(issue.issues, path);
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split(BETWEEN_KEYS);
    return issue.keys.map((key, at) => ({ path: pathText(path), message: messages[at] ?? issue.message, key }));
  }
  return [{ path: pathText(path), message: issue.message }];
}

function rejectsWhole(issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}

/**
 * Separates the messages of unknown fields: zod reports one issue, with one message, for all unknown fields of an
 * object.
 */
const BETWEEN_KEYS = '\0';

/** Formats expected and found of one issue; a message of the schema itself wins over this. Collects known field names. */
function explain(issue: RawIssue, fields: Set<string>): string {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = shapeOf(issue);
      for (const name of known) fields.add(name);
      const shown = issue.keys
        .slice(0, SHOWN_PROBLEMS)
        .map((key) => `unknown field ${show(key)}.${didYouMean(key, known)}`);
      return shown.join(BETWEEN_KEYS);
    }
    case 'invalid_union': {
      const { discriminator } = issue;
      const value = discriminator === undefined ? issue.input : (issue.input as Record<string, unknown>)[discriminator];
      return `expected ${expectedOfUnion(issue)}, ${foundIn(value)}`;
    }
    default:
      return `expected ${expectedOf(issue)}, ${foundIn(issue.input)}`;
  }
}

function foundIn(value: unknown): string {
  return value === undefined ? 'it is missing' : `found ${show(value)}`;
}

function shapeOf(issue: RawIssue): readonly string[] {
  const shape = (issue.inst as { def?: { shape?: object } } | undefined)?.def?.shape;
  return Object.keys(shape ?? {});
}

function expectedOfUnion(issue: Extract<RawIssue, { code: 'invalid_union' }>): string {
  if (Array.isArray(issue.options)) return `one of ${issue.options.map(show).join(', ')}`;
  const expected = issue.errors.flatMap((branch) => branch.slice(0, 1)).map(expectedOf);
  return [...new Set(expected)].join(' or ') || 'another value';
}

function expectedOf(issue: RawIssue | z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1 ? show(issue.values[0]) : `one of ${issue.values.map(show).join(', ')}`;
    case 'too_small':
      return `${issue.exact ? 'exactly' : issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `${issue.exact ? 'exactly' : issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `text that matches ${issue.pattern}` : `text of the form ${issue.format}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    default:
      return issue.message ?? 'another value';
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}
