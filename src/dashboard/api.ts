import type { z } from 'zod';
import { HINT_FIELDS, type Hint, namesOperations } from '../domain/hint.ts';
import type { AnyOperation } from '../orchestrator/operations.ts';
import { pageWords } from './hint-words.ts';
import { pageKey } from './page-key.ts';

/** Output of an operation. */
export type Output<Name extends AnyOperation['name']> = z.output<
  Extract<AnyOperation, { readonly name: Name }>['output']
>;

/** Problem details of the server (RFC 9457). */
interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint?: string;
  readonly hint_parts?: Hint;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An error answer of the server. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor({ status, code, detail, hint, hint_parts = hint }: Problem) {
    super(detail);
    this.status = status;
    this.code = code;
    this.hint = hint_parts === undefined ? undefined : pageWords(hint_parts);
  }
}

/** Checks whether an error is an answer of the server. */
export function isRefusal(error: unknown): error is ApiError {
  return error instanceof ApiError;
}

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Sends a GET request; undefined query values are omitted. Throws ApiError. */
export function read<T>(path: string, query: Query = {}): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value].flat()) if (one !== undefined) search.append(name, String(one));
  }
  return send<T>(search.size > 0 ? `${path}?${search}` : path);
}

/** Sends a changing request with the page key. Throws ApiError. */
export function change<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body: object = {}): Promise<T> {
  const headers = { 'Content-Type': 'application/json', 'X-ABP-Page-Key': pageKey() };
  return send<T>(path, { method, headers, body: JSON.stringify(body) });
}

async function send<T>(path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(path, { ...init, headers: { Accept: 'application/json', ...init.headers } });
  if (answer.ok) return JSON.parse(await answer.text(), withParts) as T;
  const problem = (await answer.json().catch(() => null)) as Problem | null;
  throw new ApiError(
    problem ?? { status: answer.status, code: 'internal', detail: `The server answered ${answer.status}.` },
  );
}

/** Gives each hint its parts back, which this page words; the server has worded it for programs. */
function withParts(_field: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const field of HINT_FIELDS) {
    const { [`${field}_parts`]: parts, ...rest } = value as Readonly<Record<string, unknown>>;
    if (namesOperations(parts)) return { ...rest, [field]: parts };
  }
  return value;
}

/** API path of a job. */
export function jobPath(jobId: string): string {
  return `/api/jobs/${encodeURIComponent(jobId)}`;
}
