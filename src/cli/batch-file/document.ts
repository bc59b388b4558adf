import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Document, isCollection, isNode, isScalar, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import { AbpError } from '../../domain/error.ts';
import type { Problem } from '../../domain/validate.ts';

type Step = string | number;

/** A value set on the command line: `text` is the option as typed, `--set limits.max_workers=2`. */
export interface Override {
  readonly text: string;
  readonly steps: readonly Step[];
  readonly value: unknown;
}

/** The values of a YAML file, with their places. */
export interface YamlDocument {
  readonly value: unknown;
  /** The place, `batch.yaml:12:5`, of the value at a path such as `limits.max_workers`, or of its nearest ancestor. */
  place(problem: Pick<Problem, 'path' | 'key'>): string;
  /** Whether the value at a path is null because of an unquoted `~`, meant as the home directory. */
  isTilde(path: string): boolean;
}

/** Parses YAML and applies the overrides. Throws AbpError `invalid_input` with line and column. */
export function parseYaml(text: string, file: string, overrides: readonly Override[]): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...READING, lineCounter: lines });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  // A warning is an unknown tag, which was not applied to its value.
  const error = document.errors[0] ?? document.warnings[0];
  if (error) {
    throw new AbpError('invalid_input', `${at(error.pos[0])}: ${reasonOf(error)}`, {
      hint: 'The file must be one YAML document. Text that contains ": " or "#" needs quotes or a block (|).',
    });
  }
  refuseBadAliases(document, at);
  for (const override of overrides) applyOverride(document, override);
  return {
    value: valuesOf(document, file),
    place(problem) {
      const steps = stepsOf(problem.path);
      const whole = problem.key === undefined ? steps : [...steps, problem.key];
      const set = overrides.findLast((override) => override.steps.every((step, index) => whole[index] === step));
      if (set) return set.text;
      return at(offsetOf(document, steps, problem.key));
    },
    isTilde(path) {
      const steps = stepsOf(path);
      const set = overrides.findLast((override) => override.steps.join('.') === steps.join('.'));
      if (set) return /=\s*~\s*$/.test(set.text);
      const node = document.getIn(steps, true);
      return isScalar(node) && node.source === '~';
    },
  };
}

const READING = { prettyErrors: false, logLevel: 'error' } as const;

/** The message of the library, rewritten where it is about its API. */
function reasonOf({ code, message }: YAMLError): string {
  return code === 'MULTIPLE_DOCS' ? 'expected one YAML document, found the beginning of another' : message;
}

/** Rejects aliases without an anchor, and aliases of a collection that contains them. */
function refuseBadAliases(document: Document, at: (offset: number) => string): void {
  const anchored = new Map<string, unknown>();
  visit(document, {
    Node(_key, node) {
      if ('anchor' in node && node.anchor) anchored.set(node.anchor, node);
    },
    Alias(_key, { source, range }, path) {
      const meant = anchored.get(source);
      if (meant !== undefined && !(path as readonly unknown[]).includes(meant)) return;
      const reason = meant === undefined ? 'has no anchor before it' : 'refers to a value that contains it';
      throw new AbpError('invalid_input', `${at(range?.[0] ?? 0)}: the alias *${source} ${reason}.`, {
        hint: 'An anchor (&name) comes before its aliases (*name); text that begins with * needs quotes.',
      });
    },
  });
}

/** Returns the values of a document; rejects aliases that expand to far more than was written. */
function valuesOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (cause) {
    throw new AbpError(
      'invalid_input',
      `${file}: its aliases expand to too many values: ${(cause as Error).message}.`,
      {
        hint: 'Write the values where they are needed instead of aliases.',
        cause,
      },
    );
  }
}

const MOST_ALIASES = 1000;

/** Parses `limits.max_workers=2`, the value as YAML. Throws AbpError `invalid_input`. */
export function parseOverride(text: string): Override {
  const at = text.indexOf('=');
  const steps = stepsOf(text.slice(0, Math.max(0, at)).trim());
  if (steps.length === 0) {
    throw new AbpError('invalid_input', `--set: expected a field and its value, found ${JSON.stringify(text)}.`, {
      hint: 'For example: --set limits.max_workers=2',
    });
  }
  const typed = `--set ${text}`;
  return { text: typed, steps, value: parseValue(text.slice(at + 1), typed) };
}

/**
 * Parses a value from the command line: a list, an object or quoted text as YAML; numbers, true, false and null as such;
 * anything else is plain text, including `#` and `:`. Throws AbpError `invalid_input` for a list, object or quoted text that
 * is not closed.
 */
export function parseValue(text: string, what: string): unknown {
  const typed = text.trim();
  const document = parseDocument(typed, READING);
  const [error] = document.errors;
  if (/^[[{"']/.test(typed)) {
    if (!error) return document.toJS();
    // `{file_path} is the file`: closed, and followed by text.
    if (error.code === 'UNEXPECTED_TOKEN') return typed;
    throw new AbpError('invalid_input', `${what}: the value is not YAML: ${error.message}`, { cause: error });
  }
  const { contents } = document;
  const isPlain = isScalar(contents) && contents.source === typed && typeof contents.value !== 'string';
  return isPlain ? contents.value : typed || null;
}

function stepsOf(text: string): Step[] {
  return [...text.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map(([name, index]) => (index === undefined ? name : Number(index)));
}

function applyOverride(document: Document, { text, steps, value }: Override): void {
  try {
    document.setIn(steps, document.createNode(value));
  } catch (cause) {
    throw new AbpError('invalid_input', `${text}: this field does not exist: a value on its path has no fields.`, {
      hint: "Set the whole value: --set 'worker={type: claude, model: haiku}'",
      cause,
    });
  }
}

/** Offset of the node at a path, of one of its keys, or of its nearest ancestor that is in the file. */
function offsetOf(document: Document, steps: readonly Step[], key: string | undefined): number {
  for (let depth = steps.length; depth >= 0; depth--) {
    const node = depth === 0 ? document.contents : document.getIn(steps.slice(0, depth), true);
    if (key !== undefined && depth === steps.length && isCollection(node)) {
      for (const pair of node.items as { key?: unknown }[]) {
        if (isNode(pair.key) && String(pair.key) === key && pair.key.range) return pair.key.range[0];
      }
    }
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

/** Reads the text of a batch file. Throws AbpError `invalid_input` if it cannot be read or is not UTF-8. */
export async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const inside = path.join(file, 'batch.yaml');
    const reasons: Readonly<Record<string, readonly [string, string]>> = {
      ENOENT: ['there is no such file', 'Give the path of a batch file; `abp run --help` has an example.'],
      EISDIR: ['it is a directory, expected a file', `Give the file in it, for example ${inside}.`],
    };
    const [reason, hint] = reasons[code ?? ''] ?? [`it cannot be read (${code})`, 'Check its permissions.'];
    throw new AbpError('invalid_input', `${file}: ${reason}.`, { hint, cause });
  }
  const text = bytes.toString('utf8');
  if (isUtf8(bytes)) return text;
  const before = text.slice(0, text.indexOf('\ufffd')).split('\n');
  const place = `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  throw new AbpError('invalid_input', `${place}: expected text in UTF-8, found other bytes.`, {
    hint: `Convert it, for example: iconv -f LATIN1 -t UTF-8 ${file}`,
  });
}
