import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

/**
 * Sender of a request. `token`: a program, or a model that runs one; never a person. `person`: the page in which a person
 * signed in. `reader`: a session cookie without the page key; the browser sends it to every port of its host.
 */
export type Caller = 'token' | 'person' | 'reader';

/** Variables that middleware sets on the context. */
export interface HttpEnv {
  readonly Variables: { requestId: string; caller: Caller };
}

/** Ids that are safe in logs, events and headers. */
const SANE_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** Adopts a safe X-Request-Id or makes one, and returns it on every response. */
export const requestId: MiddlewareHandler<HttpEnv> = async (c, next) => {
  const given = c.req.header('X-Request-Id');
  const id = given !== undefined && SANE_ID.test(given) ? given : randomUUID();
  c.set('requestId', id);
  await next();
  c.header('X-Request-Id', id);
};
