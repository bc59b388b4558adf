import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ErrorCode } from '../domain/error.ts';
import { sentences } from '../domain/sentences.ts';
import { type BriefError, briefError } from '../orchestrator/brief-error.ts';

/** The HTTP status of every error code: who has to act decides its class. */
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

/** Refusals that belong to HTTP itself and have no meaning behind this interface. */
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

/** A request that HTTP refuses before any operation sees it. */
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

/** RFC 9457 problem details, with the error code of ABP, its hint and the id of the request. */
interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance?: string;
  readonly code: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly request_id: string;
}

/** Whatever was thrown, as one answer. What is nobody's mistake but ABP's says no more than that. */
export function problemResponse(c: Context, thrown: unknown): Response {
  const requestId = c.get('requestId') as string | undefined;
  const { status, body, headers } = problemAnswer(thrown, requestId ?? '', c.req.path);
  return c.body(body, status as 400, headers);
}

/** The same before there is anything to send it with; `instance` is the path, where that is known. */
export function problemAnswer(thrown: unknown, requestId: string, instance?: string) {
  const { status, title, code, detail, hint, details, headers } = describe(thrown);
  const problem: Problem = {
    type: 'about:blank',
    title,
    status,
    detail,
    ...(instance === undefined ? {} : { instance }),
    code,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
    request_id: requestId,
  };
  return {
    status,
    body: JSON.stringify(problem),
    headers: { ...headers, 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' },
  };
}

type Described = Pick<Problem, 'status' | 'title' | 'code' | 'detail' | 'hint' | 'details'> & {
  readonly headers?: Readonly<Record<string, string>>;
};

function describe(thrown: unknown): Described {
  if (thrown instanceof HttpRefusal) {
    const [status, title] = REFUSALS[thrown.code];
    const { code, message: detail, hint, headers } = thrown;
    return { status, title, code, detail, headers, ...(hint === undefined ? {} : { hint }) };
  }
  if (thrown instanceof HTTPException) {
    return { status: thrown.status, title: 'Bad request', code: 'invalid_input', detail: thrown.message };
  }
  return describeError(briefError(thrown));
}

function describeError({ code, message, hint: said, details }: BriefError): Described {
  const hint = code === 'internal' ? sentences(said, 'The cause is in logs/server.log, beside the store.') : said;
  return {
    status: STATUS[code],
    title: code.replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase()),
    code,
    detail: message,
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
    ...(code === 'busy' ? { headers: { 'Retry-After': '1' } } : {}),
  };
}
