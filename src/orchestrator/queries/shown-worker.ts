import type { WorkerChoice } from '../../domain/job.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { redactArguments, redactJson } from '../../domain/redact.ts';

/** Replacement for the value of a variable or a header. */
const SET = '[set]';
/** Fields whose values are never shown: of the worker itself, and of each of its MCP servers. */
const PRIVATE = /^(?:env|headers)$/i;

/**
 * Hides secrets of a worker's config: values of variables and headers, and arguments that look like secrets. `setAs` makes the
 * replacement for the value of a variable or header.
 */
export function shownWorker(worker: WorkerChoice, setAs = (_name: string) => SET): WorkerChoice {
  return { ...shownObject(worker, setAs), type: worker.type };
}

function shownObject(object: JsonObject, setAs: (name: string) => string): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => {
      if (!PRIVATE.test(name) || !isObject(value)) return [name, shown(name, value, setAs)];
      return [name, Object.fromEntries(Object.keys(value).map((key) => [key, setAs(key)]))];
    }),
  );
}

function shown(name: string, value: Json, setAs: (name: string) => string): Json {
  if (Array.isArray(value)) {
    const isArguments = value.every((item): item is string => typeof item === 'string');
    return isArguments ? redactArguments(value) : value.map((item: Json) => shown(name, item, setAs));
  }
  if (isObject(value)) return shownObject(value, setAs);
  return redactJson({ [name]: value }, 'logs')[name] ?? null;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
