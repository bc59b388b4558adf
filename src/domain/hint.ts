/** Operations that texts name: each interface has words for them. `orchestrator/operations.ts` has all of them. */
export const NAMED_OPERATIONS = [
  'list_enumerators',
  'preview_items',
  'create_job',
  'update_job',
  'start_job',
  'get_job_status',
  'get_job',
  'list_jobs',
  'list_units',
  'get_unit',
  'pause_job',
  'resume_job',
  'cancel_job',
  'manage_units',
  'export_results',
  'delete_job',
  'allow_job',
  'allow_source',
  'list_approvals',
] as const;

export type NamedOperation = (typeof NAMED_OPERATIONS)[number];

/**
 * An operation that a text names, with its arguments beside the job that the text is about. `means`: the text says what it is
 * done with (`with update_job`), preposition included, since that differs between interfaces.
 */
export interface Mention {
  readonly operation: NamedOperation;
  readonly input?: Readonly<Record<string, string | number | boolean>>;
  readonly means?: true;
  /** The one thing that update_job changes here, where an interface may have a control for only that. */
  readonly changes?: 'prompt';
}

/** A text for a person or a model in which operations are data: each interface words them. */
export type Hint = string | readonly (string | Mention)[];

/** Makes a hint of a template: hint`${mention('resume_job')} continues it.` One that names no operation is plain text. */
export function hint(texts: TemplateStringsArray, ...values: readonly (Hint | Mention)[]): Hint {
  const parts: (string | Mention)[] = [];
  for (const part of texts.flatMap((text, n) => [text, ...partsOf(values[n] ?? '')])) {
    const last = parts.at(-1);
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
    else if (part !== '') parts.push(part);
  }
  return parts.every((part) => typeof part === 'string') ? parts.join('') : parts;
}

/** Names an operation in a hint. */
export function mention(operation: NamedOperation, input?: Mention['input']): Mention {
  return input === undefined ? { operation } : { operation, input };
}

/** Names an operation as the means by which something is done: `with update_job`. */
export function using(operation: NamedOperation, input?: Mention['input']): Mention {
  return { ...mention(operation, input), means: true };
}

/** Names the change of a job's prompt as the means by which something is done. */
export const EDITING_PROMPT: Mention = { operation: 'update_job', means: true, changes: 'prompt' };

/** Returns the parts of a hint. */
export function partsOf(given: Hint | Mention): readonly (string | Mention)[] {
  return Array.isArray(given) ? (given as readonly (string | Mention)[]) : [given as string | Mention];
}

/** Words a hint: operations by `word`, by their own names unless an interface has others. Empty for no hint. */
export function hintText(given: Hint | undefined, word: (mention: Mention) => string = operationText): string {
  return partsOf(given ?? '')
    .map((part) => (typeof part === 'string' ? part : word(part)))
    .join('');
}

/** The words of tools and other programs: `start_job with again=true`, `with get_unit (unit=7)`. */
export function operationText({ operation, input = {}, means }: Mention): string {
  const given = Object.entries(input).map(([name, value]) => `${name}=${value}`);
  const [before, after] = means ? [' (', ')'] : [' with ', ''];
  return `${means ? 'with ' : ''}${operation}${given.length === 0 ? '' : before + given.join(', ') + after}`;
}

/** Fields of answers that hold hints. */
export const HINT_FIELDS = ['advice', 'hint'] as const;

/** Fields with data of the user or an agent, in which nothing is a hint. */
const FOREIGN: readonly string[] = ['payload', 'result', 'items'];

/** Tells whether a value is a hint that names operations. */
export function namesOperations(value: unknown): value is readonly (string | Mention)[] {
  if (!Array.isArray(value)) return false;
  const isMention = (part: unknown) =>
    typeof part === 'object' &&
    part !== null &&
    (NAMED_OPERATIONS as readonly unknown[]).includes((part as { readonly operation?: unknown }).operation);
  return value.some(isMention) && value.every((part) => typeof part === 'string' || isMention(part));
}

/**
 * Copies an answer, with each hint that names operations replaced by the fields that `worded` makes of it; `jobId` is that of
 * the nearest object around it, which its operations need.
 */
export function replaceHints(
  answer: unknown,
  worded: (field: string, given: Hint, jobId: string | undefined) => object,
  jobId?: string,
): unknown {
  if (Array.isArray(answer)) return answer.map((each) => replaceHints(each, worded, jobId));
  if (typeof answer !== 'object' || answer === null) return answer;
  const { job_id = jobId } = answer as { readonly job_id?: string };
  const replaced = Object.entries(answer).flatMap(([field, value]): readonly (readonly [string, unknown])[] => {
    if (FOREIGN.includes(field)) return [[field, value]];
    const isHint = (HINT_FIELDS as readonly string[]).includes(field) && namesOperations(value);
    return isHint ? Object.entries(worded(field, value, job_id)) : [[field, replaceHints(value, worded, job_id)]];
  });
  return Object.fromEntries(replaced);
}
