import type { Context } from 'hono';
import { z } from 'zod';
import { commandOf } from '../domain/commands.ts';
import { type AbpError, decisionIn, type ErrorCode, jobIn, toAbpError } from '../domain/error.ts';
import { hintText } from '../domain/hint.ts';
import { sentences } from '../domain/sentences.ts';
import { hintShape } from '../orchestrator/shapes.ts';
import { jsonBytes, truncate, truncateMessage, truncateParts } from '../orchestrator/truncate.ts';

/** The HTTP status of every error code: 4xx if the client must act, 5xx if the server or its operator must. */
const STATUS = {
  invalid_input: 400,
  not_found: 404,
  already_exists: 409,
  ambiguous: 409,
  request_reused: 422,
  conflict: 409,
  cancelled: 409,
  approval_required: 403,
  busy: 503,
  worker_unavailable: 503,
  environment: 503,
  newer_store: 503,
  store_damaged: 503,
  store_foreign: 503,
  store_gone: 503,
  store: 500,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** Status and title of errors that exist only in HTTP, by code. */
const REFUSALS = {
  malformed: [400, 'Bad request'],
  unauthorized: [401, 'Unauthorized'],
  forbidden: [403, 'Forbidden'],
  page_key_required: [403, 'Page key required'],
  no_such_path: [404, 'Not found'],
  method_not_allowed: [405, 'Method not allowed'],
  timeout: [408, 'Request timeout'],
  too_large: [413, 'Content too large'],
  unsupported_media_type: [415, 'Unsupported media type'],
  misdirected: [421, 'Misdirected request'],
  headers_too_large: [431, 'Request header fields too large'],
  unavailable: [503, 'Service unavailable'],
} as const;

/** An error of HTTP itself: the request reached no operation. `headers` are added to the response. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly code: keyof typeof REFUSALS;
  readonly hint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: keyof typeof REFUSALS, message: string, hint?: string, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.headers = headers;
  }
}

/** Schema of an error response: problem details (RFC 9457) with the error code of ABP, its hint and the request id. */
export const problemSchema = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().optional(),
  code: z.string().describe(`One of ${[...Object.keys(STATUS), ...Object.keys(REFUSALS)].join(', ')}`),
  hint: z.string().optional(),
  /** The hint with its operations as data, where it names any; none of a decision that only a person makes. */
  hint_parts: hintShape.optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  request_id: z.string(),
});

/** Turns anything thrown into a response. An internal error names only its code and where its log is. */
export function problemResponse(c: Context, thrown: unknown): Response {
  const requestId = c.get('requestId') as string | undefined;
  const { status, body, headers } = problemAnswer(thrown, requestId ?? '', c.req.path);
  return c.body(body, status as 400, headers);
}

/** Builds the parts of an error response; `instance` is the path of the request, undefined if it could not be read. */
export function problemAnswer(thrown: unknown, requestId: string, instance?: string) {
  const { headers, ...described } = describe(thrown);
  const problem: z.infer<typeof problemSchema> = { type: 'about:blank', ...described, instance, request_id: requestId };
  return {
    status: described.status,
    body: JSON.stringify(problem),
    headers: { ...headers, 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
  };
}

/** Bytes for each part of an error: messages of engines about a schema or query have no bound. */
const PART_BYTES = 3000;

function describe(thrown: unknown) {
  if (thrown instanceof HttpRefusal) {
    const { code, message: detail, hint, headers } = thrown;
    const [status, title] = REFUSALS[code];
    return { status, title, code, detail, hint, headers };
  }
  const error = toAbpError(thrown);
  const { code, message } = error;
  const detail = truncateMessage(message, PART_BYTES);
  const details = error.details && truncateParts(error.details, PART_BYTES);
  const whole = hintOf(error);
  const given = whole && truncate(whole, PART_BYTES);
  const title = code.replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase());
  const hint = code === 'internal' ? sentences(given, 'The cause is in logs/server.log, beside the store.') : given;
  const headers = code === 'busy' ? { 'Retry-After': '1' } : undefined;
  const hasParts = typeof error.hint === 'object' && decisionIn(error) === null && jsonBytes(error.hint) <= PART_BYTES;
  const parts = hasParts ? { hint_parts: error.hint } : {};
  return { status: STATUS[code], title, code, detail, hint, ...parts, details, headers };
}

/** Words a hint for a client: operations by their names. A decision of a person names the command that makes it. */
function hintOf(error: AbpError): string | undefined {
  const decision = decisionIn(error);
  if (decision === null) return error.hint === undefined ? undefined : hintText(error.hint);
  return `A person decides on the dashboard, or on a terminal: ${commandOf(decision, jobIn(error))}`;
}
